package views

import (
	"slices"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// GroupList is what the list of groups shows.
type GroupList struct {
	By   access.Actor
	At   GroupsAt
	Rows []models.GroupHit
	// Status is that of all rows; AnyStatus where they differ. By Search, it is the search
	// that asks for it, and At's does not count.
	Status   models.Status
	BySearch bool
	// Exact is the group whose id, or conversation's id, was searched for, or nil.
	Exact *models.Group
	// Words are the words that were searched for, to be marked in the rows.
	Words []string
	// Total is how many groups match, where it is known cheaply; nil where not.
	Total *db.Count
	// Next and Previous are cursors, "" at the ends of the list.
	Next, Previous string
	// PageSize is how many rows the reader's pages have where an address doesn't say.
	PageSize int
	// Notes are sentences about the address or the search, such as parameters that were ignored.
	Notes []string
	// MembersLike is what there are also groups with a member like, or nil.
	MembersLike *models.MembersLike
	// Member is the contact of At.Member, or whose id was searched for, or nil.
	Member *models.Contact
	// None says that there are no groups at all, archived or not.
	None bool
	// Origin is the console's public address, for samples: "https://console.example".
	Origin string
	Now    Clock
}

// GroupForm is what the forms for a new group and for an edited one show.
type GroupForm struct {
	models.GroupFields
	// Was holds the values that the form was filled with. Only an edit has them.
	Was models.GroupFields
	// Key tells the form from others like it. Sent twice as it is, it is carried out once, and
	// an edit knows by it what it has saved before.
	Key string
	// Members chooses the members of a new group.
	Members  Picker
	Problems access.Invalid
	// Draft says that the values were restored from a draft kept at this time; 0 for none.
	Draft int64
	// Next is where an edit leads when it is saved; "" for the group's page.
	Next string
	Now  Clock
}

// Picker chooses people.
type Picker struct {
	// GroupID is the group whose members are marked as such, or "".
	GroupID string
	Chosen  []models.Contact
	// Find was searched for, and Found are the people found; where Searched is set.
	Find     string
	Searched bool
	Found    []models.Contact
	// Already says by id who of them is a member.
	Already map[string]bool
	Now     Clock
}

// GroupDetail is what a group's own pages show above their tabs.
type GroupDetail struct {
	models.Group
	By       access.Actor
	Messages db.Count
	// Archived by, where it is known.
	ArchivedBy string
	// Done says that something has just been done: the heading takes the focus.
	Done bool
	// List is the list of groups that the page was opened from; "" for the usual one.
	List   templ.SafeURL
	Origin string
	Now    Clock
}

// GroupMembers is what a group's Members tab shows.
type GroupMembers struct {
	GroupDetail
	At             MembersAt
	Members        []models.Contact
	Next, Previous string
	Notes          []string
	Picker         Picker
	Problems       access.Invalid
}

// GroupDelete is the question before a group is deleted.
type GroupDelete struct {
	models.Group
	By       access.Actor
	Messages db.Count
	// TypeName asks for the group's name to be typed.
	TypeName bool
	Typed    string
	// Next is where to go when it is done.
	Next     string
	Problems access.Invalid
	Now      Clock
}

// EditConflict is the choice between two values of the fields that two people changed.
type EditConflict struct {
	// Fields are the conflicting ones.
	Fields []models.FieldConflict
	// Others are the form's other fields, to be sent again: the values and what they were.
	Others []Hidden
	// Title and Action are those of the edit form; Back leaves without saving.
	Title        string
	Action, Back templ.SafeURL
	// By and At say who saved meanwhile, and when.
	By  string
	At  int64
	Now Clock
}

// paging is what a pager shows.
type paging struct {
	Next, Previous templ.SafeURL
	Sizes          []size
}

type size struct {
	N       int
	Href    templ.SafeURL
	Current bool
}

type chip struct {
	Words string
	Href  templ.SafeURL
}

// next is where a deleted row leaves the reader: at the row after it, or before,
// in the list that here leads to.
func (l *GroupList) next(i int, here Next) Next {
	return here.beside(i, len(l.Rows), func(i int) string { return l.Rows[i].ID })
}

// then is where an edit begun on the group's page leads: back to it, as it is.
func (d GroupDetail) then() templ.SafeURL { return thenBack(GroupURL(d.ID), d.List) }

// thenBack is the Next to a page that was opened from a list; "" if it says nothing more than
// the page itself.
func thenBack(page, list templ.SafeURL) templ.SafeURL {
	if list == "" {
		return ""
	}
	return templ.SafeURL(Then(page + FromList(list)))
}

// listIn is the list that next leads to a row of.
func listIn(next string) templ.SafeURL {
	list, _, _ := strings.Cut(next, "#")
	return templ.SafeURL(list)
}

// leaving is where an edit form leads that is left without saving, and what is there: next, or
// else the page of what is edited, which has a name.
func leaving(next string, page templ.SafeURL, name, section string, list templ.SafeURL) (templ.SafeURL, string) {
	path, _, _ := strings.Cut(next, "?")
	path, _, _ = strings.Cut(path, "#")
	switch path {
	case "":
		return page, name
	case string(list):
		return templ.SafeURL(next), section
	}
	return templ.SafeURL(next), name
}

func rowID(id string) string { return "row-" + id }

// openID is the link that a row begins with. An address that ends in it puts the
// focus there.
func openID(id string) string { return "open-" + id }

func (l GroupList) paging() paging {
	var p paging
	at := l.At.page()
	if l.Next != "" {
		at.After, at.Before = l.Next, ""
		p.Next = GroupsURL(at)
	}
	if l.Previous != "" {
		at.After, at.Before = "", l.Previous
		p.Previous = GroupsURL(at)
	}
	at = l.At.page()
	p.Sizes = sizes(l.At.Limit, l.PageSize, func(limit int) templ.SafeURL {
		at.Limit = limit
		return GroupsURL(at)
	})
	return p
}

// sizes are the numbers of rows to choose from. limit is the one of the list's address and
// own that of the reader's other pages, for which an address says nothing.
func sizes(limit, own int, href func(limit int) templ.SafeURL) []size {
	if own == 0 {
		own = identity.DefaultPageSize
	}
	choices := make([]size, len(identity.PageSizes))
	for i, n := range identity.PageSizes {
		limited := n
		if n == own {
			limited = 0
		}
		choices[i] = size{N: n, Href: href(limited), Current: limited == limit}
	}
	return choices
}

// chips are the filters that are on, each with the list without it.
func (l GroupList) chips() []chip {
	var chips []chip
	add := func(words string, without func(*GroupsAt)) {
		at := l.At.page()
		without(&at)
		chips = append(chips, chip{words, GroupsURL(at)})
	}
	if l.At.Q != "" {
		add("“"+text.Isolated(l.At.Q)+"”", func(at *GroupsAt) {
			at.Q = ""
			if l.BySearch && at.byArchived() {
				at.Sort = ""
			}
		})
	}
	switch l.At.Status {
	case "archived":
		add("Archived", func(at *GroupsAt) { at.Status = ""; at.Sort = "" })
	case "all":
		add("Active and archived", func(at *GroupsAt) { at.Status = "" })
	}
	if l.At.Member != "" {
		name := l.At.Member
		if l.Member != nil {
			name = l.Member.Name()
		}
		add("Member "+text.Isolated(name), func(at *GroupsAt) { at.Member = "" })
	}
	if l.At.CreatedAfter != "" {
		add("Created after "+typedDay(l.At.CreatedAfter, l.Now), func(at *GroupsAt) { at.CreatedAfter = "" })
	}
	if l.At.CreatedBefore != "" {
		add("Created before "+typedDay(l.At.CreatedBefore, l.Now), func(at *GroupsAt) { at.CreatedBefore = "" })
	}
	return chips
}

// cleared is the list without any filter.
func (l GroupList) cleared() GroupsAt { return GroupsAt{Limit: l.At.Limit} }

// activeValue is what choosing the active groups sends: nothing, for that is what an address
// means that says nothing. Beside a search for a status it is said, so that the list can tell
// that it was chosen.
func (l GroupList) activeValue() string {
	if l.BySearch {
		return "active"
	}
	return ""
}

// summary is the sentence above the list, and what is said when it changes.
func (l GroupList) summary() string {
	kind := map[models.Status][2]string{
		models.Active:    {"active group", "active groups"},
		models.Archived:  {"archived group", "archived groups"},
		models.AnyStatus: {"group", "groups"},
	}[l.Status]
	switch {
	case len(l.Rows) == 0 && l.Exact != nil:
		return "One group has this id"
	case len(l.Rows) == 0:
		return "No " + kind[1] + " found"
	case l.Total != nil:
		return total(*l.Total, kind[0], kind[1], l.Now)
	}
	return counted(len(l.Rows), kind[0], kind[1], l.Now) + " on this page"
}

// membersURL are the groups with a member like what was searched for.
func (l GroupList) membersURL() templ.SafeURL {
	return GroupsURL(GroupsAt{Q: l.MembersLike.Search(), Status: l.At.Status, Limit: l.At.Limit})
}

// membersLabel says which groups those are, and how many where that was counted.
func (l GroupList) membersLabel() string {
	label := "Groups with a member like “" + text.Isolated(l.MembersLike.Name) + "”"
	if n := l.MembersLike.Groups; n != nil {
		label += " (" + briefly(*n, l.Now) + ")"
	}
	return label
}

// days says where the days are that the list is limited by, and "" where it isn't.
func (l GroupList) days() string {
	search := models.ParseSearch(l.At.Q, nil)
	if l.At.CreatedAfter == "" && l.At.CreatedBefore == "" && search.From.IsZero() && search.To.IsZero() {
		return ""
	}
	return daysIn(l.Now)
}

func (l GroupList) title() string {
	page := Page{Title: Groups, Section: Groups}
	if l.At.Q != "" {
		page.Title = l.At.Q
	}
	return page.title()
}

func (g GroupForm) guard() string {
	if len(g.Problems) > 0 || g.Draft != 0 {
		return "dirty"
	}
	return ""
}

// FieldLabel is the name of a field, as people read it; "" where it has none.
func FieldLabel(field string) string { return capital(models.FieldLabel(field)) }

func (m GroupMembers) paging() paging {
	var p paging
	if m.Next != "" {
		p.Next = MembersURL(m.ID, MembersAt{Q: m.At.Q, After: m.Next, List: m.List})
	}
	if m.Previous != "" {
		p.Previous = MembersURL(m.ID, MembersAt{Q: m.At.Q, Before: m.Previous, List: m.List})
	}
	return p
}

func withStatus(at GroupsAt, status string) GroupsAt {
	at = at.page()
	at.Status = status
	return at
}

func noMatchTitle(l GroupList) string {
	switch {
	case l.At.Q != "":
		return "No group matches “" + text.Isolated(l.At.Q) + "”"
	case l.At.Status == "archived" && len(l.chips()) == 1:
		return "No archived groups"
	case len(l.chips()) == 0:
		return "No active groups"
	}
	return "No group matches these filters"
}

// byWhom says who did something, to those who are told.
func byWhom(name string) string {
	if name == "" {
		return ""
	}
	return " by " + text.Isolated(name)
}

// offers are the people found who are not chosen yet.
func (p Picker) offers() []models.Contact {
	var offers []models.Contact
	for _, c := range p.Found {
		if !slices.ContainsFunc(p.Chosen, func(chosen models.Contact) bool { return chosen.ID == c.ID }) {
			offers = append(offers, c)
		}
	}
	return offers
}
