package api

import (
	"net/http"

	"protocol.chat/console/models/access"
)

// version is the version of the API, as its description has it and as paths begin.
const version = "1"

// meCalls are the calls about the caller.
type meCalls struct{ *api }

// meObject is what a token is told of itself.
type meObject struct {
	User  meUser  `json:"user"`
	Token meToken `json:"token"`
	// Rights are the token's scopes as far as the user has them.
	Rights access.Scopes `json:"rights"`
	// RateLimit is nil if there is none.
	RateLimit  *meRateLimit `json:"rate_limit"`
	APIVersion string       `json:"api_version"`
}

type meUser struct {
	ID   string      `json:"id"`
	Name string      `json:"name"`
	Role access.Role `json:"role"`
}

type meToken struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Hint      string        `json:"hint"`
	Scopes    access.Scopes `json:"scopes"`
	Networks  []string      `json:"networks"`
	CreatedAt int64         `json:"created_at"`
	ExpiresAt *int64        `json:"expires_at"`
}

// meRateLimit is what the RateLimit headers say.
type meRateLimit struct {
	Limit         int `json:"limit"`
	WindowSeconds int `json:"window_seconds"`
	Remaining     int `json:"remaining"`
	ResetSeconds  int `json:"reset_seconds"`
}

// show has no ETag: what is left of the rate limit is another with each call.
func (a meCalls) show(r *http.Request, by access.Actor) (result, error) {
	t, err := a.Store.Identity.Tokens.TokenOf(r.Context(), by)
	if err != nil {
		return result{}, err
	}
	me := meObject{
		User:   meUser{t.UserID, t.UserName, by.Role},
		Token:  meToken{t.ID, t.Name, t.Hint, t.Scopes, append([]string{}, t.Networks.Lines()...), t.CreatedAt, t.ExpiresAt},
		Rights: access.Scopes{}, APIVersion: version,
	}
	for _, right := range t.Scopes {
		if by.May(right) {
			me.Rights = append(me.Rights, right)
		}
	}
	if a.tokens != nil {
		_, window := a.tokens.state(0)
		remaining, reset := a.tokens.state(a.tokens.left(by.ID, a.Store.DB.Now()))
		me.RateLimit = &meRateLimit{a.tokens.burst, window, remaining, reset}
	}
	return result{status: http.StatusOK, body: me}, nil
}
