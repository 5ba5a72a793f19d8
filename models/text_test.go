package models_test

import (
	"errors"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

func TestNamesCannotTurnText(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		refused := func(field string, err error) {
			t.Helper()
			if invalid, ok := errors.AsType[access.Invalid](err); !ok || !strings.Contains(invalid.For(field), "change the direction of text") {
				t.Errorf("%s: %v", field, err)
			}
		}
		for _, control := range "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" {
			name := "in" + string(control) + "voice"
			_, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: &name}, nil)
			refused("name", err)
			_, err = store.CreateContact(t.Context(), by, models.ContactChange{Username: new("hector"), DisplayName: &name}, nil)
			refused("display_name", err)
			_, _, err = store.Identity.Tokens.CreateToken(t.Context(), by, identity.NewToken{Name: name, Scopes: access.ReadScopes()}, nil)
			refused("name", err)
			refused("name", store.Identity.Users.UpdateProfile(t.Context(), by, identity.ProfileChange{Name: &name}))
		}
		for _, name := range []string{"שלום\u200e (3)", "\u200fمرحبا", "a\u200db"} { // marks and joiners turn nothing
			if _, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: &name}, nil); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}

// TestNamesFromBeforeTheRule edits what is called what nothing new can be called.
func TestNamesFromBeforeTheRule(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		old := "\u202egnp.exe"
		g := modelstest.Group(t, store, by, "x")
		c, err := store.CreateContact(t.Context(), by, models.ContactChange{Username: new("hector")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for table, id := range map[string]string{"groups SET name": g.ID, "contacts SET display_name": c.ID, "users SET name": by.UserID} {
			modelstest.Exec(t, store, "UPDATE "+table+" = '"+old+"' WHERE id = '"+id+"'")
		}
		g, err = store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: &old, Description: new("Found.")})
		if err != nil || g.Name != old || *g.Description != "Found." {
			t.Errorf("the group is %q, %v", g.Name, err)
		}
		c, err = store.UpdateContact(t.Context(), by, c.ID, models.ContactChange{DisplayName: &old, PhoneNumber: new("+41 44 668 18 00")})
		if err != nil || c.Name() != old || *c.PhoneNumber != "+41 44 668 18 00" {
			t.Errorf("the contact is %q, %v", c.Name(), err)
		}
		if err := store.Identity.Users.UpdateProfile(t.Context(), by, identity.ProfileChange{Name: &old, TimeZone: new("Europe/Zurich")}); err != nil {
			t.Error(err)
		}
	})
}

func TestLineBreaksAreNormalized(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: new("x"), Description: new("one\u2028two\u2029three\r\nfour")}, nil)
		if err != nil || *g.Description != "one\ntwo\nthree\nfour" {
			t.Errorf("%q, %v", *g.Description, err)
		}
		for _, name := range []string{"a\u2028b", "a\u2029b"} {
			_, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: &name}, nil)
			if invalid, ok := errors.AsType[access.Invalid](err); !ok || !strings.Contains(invalid.For("name"), "line breaks") {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}

func TestLooksLike(t *testing.T) {
	for _, c := range []struct {
		typed, name string
		want        bool
	}{
		{"Plaza Hotel", "Plaza  Hotel", true},
		{" Plaza\u00a0Hotel ", "Plaza Hotel", true},
		{"Cafe\u0301", "Café", true},
		{"zero width", "zero\u200b wid\ufeffth\u202c", true},
		{"Plaza hotel", "Plaza Hotel", false},
		{"PlazaHotel", "Plaza Hotel", false},
		{"", "\u200b", true},
		{"می\u200cخواهم", "میخواهم", false},
	} {
		if got := text.LooksLike(c.typed, c.name); got != c.want {
			t.Errorf("%q looks like %q: %t", c.typed, c.name, got)
		}
	}
}
