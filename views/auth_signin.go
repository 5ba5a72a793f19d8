package views

import "protocol.chat/console/models/access"

// SignIn is what the sign-in page shows.
type SignIn struct {
	Email    string
	Remember bool
	// Next is where the sign-in leads.
	Next string
	// Carried are the fields of a form that was submitted after the session had ended. With the
	// sign-in they are posted to Next.
	Carried []Hidden
	// Provider is the name of the OpenID Connect provider, or "".
	Provider string
	// Ended says that the browser's session has ended.
	Ended bool
	// Passkeys says that users can sign in with a passkey.
	Passkeys bool
	// OpenAt is the page's https address if the browser opened it over http, and so doesn't keep
	// the cookie; or "".
	OpenAt string
	// Problems has one problem if the sign-in failed, which doesn't tell which field is wrong.
	Problems access.Invalid
}

// Setup is what the setup page shows.
type Setup struct {
	Code, Name, Email, Workspace string
	Problems                     access.Invalid
}
