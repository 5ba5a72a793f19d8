package models_test

import (
	"errors"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func TestPreferences(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ada := somebody(t, store, "ada", access.Editor)
		secret := signIn(t, store, ada)
		reads := func() identity.User {
			t.Helper()
			session, err := store.Identity.Sessions.Session(t.Context(), secret)
			if err != nil {
				t.Fatal(err)
			}
			return session.User
		}
		if u := reads(); u.Rows() != identity.DefaultPageSize || u.Locale != identity.DayFirst || u.Shortcuts != identity.ShortcutsOn {
			t.Errorf("somebody new has %d rows, %q and %q", u.Rows(), u.Locale, u.Shortcuts)
		}
		change := identity.ProfileChange{PageSize: new(50), Locale: new(identity.Dotted), Shortcuts: new(identity.ShortcutsOff)}
		for range 2 { // the second time nothing changes, and nothing is said
			if err := store.Identity.Users.UpdateProfile(t.Context(), ada.Actor(), change); err != nil {
				t.Fatal(err)
			}
		}
		if u := reads(); u.Rows() != 50 || u.Locale != identity.Dotted || u.Shortcuts != identity.ShortcutsOff {
			t.Errorf("after the change: %d rows, %q and %q", u.Rows(), u.Locale, u.Shortcuts)
		}
		said := lines(t, store, identity.UpdatedProfile)
		if len(said) != 1 {
			t.Fatalf("%d lines", len(said))
		}
		for _, words := range []string{
			`"page_size":{"before":"25","after":"50"}`, `"locale":{"before":"day-first","after":"dotted"}`, `"shortcuts":{"before":"on","after":"off"}`,
		} {
			if !strings.Contains(said[0].Changes, words) {
				t.Errorf("the line lacks %s: %s", words, said[0].Changes)
			}
		}
		if err := store.Identity.Users.UpdateProfile(t.Context(), ada.Actor(), identity.ProfileChange{Name: new("Ada L.")}); err != nil || reads().Rows() != 50 {
			t.Errorf("a change of the name alone: %d rows, %v", reads().Rows(), err)
		}

		var problems access.Invalid
		err := store.Identity.Users.UpdateProfile(t.Context(), ada.Actor(), identity.ProfileChange{
			PageSize: new(0), Locale: new(identity.Locale("klingon")), Shortcuts: new(identity.Shortcuts("maybe")),
		})
		if !errors.As(err, &problems) || problems.For("page_size") == "" || problems.For("locale") == "" || problems.For("shortcuts") == "" {
			t.Errorf("what can't be chosen: %v", err)
		}
	})
}
