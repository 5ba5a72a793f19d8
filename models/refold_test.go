package models_test

import (
	"fmt"
	"slices"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// TestMigrationUpdatesSearchKeys starts with keys as an earlier release wrote them.
func TestMigrationUpdatesSearchKeys(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		const many = 600 // more than one piece
		for i := range many {
			modelstest.Group(t, store, by, fmt.Sprintf("産品会議室 %d", i))
		}
		anna := modelstest.Contact(t, store, by, "anna")
		if _, err := store.UpdateContact(t.Context(), by, anna.ID, models.ContactChange{DisplayName: ptr("Łucja"), PhoneNumber: ptr("+١٢٣")}); err != nil {
			t.Fatal(err)
		}
		lodz := modelstest.Group(t, store, by, "Łódź", anna)
		modelstest.Group(t, store, by, "Lodz")
		right, err := store.Strings(t.Context(), keysStored)
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{
			"UPDATE groups SET search = '  産品会議室', name_key = '産品会議室' WHERE name LIKE '産品%'",
			"UPDATE groups SET search = '  łodz', name_key = 'łodz' WHERE name = 'Łódź'",
			"UPDATE contacts SET search = '  anna  łucja  ١٢٣', name_key = 'łucja'",
			"DELETE FROM settings WHERE key = 'fold'",
		} {
			if err := store.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		if got := names(t, store, models.GroupQuery{Search: models.ParseSearch("lodz", nil)}); !slices.Equal(got, []string{"Lodz"}) {
			t.Fatalf("before: %q", got)
		}
		for range 2 { // the second time finds it done
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if is, err := store.Strings(t.Context(), keysStored); err != nil || !slices.Equal(is, right) {
			t.Errorf("the keys are not those of new rows: %v", err)
		}
		if got := names(t, store, models.GroupQuery{Search: models.ParseSearch("lodz", nil)}); !slices.Equal(got, []string{"Lodz", "Łódź"}) {
			t.Errorf("lodz: %q", got)
		}
		if n, err := store.CountGroups(t.Context(), models.GroupQuery{Search: models.ParseSearch("会議", nil)}); err != nil || n.N != many {
			t.Errorf("会議: %+v, %v", n, err)
		}
		if got := names(t, store, models.GroupQuery{Search: models.ParseSearch("member:123", nil)}); !slices.Equal(got, []string{"Łódź"}) {
			t.Errorf("member:123: %q", got)
		}
		if g, err := store.Group(t.Context(), lodz.ID); err != nil || g.UpdatedAt != lodz.UpdatedAt {
			t.Errorf("the group seems edited: %+v, %v", g, err)
		}
	})
}

const keysStored = "SELECT search || '|' || name_key FROM groups UNION ALL SELECT search || '|' || name_key FROM contacts ORDER BY 1"
