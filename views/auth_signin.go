package views

import "protocol.chat/console/models/access"

// SignIn is what the sign-in page shows.
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

// Setup is what the setup page shows.
type Setup struct {
	Code, Name, Email, Workspace string
	Problems                     access.Invalid
}
