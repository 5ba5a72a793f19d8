package views

import (
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

// SignIn is what the page for signing in shows.
type SignIn struct {
	Email    string
	Remember bool
	// Next is the address to go to afterwards.
	Next string
	// Carried are fields of a form that was sent by somebody who was no longer
	// signed in. They go to Next, by POST, with the sign-in.
	Carried []Hidden
	// Provider is the service that one can sign in with as well, or "".
	Provider string
	// Ended says that the browser was signed in, and that this has come to an end.
	Ended bool
	// Passkeys says that one can sign in with a passkey.
	Passkeys bool
	// OpenAt is the page's address over https, where the browser opened it over http and so
	// keeps no sign-in; or "".
	OpenAt string
	// Problems has one sentence where the sign-in was refused. It is about both fields, of
	// which none is told to be the wrong one.
	Problems access.Invalid
}

// Setup is what the first page shows.
type Setup struct {
	Code, Name, Email, Workspace string
	Problems                     access.Invalid
}

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
