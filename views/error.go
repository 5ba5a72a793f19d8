package views

import "protocol.chat/console/models"

// Failure is what an error page shows.
type Failure struct {
	Status int
	// Title is what happened, in a few words; Sentence says what to do.
	Title, Sentence string
	RequestID       string
	// Grave is set where the page was that of a deleted group.
	Grave *models.Tombstone
	// Visitor says that nobody is signed in.
	Visitor bool
	// Search offers the search box: the reader is signed in and the page was not found.
	Search bool
	// Roles leads to who may do what.
	Roles bool
	// Retry is the address to try again, or "".
	Retry string
	// Resend are the fields of a form that can be sent to Retry again as it was.
	Resend []Hidden
	// Typed are the texts of a form that can't be sent again, by their labels.
	Typed []Hidden
	Now   Clock
}

// ErrorDoc documents an error code of the API.
type ErrorDoc struct {
	Code   string
	Status int
	// Title says in a few words when the API answers so, Text what to do then.
	Title, Text string
	// Others are the other codes.
	Others []string
}
