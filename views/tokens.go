package views

import "protocol.chat/console/models"

// TokenForm is what the form for a new token shows.
type TokenForm struct {
	// Key keeps a second submit of the same form from making a second token.
	Key  string
	Name string
	// Scope is "read" or "write".
	Scope string
	// Expires is one of TokenExpiries.
	Expires  string
	Problems models.Invalid
}

// TokenExpiries are the values of the form's field: days, and "never".
var TokenExpiries = []string{"30", "90", "365", "never"}

// TokenMade is a new token with its secret, shown this once.
type TokenMade struct {
	models.Token
	Secret string
	Origin string
	Now    Clock
}

func expiryLabel(value string) string {
	if value == "never" {
		return "Never"
	}
	if value == "365" {
		return "In a year"
	}
	return "In " + value + " days"
}

func scopeLabel(s models.Scopes) string {
	if s.Short() == "read" {
		return "Read"
	}
	return "Read and write"
}

func curlToken(origin, secret string) string {
	return "curl " + origin + "/v1/groups -H \"Authorization: Bearer " + secret + "\""
}

// usedFrom ends the sentence that says when a token was last used.
func usedFrom(t models.Token) string {
	if t.LastUsedIP == nil {
		return "."
	}
	return " from " + *t.LastUsedIP + "."
}
