package views

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// BulkForm is what the page before a change of many groups shows.
type BulkForm struct {
	Action models.BulkAction
	// At is the list whose groups are all meant, unless there are IDs.
	At  GroupsAt
	IDs []string
	// List is the list that the page was opened from; "" for the default.
	List templ.SafeURL
	models.Preview
	// Hold is for how long a deletion can be undone; 0 for not at all.
	Hold time.Duration
	// AtOnce says that the change is made at once, and not by a job.
	AtOnce bool
	// Members are the contacts to add or remove.
	Members Picker
	// Description is what the description is set to, or what is appended to it: DescriptionDo
	// is "", "set" or "append". AvatarURL is set if AvatarDo is "set".
	Description, DescriptionDo, AvatarURL, AvatarDo string
	Note                                            string
	// Typed is the number of groups that was typed to confirm deleting them.
	Typed    string
	Key      string
	Problems access.Invalid
	Now      Clock
}

// BulkURL returns the address of a change of many groups. Deleting has one of its own.
func BulkURL(action models.BulkAction) templ.SafeURL {
	if action == models.BulkDelete {
		return "/groups/bulk/delete"
	}
	return "/groups/bulk"
}

// url returns the address that the form is sent to.
func (f BulkForm) url() templ.SafeURL {
	if f.IDs != nil {
		return BulkURL(f.Action) + FromList(f.List)
	}
	return withParams(BulkURL(f.Action), "q", f.At.Q, "status", f.At.Status, "member", f.At.Member,
		"created_after", f.At.CreatedAfter, "created_before", f.At.CreatedBefore, "select", "all")
}

// Back returns the list of groups that the page was opened from.
func (f BulkForm) Back() templ.SafeURL {
	switch {
	case f.IDs == nil:
		return GroupsURL(f.At.page())
	case f.List != "":
		return f.List
	}
	return GroupsURL(GroupsAt{})
}

// bulkVerbs are the actions, up to the number of groups.
var bulkVerbs = map[models.BulkAction]string{
	models.BulkArchive:        "Archive ",
	models.BulkRestore:        "Restore ",
	models.BulkDelete:         "Delete ",
	models.BulkAddContacts:    "Add members to ",
	models.BulkRemoveContacts: "Remove members from ",
	models.BulkUpdate:         "Edit ",
}

// Title returns what the form does: "Archive 912 groups".
func (f BulkForm) Title() string {
	return bulkVerbs[f.Action] + lowerFirst(total(f.ToChange, "group", "groups", f.Now))
}

// number is the number of groups to type.
func (f BulkForm) number() string { return strconv.Itoa(f.ToChange.N) }

// consequence returns what happens, and whether it can be undone.
func (f BulkForm) consequence() string {
	switch {
	case f.Action == models.BulkDelete:
		return deletes("the groups and their conversations", f.Hold)
	case f.AtOnce:
		return "You can undo this later. Groups changed in the meantime are skipped."
	}
	return "This runs in the background. You can cancel it at any time, and undo it for 30 days. Groups changed in the meantime are skipped."
}

// bulkButton is a button of the bar below the list of groups.
type bulkButton struct {
	action       models.BulkAction
	label, image string
	key          string
}

// bulkButtons returns the buttons for what the reader may do with the groups of the list.
func (l GroupList) bulkButtons() []bulkButton {
	var buttons []bulkButton
	for _, b := range []bulkButton{
		{models.BulkArchive, "Archive", "archive", "y"},
		{models.BulkRestore, "Restore", "archive-restore", "y"},
		{models.BulkAddContacts, "Add members…", "user-plus", ""},
		{models.BulkRemoveContacts, "Remove members…", "user-minus", ""},
		{models.BulkUpdate, "Edit…", "pencil", "e"},
		{models.BulkDelete, "Delete…", "trash", "#"},
	} {
		fits := b.action != models.BulkArchive && b.action != models.BulkRestore ||
			l.Status == models.AnyStatus || (l.Status == models.Active) == (b.action == models.BulkArchive)
		if fits && l.By.May(b.action.Right()) {
			buttons = append(buttons, b)
		}
	}
	return buttons
}

// selects reports whether groups can be selected in the list.
func (l GroupList) selects() bool { return len(l.bulkButtons()) > 0 }

// allSelected returns the list with all that match selected.
func (l GroupList) allSelected() GroupsAt {
	at := l.At
	at.Select = true
	return at
}

// noneSelected returns the list with nothing selected.
func (l GroupList) noneSelected() GroupsAt {
	at := l.At
	at.Select = false
	return at
}

// matching returns how many groups match, in the middle of a sentence: "all 912", "all".
func (l GroupList) matching() string {
	if l.Total == nil {
		return "all"
	}
	return "all " + quantity(*l.Total, l.Now)
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
