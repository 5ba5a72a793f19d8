package models_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func makeToken(t *testing.T, store *models.Store, by access.Actor, n identity.NewToken) (identity.Token, string) {
	t.Helper()
	if n.Name == "" {
		n.Name = "Nightly"
	}
	if n.Scopes == nil {
		n.Scopes = access.ReadScopes()
	}
	token, secret, err := store.Identity.Tokens.CreateToken(t.Context(), by, n, nil)
	if err != nil {
		t.Fatal(err)
	}
	return token, modelstest.Keep(store, modelstest.APIToken, secret)
}

// TestATokenEndsWithItsOwner checks that the tokens of a disabled user are refused, within
// a second if another instance disabled them.
func TestATokenEndsWithItsOwner(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by, now := modelstest.Owner(t, store), time.Now()
		store.DB.Now = func() time.Time { return now }
		_, secret := makeToken(t, store, by, identity.NewToken{})
		if _, err := store.Identity.Tokens.TokenActor(t.Context(), secret, "::1"); err != nil {
			t.Fatal(err)
		}
		if err := store.Exec(t.Context(), "UPDATE users SET disabled_at = 1"); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
		if _, err := store.Identity.Tokens.TokenActor(t.Context(), secret, "::1"); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

// TestConcurrentRotations checks that as many secrets are returned as the token was rotated, and
// that the last two work.
func TestConcurrentRotations(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		token, first := makeToken(t, store, by, identity.NewToken{})
		const times = 6
		secrets := make([]string, times)
		var wg sync.WaitGroup
		for i := range times {
			wg.Go(func() {
				var err error
				if _, secrets[i], err = store.Identity.Tokens.RotateToken(t.Context(), by, token.ID, time.Hour, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		working := 0
		for _, secret := range append(secrets, first) {
			if _, err := store.Identity.Tokens.TokenActor(t.Context(), secret, "::1"); err == nil {
				working++
			}
		}
		if working != 2 {
			t.Errorf("%d secrets work", working)
		}
	})
}

func TestWhoMayRollAToken(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		owner := modelstest.Owner(t, store)
		token, secret := makeToken(t, store, owner, identity.NewToken{})
		program, err := store.Identity.Tokens.TokenActor(t.Context(), secret, "::1")
		if err != nil {
			t.Fatal(err)
		}
		for name, tc := range map[string]struct {
			by   access.Actor
			want error
		}{
			"an admin":         {somebody(t, store, "adam", access.Admin).Actor(), identity.ErrNotOwner},
			"an editor":        {somebody(t, store, "edith", access.Editor).Actor(), access.ErrNotFound},
			"the token itself": {program, access.ErrDenied},
			"a visitor":        {access.Actor{Kind: access.VisitorActor}, access.ErrDenied},
			"a command":        {access.System("test"), nil},
		} {
			if _, _, err := store.Identity.Tokens.RotateToken(t.Context(), tc.by, token.ID, 0, nil); !errors.Is(err, tc.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		made := identity.NewToken{UserID: owner.UserID, Name: "Mine", Scopes: access.ReadScopes()}
		if _, _, err := store.Identity.Tokens.CreateToken(t.Context(), program, made, nil); !errors.Is(err, access.ErrDenied) {
			t.Errorf("a token makes a token: %v", err)
		}
		admin := somebody(t, store, "eve", access.Admin).Actor()
		made.UserID = owner.UserID
		if got, _, err := store.Identity.Tokens.CreateToken(t.Context(), admin, made, nil); err == nil && got.UserID == owner.UserID {
			t.Error("an admin makes a token in the owner's name")
		}
	})
}

func TestTokenUse(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		now := time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC)
		store.DB.Now = func() time.Time { return now }
		token, _ := makeToken(t, store, by, identity.NewToken{})
		other, _ := makeToken(t, store, by, identity.NewToken{})
		use := func(n, status int) {
			for i := range n {
				store.Identity.Tokens.RecordUse(identity.TokenRequest{TokenID: token.ID, Method: "GET", Path: fmt.Sprint("/v1/groups/", i), Status: status, IP: "::1", RequestID: "x"})
			}
			if err := store.Identity.Tokens.FlushUses(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		use(250, 200) // more than are kept
		use(30, 404)
		now = now.Add(time.Hour)
		use(3, 500)
		use(0, 0)
		got, err := store.Identity.Tokens.TokenUse(t.Context(), by, token.ID)
		if err != nil || len(got.Hours) != 24 || len(got.Requests) != identity.KeptRequests {
			t.Fatalf("%d hours, %d requests, %v", len(got.Hours), len(got.Requests), err)
		}
		if last := got.Hours[23]; last.Requests != 3 || last.Errors != 3 || got.Hours[22].Requests != 280 || got.Hours[22].Errors != 30 {
			t.Errorf("the hours are %+v", got.Hours[22:])
		}
		for i, want := range []string{"/v1/groups/2", "/v1/groups/1", "/v1/groups/0", "/v1/groups/29"} {
			if got.Requests[i].Path != want {
				t.Errorf("request %d is %s, want %s", i, got.Requests[i].Path, want)
			}
		}
		if at := got.Requests[33]; at.Path != "/v1/groups/249" || at.Status != 200 {
			t.Errorf("before the errors: %+v", at)
		}
		if n, err := store.Kept(t.Context(), token.ID); n != identity.KeptRequests || err != nil {
			t.Errorf("%d are kept, %v", n, err)
		}
		if quiet, err := store.Identity.Tokens.TokenUse(t.Context(), by, other.ID); err != nil || len(quiet.Requests) != 0 {
			t.Errorf("another token was used %d times, %v", len(quiet.Requests), err)
		}
		now = now.AddDate(0, 2, 0)
		if err := errors.Join(store.PassTime(t.Context()), store.Sweep(t.Context())); err != nil {
			t.Fatal(err)
		}
	})
}

func TestConcurrentUsesAreRecorded(t *testing.T) {
	store := modelstest.Open(t, modelstest.SQLite)
	token, _ := makeToken(t, store, modelstest.Owner(t, store), identity.NewToken{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				store.Identity.Tokens.RecordUse(identity.TokenRequest{TokenID: token.ID, Method: "GET", Path: "/v1/groups", Status: 200})
			}
			if err := store.Identity.Tokens.FlushUses(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	use, err := store.Identity.Tokens.TokenUse(t.Context(), access.System("test"), token.ID)
	if err != nil || use.Hours[23].Requests+use.Hours[22].Requests != 4000 {
		t.Errorf("%d calls were counted, %v", use.Hours[23].Requests, err)
	}
}

func BenchmarkRecordUse(b *testing.B) {
	store := modelstest.Open(b, modelstest.SQLite)
	use := identity.TokenRequest{TokenID: "0123456789abcdef", Method: "GET", Path: "/v1/groups", Status: 200, IP: "203.0.113.7", RequestID: "x"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			store.Identity.Tokens.RecordUse(use)
		}
	})
}

func TestNetworks(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		" \n, ":                             "",
		"203.0.113.7":                       "203.0.113.7",
		"203.0.113.7/24,203.0.113.0/24":     "203.0.113.0/24",
		"::ffff:203.0.113.7 2001:DB8::1":    "203.0.113.7 2001:db8::1",
		"2001:db8::/32\r\n10.0.0.0/8\n":     "2001:db8::/32 10.0.0.0/8",
		"0.0.0.0/0 ::/0":                    "0.0.0.0/0 ::/0",
		"fe80::1%eth0":                      "fe80::1",
		"203.0.113.7/33":                    "!",
		"203.0.113":                         "!",
		"example.com":                       "!",
		"010.0.0.1":                         "!",
		"203.0.113.7:80":                    "!",
		"::ffff:203.0.113.0/120":            "!",
		"\xff":                              "!",
		strings.Repeat("x", 1000):           "!",
		strings.Repeat("203.0.113.7 ", 200): "203.0.113.7",
		manyAddresses():                     "!",
	} {
		got, err := access.ParseNetworks(text)
		if problems, refused := errors.AsType[access.Invalid](err); refused {
			if want != "!" || problems.For("networks") == "" || len(problems.For("networks")) > 200 {
				t.Errorf("%.40q: %v", text, err)
			}
			continue
		}
		if joined := strings.Join(got.Lines(), " "); joined != want {
			t.Errorf("%.40q is %q, want %q", text, joined, want)
		}
	}
	networks, _ := access.ParseNetworks("10.0.0.0/8 2001:db8::/32")
	for address, want := range map[string]bool{"10.9.8.7": true, "11.0.0.1": false, "2001:db8:1::5": true, "::1": false, "::ffff:10.1.1.1": false} {
		if got := networks.Contains(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func manyAddresses() string {
	var b strings.Builder
	for i := range 101 {
		fmt.Fprintf(&b, "10.0.0.%d ", i)
	}
	return b.String()
}
