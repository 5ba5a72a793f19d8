package views

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// BulkForm is what the page before a change of many groups or contacts shows.
type BulkForm struct {
	Action models.BulkAction
	BulkSet
	models.Figures
	// Sample are some of the objects to change.
	Sample []BulkItem
	// Ending is how many memberships would end, if that is said.
	Ending db.Count
	// Hold is for how long a deletion can be undone; 0 for not at all.
	Hold time.Duration
	// AtOnce says that the change is made at once, and not by a job.
	AtOnce bool
	// Members are the contacts to add or remove, and Groups those to add to.
	Members Picker
	Groups  GroupPicker
	// Description is what the description is set to, or what is appended to it: DescriptionDo
	// is "", "set" or "append". AvatarURL is set if AvatarDo is "set".
	Description, DescriptionDo, AvatarURL, AvatarDo string
	Note                                            string
	// Typed is the number of objects that was typed to confirm deleting them.
	Typed    string
	Key      string
	Problems access.Invalid
	By       access.Actor
	Now      Clock
}

// BulkSet is the objects that a bulk change is about, and the list that they were chosen in.
type BulkSet struct {
	// IDs are those that were selected; nil means all of the list.
	IDs []string
	// URL is the address that the form is sent to, and Back that of the list, which is called
	// Section.
	URL, Back templ.SafeURL
	Section   string
	// Export is the form that exports them, or "".
	Export templ.SafeURL
	// Group is the one whose members are meant, or nil.
	Group *models.Group
}

// BulkItem is one of the objects of a bulk change.
type BulkItem struct {
	Name string
	URL  templ.SafeURL
	// Round says that it is a contact.
	Round bool
}

// BulkGroups returns groups as items.
func BulkGroups(groups []models.Group) []BulkItem {
	items := make([]BulkItem, len(groups))
	for i, g := range groups {
		items[i] = BulkItem{Name: g.Name, URL: GroupURL(g.ID)}
	}
	return items
}

// BulkContacts returns contacts as items.
func BulkContacts(contacts []models.Contact) []BulkItem {
	items := make([]BulkItem, len(contacts))
	for i, c := range contacts {
		items[i] = BulkItem{Name: c.Name(), URL: ContactURL(c.ID), Round: true}
	}
	return items
}

// bulkURL returns the address of a bulk change in a folder. Deleting has one of its own.
func bulkURL(folder templ.SafeURL, action models.BulkAction) templ.SafeURL {
	if !action.Reversible() {
		return folder + "/bulk/delete"
	}
	return folder + "/bulk"
}

// BulkURL returns the address of a change of many groups.
func BulkURL(action models.BulkAction) templ.SafeURL { return bulkURL("/groups", action) }

// BulkContactsURL returns the address of a change of many contacts.
func BulkContactsURL(action models.BulkAction) templ.SafeURL { return bulkURL("/contacts", action) }

// BulkMembersURL returns the address of a change of many members of a group.
func BulkMembersURL(id string) templ.SafeURL { return pathTo("/groups/", id, "/members/bulk", "") }

// GroupSet returns the groups with the ids, which were selected in a list; or if there are
// none, all groups of the list at an address.
func GroupSet(action models.BulkAction, ids []string, list templ.SafeURL, at GroupsAt) BulkSet {
	s := BulkSet{IDs: ids, Section: Groups}
	if ids == nil {
		s.URL, s.Back, s.Export = withHidden(BulkURL(action), at.filters()), GroupsURL(at.page()), ExportGroupsURL(at)
		return s
	}
	s.Export = ExportGroupsURL(GroupsAt{})
	s.URL, s.Back = BulkURL(action)+FromList(list), orElse(list, GroupsURL(GroupsAt{}))
	return s
}

// ContactSet is GroupSet for contacts.
func ContactSet(action models.BulkAction, ids []string, list templ.SafeURL, at ContactsAt) BulkSet {
	s := BulkSet{IDs: ids, Section: Contacts}
	if ids == nil {
		s.URL, s.Back, s.Export = withHidden(BulkContactsURL(action), at.filters()), ContactsURL(at.page()), ExportContactsURL(at)
		return s
	}
	s.Export = ExportContactsURL(ContactsAt{})
	s.URL, s.Back = BulkContactsURL(action)+FromList(list), orElse(list, ContactsURL(ContactsAt{}))
	return s
}

// MemberSet is GroupSet for members of a group.
func MemberSet(g models.Group, ids []string, at MembersAt) BulkSet {
	s := BulkSet{IDs: ids, Section: g.Name, Group: &g, Back: MembersURL(g.ID, at.page())}
	if ids == nil {
		s.URL = withHidden(BulkMembersURL(g.ID), at.filters())
		return s
	}
	s.URL = withParams(BulkMembersURL(g.ID), "q", at.Q, "sort", at.Sort, "list", string(at.List))
	return s
}

func orElse(list, usual templ.SafeURL) templ.SafeURL {
	if list == "" {
		return usual
	}
	return list
}

// withHidden returns an address with the parameters of a form.
func withHidden(path templ.SafeURL, fields []Hidden) templ.SafeURL {
	var parameters []string
	for _, f := range fields {
		parameters = append(parameters, f.Name, f.Value)
	}
	return withParams(path, parameters...)
}

// filters returns what a form sends so that it is about all groups of the list.
func (at GroupsAt) filters() []Hidden {
	return []Hidden{
		{"select", "all"},
		{"q", at.Q},
		{"status", at.Status},
		{"member", at.Member},
		{"created_after", at.CreatedAfter},
		{"created_before", at.CreatedBefore},
	}
}

func (at ContactsAt) filters() []Hidden {
	return []Hidden{{"select", "all"}, {"q", at.Q}, {"sort", at.Sort}}
}

func (at MembersAt) filters() []Hidden {
	return []Hidden{{"select", "all"}, {"q", at.Q}, {"sort", at.Sort}, {"list", string(at.List)}}
}

// bulkVerbs are the actions, up to the number of objects, and bulkTails what follows it.
var (
	bulkVerbs = map[models.BulkAction]string{
		models.BulkArchive:          "Archive ",
		models.BulkRestore:          "Restore ",
		models.BulkDelete:           "Delete ",
		models.BulkAddContacts:      "Add members to ",
		models.BulkRemoveContacts:   "Remove members from ",
		models.BulkUpdate:           "Edit ",
		models.BulkDeleteContacts:   "Delete ",
		models.BulkAddToGroups:      "Add ",
		models.BulkRemoveFromGroups: "Remove ",
	}
	bulkTails = map[models.BulkAction]string{
		models.BulkAddToGroups:      " to groups",
		models.BulkRemoveFromGroups: " from all groups",
	}
)

// Title returns what the form does: "Archive 912 groups".
func (f BulkForm) Title() string {
	if f.Group != nil {
		return f.titled(" from " + text.Isolated(f.Group.Name))
	}
	return f.titled(bulkTails[f.Action])
}

// Heading returns the title, as a question if there is nothing left to fill in but a note.
func (f BulkForm) Heading() string {
	switch f.Action {
	case models.BulkAddContacts, models.BulkRemoveContacts, models.BulkUpdate, models.BulkAddToGroups:
		return f.Title()
	}
	return f.Title() + "?"
}

// button returns what the form's button says: its title, without a name that may be wider than
// a screen.
func (f BulkForm) button() string {
	if f.Group != nil {
		return f.titled(" from group")
	}
	return f.Title()
}

func (f BulkForm) titled(tail string) string {
	one, many := f.noun()
	return bulkVerbs[f.Action] + lowerFirst(total(f.ToChange, one, many, f.Now)) + tail
}

// noun returns what the objects are called.
func (f BulkForm) noun() (one, many string) {
	if f.Group != nil {
		return "member", "members"
	}
	return bulkNoun(f.Action.Kind())
}

// bulkNoun returns what the objects of a kind of jobs are called.
func bulkNoun(kind string) (one, many string) {
	if strings.HasPrefix(kind, "contacts.") {
		return "contact", "contacts"
	}
	return "group", "groups"
}

// many returns what several of the objects are called.
func (f BulkForm) many() string {
	_, many := f.noun()
	return many
}

// listed returns what the list is called that the objects were chosen in.
func (f BulkForm) listed() string {
	if f.Group != nil {
		return "members"
	}
	return f.Section
}

// ends reports whether to say how many memberships would end: not if each of the objects is
// one.
func (f BulkForm) ends() bool {
	return f.Action == models.BulkDeleteContacts || f.Action == models.BulkRemoveFromGroups && f.Group == nil
}

// deliveries returns how many events are sent to webhooks: "912", "up to 3 per group".
func (f BulkForm) deliveries() string {
	n := quantity(f.Events.Sent, f.Now)
	if f.Events.AtMost && f.Events.Sent.Exact() {
		n = "up to " + n
	}
	if f.Action == models.BulkAddToGroups && len(f.Groups.Chosen) == 0 {
		n += " per group"
	}
	return n
}

// SelectFirst returns the message if nothing was selected.
func (f BulkForm) SelectFirst() string {
	one, _ := f.noun()
	return "Select at least one " + one + " first."
}

// sampled returns the heading of the sample.
func (f BulkForm) sampled() string {
	switch {
	case f.ToChange.Exact() && f.ToChange.N <= len(f.Sample):
		return "These " + f.many()
	case f.Group != nil:
		return "The first " + thousands(len(f.Sample), f.Now) + " of these members"
	}
	return "The " + thousands(len(f.Sample), f.Now) + " newest of these " + f.many()
}

// number is the number of objects to type.
func (f BulkForm) number() string { return strconv.Itoa(f.ToChange.N) }

// consequence returns what happens, and whether it can be undone.
func (f BulkForm) consequence() string {
	switch {
	case f.Action == models.BulkDelete:
		return deletes("the groups and their conversations", f.Hold)
	case f.Action == models.BulkDeleteContacts:
		return "This permanently deletes the contacts and their conversations, and removes them from their groups. Messages they sent in groups are kept. You can't undo this."
	case f.AtOnce:
		return "You can undo this for 30 days."
	}
	return "This runs in the background. You can cancel it at any time and undo it for 30 days. " + capitalize(f.many()) + " that change in the meantime are skipped."
}

// bulkBar is what the bar below a list shows: the actions on the selected rows.
type bulkBar struct {
	// Label says what is selected: "Selected groups".
	Label string
	// All says that all that match are selected, which Matching are: "all 912".
	All      bool
	Matching string
	// SelectAll selects all that match, "" if these are all on the page, and Clear none.
	SelectAll, Clear templ.SafeURL
	// Filters say which all are.
	Filters []Hidden
	// From is the list that the rows are on, as FromList returns it.
	From templ.SafeURL
	// First is the button that is always seen; on narrow screens a menu has the others.
	First *bulkButton
	More  []bulkButton
	// Export is the form that exports what is selected, or "".
	Export templ.SafeURL
	// Merge is the form that merges the two that are selected, or "".
	Merge templ.SafeURL
}

// bulkButton is a button of the bar.
type bulkButton struct {
	action       models.BulkAction
	label, image string
	key          string
	url          templ.SafeURL
}

// add adds those of the buttons that the reader may use.
func (b *bulkBar) add(by access.Actor, buttons ...bulkButton) {
	for _, button := range buttons {
		switch {
		case !by.May(button.action.Right()):
		case b.First == nil:
			b.First = &button
		default:
			b.More = append(b.More, button)
		}
	}
}

// empty reports whether the reader can do nothing with selected rows.
func (b bulkBar) empty() bool { return b.First == nil }

func (l GroupList) bulk() bulkBar {
	all, none := l.At, l.At
	all.Select, none.Select = true, false
	b := bulkBar{
		Label: "Selected groups", All: l.At.Select, Matching: matchingRows(l.Total, l.Now), Clear: GroupsURL(none),
		Filters: l.At.filters(), From: FromList(GroupsURL(l.At)),
	}
	if l.Next != "" || l.Previous != "" {
		b.SelectAll = GroupsURL(all)
	}
	var status []bulkButton
	if l.Status != models.Archived {
		status = append(status, bulkButton{models.BulkArchive, "Archive", "archive", "y", BulkURL(models.BulkArchive)})
	}
	if l.Status != models.Active {
		status = append(status, bulkButton{models.BulkRestore, "Restore", "archive-restore", "y", BulkURL(models.BulkRestore)})
	}
	b.add(l.By, append(status,
		bulkButton{models.BulkAddContacts, "Add members…", "user-plus", "", BulkURL(models.BulkAddContacts)},
		bulkButton{models.BulkRemoveContacts, "Remove members…", "user-minus", "", BulkURL(models.BulkRemoveContacts)},
		bulkButton{models.BulkUpdate, "Edit…", "pencil", "e", BulkURL(models.BulkUpdate)},
		bulkButton{models.BulkDelete, "Delete…", "trash", "#", BulkURL(models.BulkDelete)},
	)...)
	if l.By.May(access.Export) {
		b.Export = ExportGroupsURL(l.At)
	}
	return b
}

func (l ContactList) bulk() bulkBar {
	all, none := l.At, l.At
	all.Select, none.Select = true, false
	b := bulkBar{
		Label: "Selected contacts", All: l.At.Select, Matching: matchingRows(l.Total, l.Now), Clear: ContactsURL(none),
		Filters: l.At.filters(), From: FromList(ContactsURL(l.At)),
	}
	if l.Next != "" || l.Previous != "" {
		b.SelectAll = ContactsURL(all)
	}
	b.add(l.By,
		bulkButton{models.BulkAddToGroups, "Add to groups…", "user-plus", "", BulkContactsURL(models.BulkAddToGroups)},
		bulkButton{models.BulkRemoveFromGroups, "Remove from all groups…", "user-minus", "", BulkContactsURL(models.BulkRemoveFromGroups)},
		bulkButton{models.BulkDeleteContacts, "Delete…", "trash", "#", BulkContactsURL(models.BulkDeleteContacts)},
	)
	if l.By.May(access.Export) {
		b.Export = ExportContactsURL(l.At)
	}
	if mayMerge(l.By) && !l.At.Select {
		b.Merge = MergeContactsURL()
	}
	return b
}

func (m GroupMembers) bulk() bulkBar {
	all, none := m.At, m.At
	all.Select, none.Select = true, false
	b := bulkBar{
		Label: "Selected members", All: m.At.Select, Matching: m.matching(), Clear: MembersURL(m.ID, none),
		Filters: m.At.filters(),
	}
	if m.Next != "" || m.Previous != "" {
		b.SelectAll = MembersURL(m.ID, all)
	}
	if m.By.May(access.Export) {
		b.Export = ExportMembersURL(m.ID, m.At)
	}
	b.add(m.By, bulkButton{models.BulkRemoveFromGroups, "Remove from group…", "user-minus", "#", MemberSet(m.Group, []string{}, m.At).URL})
	return b
}

// matching returns how many members match, in the middle of a sentence.
func (m GroupMembers) matching() string {
	if m.At.Q == "" {
		return "all " + thousands(m.ContactsCount, m.Now)
	}
	return matchingRows(m.Total, m.Now)
}

// matchingRows returns how many rows match, in the middle of a sentence: "all 912", "all".
func matchingRows(total *db.Count, now Clock) string {
	if total == nil {
		return "all"
	}
	return "all " + quantity(*total, now)
}

// quantity returns a count without a noun: "912", "about 12,300", "10,000+".
func quantity(c db.Count, now Clock) string {
	if c.About {
		return "about " + roughly(c.N, now)
	}
	return briefly(c, now)
}

// lowerFirst returns words for the middle of a sentence.
func lowerFirst(words string) string {
	if words == "" {
		return ""
	}
	return strings.ToLower(words[:1]) + words[1:]
}
