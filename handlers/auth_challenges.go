package handlers

import (
	"encoding/json"
	"net/http"

	"protocol.chat/console/models/identity"
)

// setChallenge gives the browser the secret of what is half done.
func (c *Console) setChallenge(w http.ResponseWriter, kind identity.ChallengeKind, secret string) {
	c.cookies.set(w, challengeCookie(kind), secret, int(identity.ChallengeLimit.Seconds()))
}

func (c *Console) dropChallenge(w http.ResponseWriter, kind identity.ChallengeKind) {
	c.cookies.set(w, challengeCookie(kind), "", -1)
}

func challengeCookie(kind identity.ChallengeKind) string { return sessionCookie + "-" + string(kind) }

// challenge is the secret of what the browser has half done, or "". Of several the store
// knows which one is meant; the last is returned unseen.
func (c *Console) challenge(r *http.Request, kind identity.ChallengeKind) string {
	var last string
	for _, secret := range c.cookies.all(r, challengeCookie(kind)) {
		if last != "" {
			if _, err := c.store.Identity.Challenge(r.Context(), kind, last, &json.RawMessage{}); err == nil {
				break
			}
		}
		last = secret
	}
	return last
}
