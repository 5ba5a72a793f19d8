package models

import (
	"slices"
	"strings"

	"protocol.chat/console/models/access"
)

// BulkAction is what a bulk change does to each group or contact. It is also the kind of its
// jobs, object.verb, and is stored.
type BulkAction string

// The bulk actions.
const (
	BulkArchive        BulkAction = "groups.archive"
	BulkRestore        BulkAction = "groups.restore"
	BulkDelete         BulkAction = "groups.delete"
	BulkAddContacts    BulkAction = "groups.add_contacts"
	BulkRemoveContacts BulkAction = "groups.remove_contacts"
	BulkUpdate         BulkAction = "groups.update"

	BulkDeleteContacts   BulkAction = "contacts.delete"
	BulkAddToGroups      BulkAction = "contacts.add_to_groups"
	BulkRemoveFromGroups BulkAction = "contacts.remove_from_groups"
)

// GroupActions are all bulk actions on groups, and ContactActions those on contacts.
var (
	GroupActions   = []BulkAction{BulkArchive, BulkRestore, BulkDelete, BulkAddContacts, BulkRemoveContacts, BulkUpdate}
	ContactActions = []BulkAction{BulkDeleteContacts, BulkAddToGroups, BulkRemoveFromGroups}
)

// UndoKind is the kind of the jobs that undo changes of groups, and UndoContactsKind of those
// that undo changes of contacts.
const (
	UndoKind         = "groups.undo"
	UndoContactsKind = "contacts.undo"
)

// Kind returns the kind of the action's jobs.
func (a BulkAction) Kind() string { return string(a) }

// Name returns the action's name among those on the same objects: "archive".
func (a BulkAction) Name() string {
	_, name, _ := strings.Cut(string(a), ".")
	return name
}

// OfContacts reports whether the action is one on contacts.
func (a BulkAction) OfContacts() bool { return slices.Contains(ContactActions, a) }

func (a BulkAction) known() bool { return slices.Contains(GroupActions, a) || a.OfContacts() }

// Reversible reports whether the action can be undone.
func (a BulkAction) Reversible() bool { return a != BulkDelete && a != BulkDeleteContacts }

// Right returns the right that the action takes.
func (a BulkAction) Right() access.Right {
	switch a {
	case BulkArchive, BulkRestore:
		return access.ArchiveGroups
	case BulkDelete:
		return access.DeleteGroups
	case BulkAddContacts, BulkRemoveContacts, BulkAddToGroups, BulkRemoveFromGroups:
		return access.EditMembers
	case BulkDeleteContacts:
		return access.DeleteContacts
	}
	return access.EditGroups
}

// undoKind returns the kind of the jobs that undo the action.
func (a BulkAction) undoKind() string {
	if a.OfContacts() {
		return UndoContactsKind
	}
	return UndoKind
}

// unknown refuses an action that is none of those.
func (a BulkAction) unknown(actions []BulkAction) access.Invalid {
	names := make([]string, len(actions))
	for i, known := range actions {
		names[i] = known.Name()
	}
	return access.Refused("action", "The action must be one of %s.", strings.Join(names, ", "))
}

// MaxBulkIDs is how many groups or contacts a bulk change can name, and MaxAtOnce how many
// RunBulkNow changes.
const (
	MaxBulkIDs = 10_000
	MaxAtOnce  = 100
)

// Why a group or contact was skipped or failed, as stable codes.
const (
	AlreadyArchived    = "already_archived"
	NotArchived        = "not_archived"
	ChangedMeanwhile   = "changed_meanwhile"
	GoneMeanwhile      = "deleted"
	NothingToChange    = "unchanged"
	DescriptionTooLong = "description_too_long"
	// AlreadyMember and NotMember are about a contact in all, or none, of the groups.
	AlreadyMember = "already_member"
	NotMember     = "not_member"
	// TooManyGroups fails a contact who is in more groups than one transaction changes.
	TooManyGroups = "too_many_groups"
	// GroupsGone: the groups that contacts were to be added to were deleted.
	GroupsGone = "groups_deleted"
	// PartlyUndone comes with what was not undone.
	PartlyUndone = "partly_undone"
)

// table returns the table of what the action changes.
func (a BulkAction) table() string {
	if a.OfContacts() {
		return "contacts"
	}
	return "groups"
}
