package models_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func TestSavedViews(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx, views := t.Context(), store.Identity.SavedViews
		admin := somebody(t, store, "admin", access.Admin).Actor()
		ada := somebody(t, store, "ada", access.Editor).Actor()
		ben := somebody(t, store, "ben", access.Auditor).Actor()
		save := func(by access.Actor, name, query string, shared bool) (identity.SavedView, error) {
			return views.Create(ctx, by, identity.ViewChange{Name: &name, Query: &query, Shared: &shared})
		}
		seen := func(by access.Actor) string {
			t.Helper()
			found, err := views.Views(ctx, by)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, v := range found {
				names = append(names, v.Name+" of "+v.OwnerName)
			}
			return strings.Join(names, ", ")
		}
		private, err := save(ada, "Mine", "q=plaza&sort=name", false)
		wants(t, "a private view", err, nil)
		shared, err := save(ada, "All hotels", "q=hotel", true)
		wants(t, "a shared view", err, nil)
		_, err = save(ben, "mine", "status=archived", false)
		wants(t, "another user's view of the same name", err, nil)
		_, err = save(ben, "Everybody's", "", true)
		wants(t, "sharing without the right", err, access.ErrDenied)
		_, err = save(ada, "MINE", "", false)
		wantsProblem(t, "the name again", err, "name")
		_, err = save(ada, " ", "", false)
		wantsProblem(t, "no name", err, "name")
		_, err = save(ada, "Long", "q="+strings.Repeat("x", 2000), false)
		wantsProblem(t, "a long query", err, "")
		if got := seen(ada); got != "All hotels of ada, Mine of ada" {
			t.Error("ada sees", got)
		}
		if got := seen(ben); got != "All hotels of ada, mine of ben" {
			t.Error("ben sees", got)
		}

		_, err = views.View(ctx, ben, private.ID)
		wants(t, "another's private view", err, access.ErrNotFound)
		_, err = views.Update(ctx, ben, shared.ID, identity.ViewChange{Name: new("Ben was here")})
		wants(t, "changing another's shared view", err, access.ErrDenied)
		wants(t, "deleting another's private view", views.Delete(ctx, admin, private.ID), access.ErrNotFound)
		_, err = views.Update(ctx, admin, shared.ID, identity.ViewChange{Name: new("Hotels")})
		wants(t, "an admin renaming a shared view", err, nil)
		_, err = views.Update(ctx, ada, shared.ID, identity.ViewChange{Name: new("Mine")})
		wantsProblem(t, "the name of another view", err, "name")

		wants(t, "pinning", views.Pin(ctx, ben, shared.ID), nil)
		wants(t, "pinning again", views.Pin(ctx, ben, shared.ID), nil)
		wants(t, "pinning another's private view", views.Pin(ctx, ben, private.ID), access.ErrNotFound)
		wants(t, "pinning what is built in", views.PinBuiltIn(ctx, ben, "empty", "Empty"), nil)
		pinned := func(by access.Actor) string {
			t.Helper()
			pins, err := views.Pins(ctx, by)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, p := range pins {
				names = append(names, p.View+"="+p.Name+"?"+p.Query+strconv.FormatBool(p.Saved))
			}
			slices.Sort(names)
			return strings.Join(names, " ")
		}
		if got := pinned(ben); got != shared.ID+"=Hotels?q=hoteltrue empty=?false" {
			t.Error("ben's menu:", got)
		}
		if by, err := views.PinnedBy(ctx, ada, shared.ID); err != nil || !slices.Equal(by, []string{"ben"}) {
			t.Error("pinned by", by, err)
		}
		_, err = views.Update(ctx, ada, shared.ID, identity.ViewChange{Shared: new(false)})
		wants(t, "sharing no more", err, nil)
		if got := pinned(ben); got != "empty=?false" {
			t.Error("ben's menu without the shared view:", got)
		}
		wants(t, "unpinning", views.Unpin(ctx, ben, "empty", "Empty"), nil)
		wants(t, "unpinning again", views.Unpin(ctx, ben, "empty", "Empty"), nil)
		wants(t, "pinning one's own", views.Pin(ctx, ada, private.ID), nil)
		wants(t, "deleting one's own", views.Delete(ctx, ada, private.ID), nil)
		if got := pinned(ben) + pinned(ada); got != "" {
			t.Error("what is unpinned or deleted is still in a menu:", got)
		}
		for action, want := range map[audit.Action]int{
			identity.CreatedView: 3, identity.UpdatedView: 2, identity.DeletedView: 1, identity.PinnedView: 3, identity.UnpinnedView: 1,
		} {
			if got := len(lines(t, store, action)); got != want {
				t.Errorf("%d lines of %s, want %d", got, action, want)
			}
		}
	})
}

// A user can't save views without end, nor fill the menu.
func TestSavedViewsAreLimited(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx, views := t.Context(), store.Identity.SavedViews
		ada := somebody(t, store, "ada", access.Editor).Actor()
		for i := range identity.MaxViews {
			v, err := views.Create(ctx, ada, identity.ViewChange{Name: new("View " + strconv.Itoa(i))})
			wants(t, "saving", err, nil)
			if i < identity.MaxPins {
				wants(t, "pinning", views.Pin(ctx, ada, v.ID), nil)
			}
		}
		_, err := views.Create(ctx, ada, identity.ViewChange{Name: new("One more")})
		wantsProblem(t, "one view too many", err, "name")
		wants(t, "one pin too many", views.PinBuiltIn(ctx, ada, "empty", "Empty"), access.ErrConflict)
	})
}

// wantsProblem fails the test if err is not a problem with a field.
func wantsProblem(t *testing.T, what string, err error, field string) {
	t.Helper()
	var problems access.Invalid
	if !errors.As(err, &problems) || problems[0].Field != field {
		t.Errorf("%s: got %v, want a problem with %q", what, err, field)
	}
}
