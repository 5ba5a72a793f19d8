package models_test

import (
	"reflect"
	"slices"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
)

// fieldValue returns a value that the field takes.
func fieldValue(name string) string {
	if name == "avatar_url" {
		return "https://example.com/1"
	}
	return "a1"
}

func fieldPointer(name string) *string { return new(fieldValue(name)) }

// TestEveryFieldIsInItsTable checks that every field of the table is stored, read, logged
// and reverted, and that every other column is known not to be a field.
func TestEveryFieldIsInItsTable(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		made, err := store.CreateGroup(t.Context(), by, models.NewGroupChange(fieldPointer), nil)
		if err != nil {
			t.Fatal(err)
		}
		inLine(t, newest(t, store), made.Fields().Inputs())
		g, err := store.Group(t.Context(), made.ID)
		if want := models.NewGroupFields(fieldValue); err != nil || g.Fields() != want {
			t.Errorf("%+v, want %+v, %v", g.Fields(), want, err)
		}
		allNamed(t, g.Fields(), g.Fields().Inputs())
		onlyColumns(t, store, "groups", g.Fields().Inputs(), "id", "seq", "name_key", "conversation_id", "contacts_count", "search", "symbols", "created_at", "updated_at",
			"archived_at", "archived_by_kind", "archived_by_id", "archived_by_name",
			"created_by_kind", "created_by_id", "created_by_name", "last_active_at", "same_name")

		c, err := store.CreateContact(t.Context(), by, models.NewContactChange(fieldPointer), nil)
		if err != nil {
			t.Fatal(err)
		}
		inLine(t, newest(t, store), c.Fields().Inputs())
		c, err = store.Contact(t.Context(), c.ID)
		if want := models.NewContactFields(fieldValue); err != nil || c.Fields() != want {
			t.Errorf("%+v, want %+v, %v", c.Fields(), want, err)
		}
		allNamed(t, c.Fields(), c.Fields().Inputs())
		onlyColumns(t, store, "contacts", c.Fields().Inputs(), "id", "seq", "username_key", "name_key", "conversation_id", "search", "symbols", "last_active_at", "created_at", "updated_at")

		putBackEach(t, store, by, g, c)
	})
}

// inLine checks that an audit line has every field, and that each has a label.
func inLine(t *testing.T, l audit.Line, inputs []models.Input) {
	t.Helper()
	for _, i := range inputs {
		if got := l.After(i.Name); got != i.Value || models.FieldLabel(i.Name) == "" {
			t.Errorf("%s is %q in the line, want %q; label %q", i.Name, got, i.Value, models.FieldLabel(i.Name))
		}
	}
}

// allNamed checks that every value of a form has a name.
func allNamed(t *testing.T, form any, inputs []models.Input) {
	t.Helper()
	if n := reflect.TypeOf(form).NumField(); n != len(inputs) {
		t.Errorf("%T has %d fields, its table %d", form, n, len(inputs))
	}
}

// onlyColumns checks that a table has no columns but the fields and others.
func onlyColumns(t *testing.T, store *models.Store, table string, inputs []models.Input, others ...string) {
	t.Helper()
	columns, err := store.Columns(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range columns {
		if !slices.Contains(others, column) && !slices.ContainsFunc(inputs, func(i models.Input) bool { return i.Name == column }) {
			t.Errorf("%s.%s is no field", table, column)
		}
	}
}

// putBackEach changes every field and puts all of them back.
func putBackEach(t *testing.T, store *models.Store, by access.Actor, g models.Group, c models.Contact) {
	t.Helper()
	other := func(name string) *string { return new(fieldValue(name) + "2") }
	if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.NewGroupChange(other)); err != nil {
		t.Fatal(err)
	}
	putBack(t, store, by, newest(t, store).ID)
	if _, err := store.UpdateContact(t.Context(), by, c.ID, models.NewContactChange(other)); err != nil {
		t.Fatal(err)
	}
	putBack(t, store, by, newest(t, store).ID)
	if now, err := store.Group(t.Context(), g.ID); err != nil || now.Fields() != g.Fields() {
		t.Errorf("%+v, want %+v, %v", now.Fields(), g.Fields(), err)
	}
	if now, err := store.Contact(t.Context(), c.ID); err != nil || now.Fields() != c.Fields() {
		t.Errorf("%+v, want %+v, %v", now.Fields(), c.Fields(), err)
	}
}

// TestEveryFieldHasItsPlaceInTheActivity: what has none comes after all others.
func TestEveryFieldHasItsPlaceInTheActivity(t *testing.T) {
	for _, name := range models.FieldNames() {
		line := audit.Line{}
		changes := map[string]audit.Change{name: {Before: nil, After: "x"}, " ": {Before: nil, After: "x"}}
		if err := line.SetChanges(changes); err != nil {
			t.Fatal(err)
		}
		if fields := line.Fields(); fields[0].Name != name {
			t.Errorf("%s has no place in fieldOrder", name)
		}
	}
}
