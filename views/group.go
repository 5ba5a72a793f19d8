package views

import (
	"strconv"
	"strings"
	"time"

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
	// Status is the status of the rows, or AnyStatus. If Search has a status, it overrides At's.
	Status models.Status
	// Search is what was searched for; its Words are highlighted.
	Search models.Search
	// Exact is the group whose ID, or conversation ID, was searched for, or nil.
	Exact *models.Group
	// Total is how many groups match; nil if that is expensive to count.
	Total *db.Count
	// Active and Archived are how many groups there are, if the list has no other filter; or
	// nil.
	Active, Archived *db.Count
	// First is the number of the first row in the list; 0 if that is not known.
	First int
	// Next and Previous are cursors, "" at the ends of the list.
	Next, Previous string
	// Creators are who created the groups, by their IDs, if a column shows them.
	Creators map[string]access.ActorRef
	// Columns are the reader's own, for addresses without any.
	Columns identity.Columns
	// PageSize is the reader's page size, for addresses without a limit.
	PageSize int
	// Notes are remarks on the address or the search, such as ignored parameters.
	Notes []string
	// MembersLike is a search for members that also matches groups, or nil.
	MembersLike *models.MembersLike
	// Member is the contact of At.Member, or with the ID that was searched for, or nil.
	Member *models.Contact
	// None says that there are no groups at all.
	None bool
	Live Live
	// Origin is the console's public URL, for examples: "https://console.example".
	Origin string
	Now    Clock
}

// GroupForm is what the forms for new and edited groups show.
type GroupForm struct {
	models.GroupFields
	// Was has the values from before an edit.
	Was models.GroupFields
	// Key is the form's idempotency key. By it, an edit also knows what it has saved before.
	Key string
	// Members selects the members of a new group.
	Members  Picker
	Problems access.Invalid
	// Draft is when the restored draft was saved; 0 for none.
	Draft int64
	// CopyOf is the group that a new one begins as a copy of, or nil.
	CopyOf *models.Group
	// Namesake is an active group with the name of the new one, or nil.
	Namesake *models.Namesake
	// Next is where saving an edit leads; "" for the group's page.
	Next string
	// Others have opened the form of the same group.
	Others []identity.Opener
	Live   Live
	Now    Clock
}

// copiedMembers ends the sentence that says what the form is a copy of.
func (g GroupForm) copiedMembers() string {
	switch n := g.CopyOf.ContactsCount; {
	case n == 0:
		return "."
	case n > models.ShownContacts:
		return ". Its " + thousands(n, g.Now) + " members aren't copied, as there are more than " + strconv.Itoa(models.ShownContacts) + "."
	}
	return ", with its members."
}

// GroupDetail is what a group's own pages show above their tabs.
type GroupDetail struct {
	models.Group
	By       access.Actor
	Messages db.Count
	// ArchivedBy is a name, or "" if it isn't known.
	ArchivedBy string
	Plan       models.GroupPlan
	// Creator is who created the group, for the overview; the zero ActorRef if no one knows.
	Creator access.ActorRef
	// Days are how many messages each of the last days has, today last; nil without messages.
	Days []db.Count
	// MembersByDay are how many members there were at the end of each of the last days, today last; nil
	// if that isn't known.
	MembersByDay []int
	// Before and After are the groups beside it in the list, which is the one at From.
	Before, After *models.Group
	From          GroupsAt
	// Done says that an action led here: the heading takes the focus.
	Done bool
	// List is the list that the page was opened from; "" for the default.
	List   templ.SafeURL
	Origin string
	Live   Live
	Now    Clock
}

// GroupMembers is what a group's Members tab shows.
type GroupMembers struct {
	GroupDetail
	At      MembersAt
	Members []models.Contact
	// Total is how many members a search finds, if that was counted.
	Total          *db.Count
	Next, Previous string
	Notes          []string
	Picker         Picker
	Problems       access.Invalid
}

// GroupDelete is what the confirmation before deleting a group shows.
type GroupDelete struct {
	models.Group
	By       access.Actor
	Messages db.Count
	// TypeName requires typing the group's name.
	TypeName bool
	Typed    string
	// Hold is for how long the deletion can be undone; 0 for not at all.
	Hold time.Duration
	// Next is where deleting leads.
	Next     string
	Problems access.Invalid
	Now      Clock
}

// EditConflict is the choice between two versions of the fields that two users changed.
type EditConflict struct {
	// Fields are the conflicting ones.
	Fields []models.FieldConflict
	// Others are the form's other fields, with their values before and after.
	Others []Hidden
	// Title and Action are those of the edit form; Back leaves without saving.
	Title        string
	Action, Back templ.SafeURL
	// By and At are who saved the other version, and when.
	By  string
	At  int64
	Now Clock
}

// then returns where an edit that was started on the page leads: back to it.
func (d GroupDetail) then() templ.SafeURL { return returnTo(GroupURL(d.ID), d.List) }

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
		p.First = GroupsURL(l.At.page())
	}
	at = l.At.page()
	if l.Next != "" {
		at.Last = true
		p.Last = GroupsURL(at)
	}
	at = l.At.page()
	p.Sizes = sizes(l.At.Limit, l.PageSize, func(limit int) templ.SafeURL {
		at.Limit = limit
		return GroupsURL(at)
	})
	return p
}

// chips returns the active filters, each with a link to the list without it.
func (l GroupList) chips() []chip {
	var chips []chip
	add := func(words string, without func(*GroupsAt)) {
		at := l.At.page()
		without(&at)
		chips = append(chips, chip{words, GroupsURL(at)})
	}
	chips = append(chips, l.searchChips()...)
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

// cleared returns the list without any filter.
func (l GroupList) cleared() GroupsAt { return GroupsAt{Limit: l.At.Limit, Cols: l.At.Cols} }

// position says which rows of the list the page has: "1–25 of 18,018"; "" if that isn't known.
func (l GroupList) position() string {
	if l.First == 0 || l.Total == nil {
		return ""
	}
	of := briefly(*l.Total, l.Now)
	if l.Total.About {
		of = "about " + roughly(l.Total.N, l.Now)
	}
	return thousands(l.First, l.Now) + "–" + thousands(l.First+len(l.Rows)-1, l.Now) + " of " + of
}

// jumpTo returns what is typed to go to a place in the list: the type of the input, and what it is
// called.
func (l GroupList) jumpTo() (kind, label string) {
	switch strings.TrimPrefix(l.At.Sort, "-") {
	case "name":
		return "text", "letters"
	case "contacts_count":
		return "number", "number"
	}
	return "date", "date"
}

// tabCount returns the number beside a choice of status, or "".
func (l GroupList) tabCount(status models.Status) string {
	n := map[models.Status]*db.Count{models.Active: l.Active, models.Archived: l.Archived}[status]
	if n == nil {
		return ""
	}
	return tally(*n, l.Now)
}

// countedAbove reports whether the tabs say how many groups are listed.
func (l GroupList) countedAbove() bool {
	return l.At.OnlyStatus() && l.tabCount(l.Status) != ""
}

// activeValue returns the value of the choice "Active": none, as addresses without a status mean
// active groups. With a status in the search it is explicit, so that the list can tell that it was
// chosen.
func (l GroupList) activeValue() string {
	if l.Search.Status != "" {
		return "active"
	}
	return ""
}

// summary returns the sentence above the list, which screen readers announce after the list has
// changed.
func (l GroupList) summary() string {
	kind := map[models.Status][2]string{
		models.Active:    {"active group", "active groups"},
		models.Archived:  {"archived group", "archived groups"},
		models.AnyStatus: {"group", "groups"},
	}[l.Status]
	switch {
	case len(l.Rows) == 0 && l.Exact != nil:
		return "One group has this ID"
	case len(l.Rows) == 0:
		return "No " + kind[1] + " found"
	case l.Total != nil:
		return total(*l.Total, kind[0], kind[1], l.Now)
	}
	return counted(len(l.Rows), kind[0], kind[1], l.Now) + " on this page"
}

// membersURL returns the list of groups with a matching member.
func (l GroupList) membersURL() templ.SafeURL {
	return GroupsURL(GroupsAt{Q: l.MembersLike.Search(), Status: l.At.Status, Limit: l.At.Limit})
}

// membersLabel returns the label of the link to those groups, with their number if it was counted.
func (l GroupList) membersLabel() string {
	label := "Groups with a member matching “" + text.Isolated(l.MembersLike.Name) + "”"
	if n := l.MembersLike.Groups; n != nil {
		label += " (" + briefly(*n, l.Now) + ")"
	}
	return label
}

// days returns the time zone of the days that the list is filtered by, or "" if it isn't.
func (l GroupList) days() string {
	if l.At.CreatedAfter == "" && l.At.CreatedBefore == "" && l.Search.Limits.Created.IsZero() {
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
	if len(g.Problems) > 0 || g.Draft != 0 || g.Namesake != nil {
		return "dirty"
	}
	return ""
}

// FieldLabel returns the label of a field, or "" if it has none.
func FieldLabel(field string) string { return capitalize(models.FieldLabel(field)) }

// summary returns how many members the list has, for the line above it.
func (m GroupMembers) summary() string {
	switch {
	case m.At.Q == "":
		return counted(m.ContactsCount, "member", "members", m.Now)
	case m.Total != nil:
		return total(*m.Total, "member", "members", m.Now) + matching(m.At.Q)
	}
	return counted(len(m.Members), "member", "members", m.Now) + " on this page"
}

func (m GroupMembers) paging() paging {
	var p paging
	if m.Next != "" {
		at := m.At.page()
		at.After = m.Next
		p.Next = MembersURL(m.ID, at)
	}
	if m.Previous != "" {
		at := m.At.page()
		at.Before = m.Previous
		p.Previous = MembersURL(m.ID, at)
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
		return "No groups match “" + text.Isolated(l.At.Q) + "”"
	case l.At.Status == "archived" && len(l.chips()) == 1:
		return "No archived groups"
	case len(l.chips()) == 0:
		return "No active groups"
	}
	return "No groups match these filters"
}

// byWhom returns " by" and a name, or "" if the reader may not see who it was.
func byWhom(name string) string {
	if name == "" {
		return ""
	}
	return " by " + text.Isolated(name)
}

// live returns the attributes by which the list hears of changes. A search or a filter may leave new
// groups out, and so may another page of the list than the first.
func (l *GroupList) live() templ.OrderedAttributes {
	noun := ""
	if l.At.filtered() {
		noun = "groups"
	}
	return l.Live.list(l.At.After == "" && l.At.Before == "" && !l.At.Last, noun)
}
