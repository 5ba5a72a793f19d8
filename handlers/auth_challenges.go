package handlers

import (
	"encoding/json"
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/identity"
)

// challenges are steps that a browser has begun and not finished, such as a sign-in that waits for
// the second factor. The browser keeps a secret of each in a cookie.
type challenges struct {
	store   *models.Store
	cookies cookies
}

// set gives the browser the secret of a challenge.
func (c challenges) set(w http.ResponseWriter, kind identity.ChallengeKind, secret string) {
	c.cookies.set(w, challengeCookie(kind), secret, int(identity.ChallengeLimit.Seconds()))
}

func (c challenges) drop(w http.ResponseWriter, kind identity.ChallengeKind) {
	c.cookies.set(w, challengeCookie(kind), "", -1)
}

func challengeCookie(kind identity.ChallengeKind) string { return sessionCookie + "-" + string(kind) }

// current returns the secret of the browser's challenge, or "". If the browser has several, the
// store knows which one is meant; the last one is returned unchecked.
func (c challenges) current(r *http.Request, kind identity.ChallengeKind) string {
	var last string
	for _, secret := range c.cookies.all(r, challengeCookie(kind)) {
		if last != "" {
			if _, err := c.store.Identity.Attempts.Challenge(r.Context(), kind, last, &json.RawMessage{}); err == nil {
				break
			}
		}
		last = secret
	}
	return last
}
