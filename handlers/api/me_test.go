package api_test

import (
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

type me struct {
	User  struct{ ID, Name, Role string }
	Token struct {
		ID, Name, Hint string
		Scopes         []string
		Networks       []string
		ExpiresAt      *int64 `json:"expires_at"`
	}
	Rights     []string
	RateLimit  *struct{ Limit, Remaining int } `json:"rate_limit"`
	APIVersion string                          `json:"api_version"`
}

func TestATokenLearnsWhoseItIs(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		u, err := s.store.Identity.Users.CreateUser(t.Context(), access.System("test"), identity.NewUser{
			Email: "mo@example.com", Name: "Mo", Role: access.Moderator, Password: modelstest.OwnerPassword,
		})
		if err != nil {
			t.Fatal(err)
		}
		networks, err := access.ParseNetworks("203.0.113.0/24 192.0.2.0/24")
		if err != nil {
			t.Fatal(err)
		}
		in := s.store.DB.Now().Unix() + 3600
		token := s.newToken(t, identity.NewToken{
			UserID: u.ID, Name: "Sync", Scopes: access.Scopes{access.Export, access.EditMembers}, Networks: networks, ExpiresAt: &in,
		})
		got := decode[me](t, s.call(t, "GET /v1/me", bearer(token)).want(t, 200))
		if got.User.ID != u.ID || got.User.Name != "Mo" || got.User.Role != "moderator" || got.APIVersion != "1" {
			t.Errorf("whose token it is: %+v", got)
		}
		if got.Token.Name != "Sync" || !strings.HasSuffix(token, got.Token.Hint[len(got.Token.Hint)-4:]) || *got.Token.ExpiresAt != in || len(got.Token.Networks) != 2 {
			t.Errorf("the token: %+v", got.Token)
		}
		if !slices.Equal(got.Token.Scopes, []string{"members.edit", "data.export"}) || !slices.Equal(got.Rights, []string{"members.edit"}) {
			t.Errorf("scopes %v, and rights %v", got.Token.Scopes, got.Rights)
		}
		if got.RateLimit != nil {
			t.Errorf("without a limit: %+v", got.RateLimit)
		}
	})
	s, _ := limited(t, 6000)
	got := decode[me](t, s.call(t, "GET /v1/me").want(t, 200))
	if got.RateLimit == nil || got.RateLimit.Limit != 600 || got.RateLimit.Remaining != 599 {
		t.Errorf("the limit: %+v", got.RateLimit)
	}
}
