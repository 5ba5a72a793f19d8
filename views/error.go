package views

import "protocol.chat/console/models"

// Failure is what an error page shows.
type Failure struct {
	Status int
	// Title is what happened, in a few words; Sentence is what to do.
	Title, Sentence string
	RequestID       string
	// Tombstone is set if the page was that of a deleted group.
	Tombstone *models.Tombstone
	// Merged is set if the page was that of a contact that was merged into another, or erased.
	Merged *models.ContactTombstone
	// Undelete says that the reader may undo the group's deletion.
	Undelete bool
	// Visitor says that the reader isn't signed in.
	Visitor bool
	// Search shows the search box.
	Search bool
	// Roles shows a link to the roles and permissions.
	Roles bool
	// Retry is the address of "Try again", or "".
	Retry string
	// Resend are the fields of a form that can be submitted to Retry again.
	Resend []Hidden
	// Typed are the texts of a form that can't be submitted again, with their labels.
	Typed []Hidden
	Now   Clock
}

// ErrorDoc documents an error code of the API.
type ErrorDoc struct {
	Code   string
	Status int
	// Title is the cause in a few words, and Text what to do about it.
	Title, Text string
	// Others are the other codes.
	Others []string
}
