package audit

import (
	"encoding/json"
	"slices"
	"strings"
)

// Erasure is personal data that are erased from what is kept: values of some objects.
type Erasure struct {
	// IDs are the ids of the objects.
	IDs []string
	// Fields are the names of the fields, as the API has them; Optional are those that an object need
	// not have a value for.
	Fields, Optional []string
}

// objectStarts are how an object with an id begins in JSON: in the API, and in stored results.
var objectStarts = []string{`{"id":"`, `{"ID":"`}

// Mentioned returns the condition that the JSON in a column mentions one of the objects, with its
// arguments. It may be true of others, too.
func (e Erasure) Mentioned(column string) (string, []any) {
	var conditions []string
	var args []any
	for _, id := range e.IDs {
		conditions = append(conditions, column+" LIKE ?")
		args = append(args, `%"`+id+`"%`)
	}
	return strings.Join(conditions, " OR "), args
}

// In returns JSON in which the values of the objects are erased.
func (e Erasure) In(s string) string {
	for _, id := range e.IDs {
		for _, start := range objectStarts {
			start += id + `"`
			for from := 0; ; {
				i := strings.Index(s[from:], start)
				if i < 0 {
					break
				}
				from += i
				erased, size := e.object(s[from:])
				s = s[:from] + erased + s[from+size:]
				from += max(len(erased), len(start))
			}
		}
	}
	return s
}

// Object returns the JSON of one of the objects without its values.
func (e Erasure) Object(s string) string {
	erased, size := e.object(s)
	return erased + s[size:]
}

// object returns the object that JSON begins with, without its values, and how long it was. What is no
// object stays as it is.
func (e Erasure) object(s string) (erased string, size int) {
	from := json.NewDecoder(strings.NewReader(s))
	if start, err := from.Token(); err != nil || start != json.Delim('{') {
		return "", 0
	}
	var b strings.Builder
	for b.WriteByte('{'); from.More(); {
		key, err := from.Token()
		var value json.RawMessage
		if err != nil || from.Decode(&value) != nil {
			return "", 0
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		name, _ := key.(string)
		quoted, _ := json.Marshal(name) // a string always marshals
		b.Write(quoted)
		b.WriteByte(':')
		b.WriteString(e.value(name, string(value)))
	}
	if _, err := from.Token(); err != nil {
		return "", 0
	}
	b.WriteByte('}')
	return b.String(), int(from.InputOffset())
}

// value returns what is left of a value of one of the objects. An object within it is a change, or
// has changes.
func (e Erasure) value(name, value string) string {
	switch {
	case strings.HasPrefix(value, "{") && (has(e.Fields, name) || has(e.Optional, name)):
		both := Erasure{Fields: []string{"before", "after"}}
		erased, _ := both.object(value)
		return erased
	case strings.HasPrefix(value, "{"):
		erased, _ := e.object(value)
		return erased
	case has(e.Optional, name):
		return "null"
	case has(e.Fields, name) && value != "null":
		return `"` + Erased + `"`
	}
	return value
}

// has reports whether a field is among others, whether the API names it or Go.
func has(fields []string, name string) bool {
	return slices.ContainsFunc(fields, func(f string) bool {
		return strings.EqualFold(strings.ReplaceAll(f, "_", ""), strings.ReplaceAll(name, "_", ""))
	})
}
