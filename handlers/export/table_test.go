package export_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
)

// TestEveryFieldIsExported, in the place that its column has.
func TestEveryFieldIsExported(t *testing.T) {
	inPlace(t, export.GroupColumns, export.GroupRow(named[models.Group]()), models.GroupFields{}.Inputs())
	inPlace(t, export.ContactColumns, export.ContactRow(named[models.Contact]()), models.ContactFields{}.Inputs())
}

func inPlace(t *testing.T, columns []string, row []any, fields []models.Input) {
	t.Helper()
	if len(row) != len(columns) {
		t.Fatalf("%d values in %d columns", len(row), len(columns))
	}
	for _, field := range fields {
		at := slices.Index(columns, field.Name)
		if at < 0 {
			t.Errorf("%s has no column", field.Name)
			continue
		}
		if got := reflect.Indirect(reflect.ValueOf(row[at])).String(); !strings.EqualFold(got, strings.ReplaceAll(field.Name, "_", "")) {
			t.Errorf("%s has the value of %s", field.Name, got)
		}
	}
}

// named returns a T whose texts are the names of their fields.
func named[T any]() (made T) {
	v := reflect.ValueOf(&made).Elem()
	for i := range v.NumField() {
		switch name := v.Type().Field(i).Name; v.Field(i).Interface().(type) {
		case string:
			v.Field(i).SetString(name)
		case *string:
			v.Field(i).Set(reflect.ValueOf(&name))
		}
	}
	return made
}
