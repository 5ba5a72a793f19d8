package views

import "github.com/a-h/templ"

// TokensAt is a page of the list of tokens, as its address has it.
type TokensAt struct {
	// Whose is "" for all tokens that the reader may see, or "own".
	Whose string
	// User is the ID of the tokens' owner, or "" for any.
	User string
	// After and Before are cursors; at most one is given.
	After, Before string
}

// The addresses of tokens.

func TokensURL() templ.SafeURL { return "/settings/tokens" }

// TokensAtURL returns the address of a page of the list of tokens.
func TokensAtURL(at TokensAt) templ.SafeURL {
	return withParams(TokensURL(), "whose", at.Whose, "user", at.User, "after", at.After, "before", at.Before)
}

func NewTokenURL() templ.SafeURL             { return "/settings/tokens/new" }
func TokenURL(id string) templ.SafeURL       { return pathTo("/settings/tokens/", id, "", "") }
func RotateTokenURL(id string) templ.SafeURL { return pathTo("/settings/tokens/", id, "/rotate", "") }

func RevokeTokenURL(id string) templ.SafeURL { return pathTo("/settings/tokens/", id, "/revoke", "") }

// EndOldSecretURL returns the address that revokes the secret from before a token was rotated.
func EndOldSecretURL(id string) templ.SafeURL {
	return pathTo("/settings/tokens/", id, "/end-old-secret", "")
}
