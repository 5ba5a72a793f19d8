package audit

import (
	"encoding/json"
	"slices"
	"strings"
)

// ChangedField is one field that an act changed, with its values.
type ChangedField struct {
	// Name is that of the API: "avatar_url".
	Name          string
	Before, After FieldValue
}

// FieldValue is a field's value as the audit log shows it.
type FieldValue struct {
	// None reports whether there was no value.
	None bool
	// Text is the value; "" for members.
	Text string
	// Members are the first contacts of a list of contacts, and Count is how long it is.
	// Members is nil for any other value.
	Members []Member
	Count   int
}

// Member is a contact as it was called when it was added or removed.
type Member struct {
	ID       string `json:"id"`
	Username string `json:"username"`
}

// fieldOrder is the order of fields; others follow, by name.
var fieldOrder = []string{"name", "username", "display_name", "phone_number", "email", "role", "description", "avatar_url", "archived_at", "contacts", "lines", "first_entry", "last_entry"}

// hiddenFields are those that say something about the entry itself.
var hiddenFields = []string{JobField, RuleField, erasedByField, redactedField}

// Fields returns the fields that the act changed, in the order of forms.
func (l Line) Fields() []ChangedField {
	var changes map[string]json.RawMessage
	if json.Unmarshal([]byte(l.Changes), &changes) != nil {
		return nil
	}
	var fields []ChangedField
	for name, value := range changes {
		if slices.Contains(hiddenFields, name) {
			continue
		}
		f := ChangedField{Name: name, Before: FieldValue{None: true}}
		var both map[string]json.RawMessage
		_ = json.Unmarshal(value, &both)
		if both["before"] != nil && both["after"] != nil && len(both) == 2 {
			f.Before, f.After = fieldValue(both["before"]), fieldValue(both["after"])
		} else {
			f.After = fieldValue(value)
		}
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b ChangedField) int {
		if x, y := placeOf(a.Name), placeOf(b.Name); x != y {
			return x - y
		}
		return strings.Compare(a.Name, b.Name)
	})
	return fields
}

// Field returns one field of the act; the zero value if it has none of this name.
func (l Line) Field(name string) ChangedField {
	for _, f := range l.Fields() {
		if f.Name == name {
			return f
		}
	}
	return ChangedField{}
}

// After returns the text of a field's value after the act, or "".
func (l Line) After(field string) string { return l.Field(field).After.Text }

func placeOf(field string) int {
	if i := slices.Index(fieldOrder, field); i >= 0 {
		return i
	}
	return len(fieldOrder)
}

// fieldValue reads a value that SetChanges stored.
func fieldValue(value json.RawMessage) FieldValue {
	var named struct {
		Count    int
		Contacts []Member
	}
	var text string
	var list []any
	switch {
	case string(value) == "null":
		return FieldValue{None: true}
	case json.Unmarshal(value, &text) == nil:
		return FieldValue{Text: text}
	case json.Unmarshal(value, &named) == nil && named.Contacts != nil:
		return FieldValue{Members: named.Contacts, Count: named.Count}
	case json.Unmarshal(value, &list) == nil:
		words := make([]string, len(list))
		for i, v := range list {
			b, _ := json.Marshal(v) // values decoded from JSON always marshal
			words[i] = strings.Trim(string(b), `"`)
		}
		return FieldValue{Text: strings.Join(words, ", ")}
	}
	return FieldValue{Text: string(value)}
}

// HeldField is until when a deletion can be undone, in the line of the deletion.
const HeldField = "held_until"

// RevertedField names the line that was reverted, in the line of the reversal.
const RevertedField = "reverted_line"

// Reverts returns the id of the line that this one reverted, or "".
func (l Line) Reverts() string {
	return l.After(RevertedField)
}

// Is reports whether two values are the same.
func (t FieldValue) Is(other FieldValue) bool {
	return t.None == other.None && t.Text == other.Text && t.Count == other.Count && slices.Equal(t.Members, other.Members)
}
