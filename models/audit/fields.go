package audit

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// ChangedField is one field of what was changed.
type ChangedField struct {
	// Name is that of the API: "avatar_url".
	Name          string
	Before, After FieldValue
}

// FieldValue is a value as the audit log tells it.
type FieldValue struct {
	// None says that there was no value.
	None bool
	Text string
	// Members are the first of the contacts that the value is a list of, and Count is how
	// many there are. Members is nil where it is none.
	Members []Member
	Count   int
}

// Member is a contact as it was when somebody added or removed it.
type Member struct {
	ID       string `json:"id"`
	Username string `json:"username"`
}

// fieldOrder is how fields follow each other; those not in it come after these.
var fieldOrder = []string{"name", "username", "display_name", "phone_number", "email", "role", "description", "avatar_url", "archived_at", "contacts", "lines", "first_entry", "last_entry"}

// Fields are the fields that the act changed, in the order of forms.
func (l Line) Fields() []ChangedField {
	var said map[string]json.RawMessage
	if json.Unmarshal([]byte(l.Changes), &said) != nil {
		return nil
	}
	var fields []ChangedField
	for name, value := range said {
		f := ChangedField{Name: name, Before: FieldValue{None: true}}
		var both map[string]json.RawMessage
		_ = json.Unmarshal(value, &both)
		if both["before"] != nil && both["after"] != nil && len(both) == 2 {
			f.Before, f.After = told(both["before"]), told(both["after"])
		} else {
			f.After = told(value)
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

// Field is a field of the act; the zero value where it has none of this name.
func (l Line) Field(name string) ChangedField {
	for _, f := range l.Fields() {
		if f.Name == name {
			return f
		}
	}
	return ChangedField{}
}

func (l Line) After(field string) string { return l.Field(field).After.Text }

func placeOf(field string) int {
	if i := slices.Index(fieldOrder, field); i >= 0 {
		return i
	}
	return len(fieldOrder)
}

// told is a value that say stored.
func told(value json.RawMessage) FieldValue {
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
		return FieldValue{Members: named.Contacts, Count: named.Count, Text: Usernames(named.Contacts, named.Count)}
	case json.Unmarshal(value, &list) == nil:
		words := make([]string, len(list))
		for i, v := range list {
			b, _ := json.Marshal(v) // what came from JSON goes into it again
			words[i] = strings.Trim(string(b), `"`)
		}
		return FieldValue{Text: strings.Join(words, ", ")}
	}
	return FieldValue{Text: string(value)}
}

func Usernames(members []Member, count int) string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.Username
	}
	all := strings.Join(names, ", ")
	if more := count - len(names); more > 0 {
		all += " and " + strconv.Itoa(more) + " more"
	}
	return all
}

// RevertedField is where a line says which other it put back.
const RevertedField = "reverted_line"

// Reverts is the id of the line that this one put back, or "".
func (l Line) Reverts() string {
	return l.After(RevertedField)
}

// Is tells whether two values are the same.
func (t FieldValue) Is(other FieldValue) bool { return t.None == other.None && t.Text == other.Text }
