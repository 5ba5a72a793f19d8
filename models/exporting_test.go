package models_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// TestExportsAreOfOneMoment creates, renames and deletes groups while they are exported, in
// every order.
func TestExportsAreOfOneMoment(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		sampleGroups(t, store, 1100) // more than two pages
		for _, sort := range []models.GroupSort{models.ByCreated, models.ByName, models.ByMembers} {
			before, err := store.CountGroups(t.Context(), models.GroupQuery{})
			if err != nil {
				t.Fatal(err)
			}
			var names, ids []string
			err = store.Exports.ExportGroups(t.Context(), by, models.GroupQuery{Sort: sort}, models.Export{Format: "csv"}, func(g models.Group, _ []string) error {
				if len(ids) == 0 {
					if l := newest(t, store); l.Action != audit.ExportedGroups || fieldIn(l, "count").After.Text != fmt.Sprint(before.N) {
						t.Errorf("before the first group, the log says %+v", l)
					}
				}
				if len(ids)%400 == 0 {
					modelstest.Group(t, store, by, "Later")
					rename(t, store, by, g.ID, "Zzz")
				}
				names, ids = append(names, g.Name), append(ids, g.ID)
				return nil
			})
			slices.Sort(ids)
			if err != nil || len(ids) != before.N || len(slices.Compact(ids)) != before.N {
				t.Errorf("by %s: %d of %d groups, %v", sort, len(ids), before.N, err)
			}
			if sort == models.ByCreated && (slices.Contains(names, "Later") || slices.Contains(names, "Zzz")) {
				t.Error("the export has what came after its beginning")
			}
		}
	})
}

func rename(t *testing.T, store *models.Store, by access.Actor, id, name string) {
	t.Helper()
	if _, err := store.UpdateGroup(t.Context(), by, id, models.GroupChange{Name: &name}); err != nil {
		t.Fatal(err)
	}
}

func TestExportsHaveTheirList(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		contacts := modelstest.Contacts(t, store, by, 3)
		plaza := modelstest.Group(t, store, by, "Plaza Hotel", contacts...)
		modelstest.Group(t, store, by, "Plaza Bar", contacts[0])
		old := modelstest.Group(t, store, by, "Old Plaza")
		if _, err := store.ArchiveGroup(t.Context(), by, old.ID, 0); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			query models.GroupQuery
			want  string
		}{
			{models.GroupQuery{}, "Old Plaza, Plaza Bar 1, Plaza Hotel 3"},
			{models.GroupQuery{Status: models.Active, Sort: models.ByName}, "Plaza Bar 1, Plaza Hotel 3"},
			{models.GroupQuery{Search: models.ParseSearch("plaza -bar", nil)}, "Old Plaza, Plaza Hotel 3"},
			{models.GroupQuery{Contact: contacts[1].ID}, "Plaza Hotel 3"},
			{models.GroupQuery{Search: models.ParseSearch(plaza.ID, nil)}, "Plaza Hotel 3"},
			{models.GroupQuery{Search: models.ParseSearch("nothing", nil)}, ""},
		} {
			var got []string
			err := store.Exports.ExportGroups(t.Context(), by, c.query, models.Export{Format: "csv", MemberIDs: true}, func(g models.Group, members []string) error {
				name := g.Name
				if len(members) > 0 {
					name += fmt.Sprintf(" %d", len(members))
				}
				got = append(got, name)
				return nil
			})
			if s := strings.Join(got, ", "); err != nil || s != c.want {
				t.Errorf("%+v exports %q, want %q: %v", c.query, s, c.want, err)
			}
			if n := fieldIn(newest(t, store), "count").After.Text; n != fmt.Sprint(len(got)) {
				t.Errorf("the log has a count of %s for %d groups", n, len(got))
			}
		}
		if err := store.DeleteContact(t.Context(), by, contacts[0].ID, nil); err != nil {
			t.Fatal(err)
		}
		err := store.Exports.ExportGroups(t.Context(), by, models.GroupQuery{Status: models.Active}, models.Export{Format: "csv", MemberIDs: true}, func(_ models.Group, members []string) error {
			if slices.Contains(members, contacts[0].ID) {
				t.Errorf("a deleted contact is among %v", members)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		var members []string
		err = store.Exports.ExportMembers(t.Context(), by, models.MemberQuery{Group: plaza.ID, Text: contacts[2].Username}, models.Export{Format: "csv"}, func(c models.Contact) error {
			members = append(members, c.ID)
			return nil
		})
		if l := newest(t, store); err != nil || !slices.Equal(members, []string{contacts[2].ID}) || l.Action != audit.ExportedMembers || l.ObjectID != plaza.ID {
			t.Errorf("exported %v, %v, and the log says %+v", members, err, l)
		}
		if err := store.Exports.ExportMembers(t.Context(), by, models.MemberQuery{Group: "0000000000000000"}, models.Export{}, nil); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("no group: %v", err)
		}
	})
}

// TestSelectedMembersAreThoseOfTheGroup: an id of somebody else exports nobody.
func TestSelectedMembersAreThoseOfTheGroup(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		contacts := modelstest.Contacts(t, store, by, 3)
		g := modelstest.Group(t, store, by, "Plaza Hotel", contacts[0], contacts[1])
		var got []string
		selected := models.Export{Format: "csv", IDs: []string{contacts[1].ID, contacts[2].ID}}
		err := store.Exports.ExportMembers(t.Context(), by, models.MemberQuery{Group: g.ID}, selected, func(c models.Contact) error {
			got = append(got, c.ID)
			return nil
		})
		if n := fieldIn(newest(t, store), "count").After.Text; err != nil || !slices.Equal(got, []string{contacts[1].ID}) || n != "1" {
			t.Errorf("exported %v, and the line says %s: %v", got, n, err)
		}
	})
}

// TestTheLineOfAnExportNamesItsFilters: all of them, also those that only the API has.
func TestTheLineOfAnExportNamesItsFilters(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		at := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
		p := models.Period{From: at, To: at.AddDate(0, 1, 0)}
		query := models.GroupQuery{Text: "plaza", Limits: models.Limits{
			Created: p, Archived: p, Updated: p, Active: p, MinMembers: 2, MaxMembers: new(9), Described: new(true), Avatar: new(false),
			Name: "Plaza Hotel", Creator: "olivia", Duplicate: true, Exempt: new(true), Scheduled: true,
		}}
		err := store.Exports.ExportGroups(t.Context(), by, query, models.Export{Format: "ndjson"}, func(models.Group, []string) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		got, want := map[string]string{}, map[string]string{
			"format": "ndjson", "count": "0", "q": "plaza", "status": "archived", "contacts_min": "2", "contacts_max": "9", "described": "true",
			"with_avatar": "false", "name": "Plaza Hotel", "created_by": "olivia", "same_name": "true", "exempt": "true", "scheduled": "true",
		}
		for _, time := range []string{"created", "archived", "updated", "active"} {
			want[time+"_after"], want[time+"_before"] = "2026-01-31T00:00:00Z", "2026-03-03T00:00:00Z"
		}
		for _, f := range newest(t, store).Fields() {
			got[f.Name] = f.After.Text
		}
		if !maps.Equal(got, want) {
			t.Errorf("the line says %v, want %v", got, want)
		}
	})
}

// TestExportsTakeRights: who may not export, or not see, exports nothing, and no line says
// that they did. What the caller returns ends the export.
func TestExportsTakeRights(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		before := newest(t, store).ID
		for _, role := range []access.Role{access.Editor, access.Moderator, ""} {
			other := access.Actor{Kind: access.UserActor, ID: "x", Name: "Eve", Role: role}
			for name, err := range map[string]error{
				"groups":   store.Exports.ExportGroups(t.Context(), other, models.GroupQuery{}, models.Export{}, nil),
				"contacts": store.Exports.ExportContacts(t.Context(), other, models.ContactQuery{}, models.Export{}, nil),
				"members":  store.Exports.ExportMembers(t.Context(), other, models.MemberQuery{Group: g.ID}, models.Export{}, nil),
				"group":    store.Exports.ExportGroup(t.Context(), other, g.ID, "json", models.Parts{}),
			} {
				if !errors.Is(err, access.ErrDenied) {
					t.Errorf("%s exports %s: %v", role, name, err)
				}
			}
		}
		if newest(t, store).ID != before {
			t.Errorf("the log says %+v", newest(t, store))
		}
		full := errors.New("the disk is full")
		err := store.Exports.ExportGroups(t.Context(), by, models.GroupQuery{}, models.Export{}, func(models.Group, []string) error { return full })
		if err != full {
			t.Errorf("an error of the caller's became %v", err)
		}
	})
}

// TestExportsLeaveConnections: two exports that nobody reads stop neither others, nor jobs
// and checks, which take long reads too.
func TestExportsLeaveConnections(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		err := store.DB.Snapshot(t.Context(), func(db.Reader) error {
			return store.DB.Snapshot(t.Context(), func(db.Reader) error {
				if err := store.DB.Snapshot(t.Context(), nil); !errors.Is(err, access.ErrConflict) {
					t.Errorf("a third export: %v", err)
				}
				_, err := db.Collect(store.DB.ReadLong(t.Context()), "SELECT 1", false, nil, db.OneColumn[int])
				return err
			})
		})
		if err != nil {
			t.Error(err)
		}
		if err := store.DB.Snapshot(t.Context(), func(db.Reader) error { return nil }); err != nil {
			t.Errorf("after them: %v", err)
		}
	})
}
