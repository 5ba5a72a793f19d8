package models

import (
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// fields are the editable texts of an object, in the order of its form. Everything that is
// done field by field uses this table. O is the object, C a change of it, and V the values
// of its form.
type fields[O, C, V any] []field[O, C, V]

type field[O, C, V any] struct {
	// name is that of the column, of the input in the form, in the API and in audit lines;
	// label is the name as people read it within a sentence.
	name, label string
	// missing is the message for an empty value; "" if the field is optional.
	missing string
	// rule returns a value as it is stored, and what is wrong with it, or "".
	rule access.Check
	// right is what a change of the field requires.
	right access.Right
	// searched returns the value as it is found by a search; nil if it is not searched.
	searched func(string) string

	// column, change and form return the field's places in the object (a *string, or a
	// **string if it is optional), in a change and in a form.
	column func(*O) any
	change func(*C) **string
	form   func(*V) *string
}

// verbatim is field.searched for a field that is searched as it is.
func verbatim(s string) string { return s }

// get returns the field's value, or nil if it has none.
func (f field[O, C, V]) get(o *O) *string {
	if optional, ok := f.column(o).(**string); ok {
		return *optional
	}
	return text.OrNil(*f.column(o).(*string))
}

func (f field[O, C, V]) set(o *O, value string) {
	if optional, ok := f.column(o).(**string); ok {
		*optional = text.OrNil(value)
		return
	}
	*f.column(o).(*string) = value
}

func (t fields[O, C, V]) names() []string {
	names := make([]string, len(t))
	for i, f := range t {
		names[i] = f.name
	}
	return names
}

// selected returns the columns of the fields, and others, of a table for a SELECT, whose
// destinations are those of scanned.
func (t fields[O, C, V]) selected(table string, others ...string) string {
	names := append(t.names(), others...)
	for i, name := range names {
		names[i] = table + "." + name
	}
	return strings.Join(names, ", ")
}

func (t fields[O, C, V]) scanned(o *O, others ...any) []any {
	all := make([]any, 0, len(t)+len(others))
	for _, f := range t {
		all = append(all, f.column(o))
	}
	return append(all, others...)
}

// check replaces the values of a change by checked ones, and returns what is wrong with
// them.
func (t fields[O, C, V]) check(c *C) (problems access.Invalid) {
	for _, f := range t {
		value := f.change(c)
		if f.missing == "" {
			*value = problems.Check(f.name, *value, f.rule)
		} else {
			*value = problems.Require(f.name, *value, f.missing, f.rule)
		}
	}
	return problems
}

// apply makes a checked change.
func (t fields[O, C, V]) apply(o *O, c C) {
	for _, f := range t {
		if value := *f.change(&c); value != nil {
			f.set(o, *value)
		}
	}
}

// searchKey returns what an object is searched by.
func (t fields[O, C, V]) searchKey(o *O) string {
	var texts []string
	for _, f := range t {
		if f.searched != nil {
			texts = append(texts, f.searched(text.Deref(f.get(o))))
		}
	}
	return text.SearchKey(texts...)
}

// searched returns the names of the fields that searchKey is made of.
func (t fields[O, C, V]) searched() []string {
	return slices.DeleteFunc(slices.Clone(t), func(f field[O, C, V]) bool { return f.searched == nil }).names()
}

// differences returns both values of every field, for the audit line.
func (t fields[O, C, V]) differences(before, after *O) []audit.Difference {
	all := make([]audit.Difference, len(t))
	for i, f := range t {
		all[i] = audit.Difference{Field: f.name, Before: f.get(before), After: f.get(after)}
	}
	return all
}

// present returns the fields' values as an audit line shows them.
func (t fields[O, C, V]) present(o *O) map[string]audit.FieldValue {
	values := make(map[string]audit.FieldValue, len(t))
	for _, f := range t {
		values[f.name] = fieldValue(f.get(o))
	}
	return values
}

func fieldValue(s *string) audit.FieldValue {
	return audit.FieldValue{None: s == nil, Text: text.Deref(s)}
}

// newChange returns a change with the values that value returns by the fields' names.
func (t fields[O, C, V]) newChange(value func(name string) *string) (c C) {
	for _, f := range t {
		*f.change(&c) = value(f.name)
	}
	return c
}

// newForm is newChange for the values of a form.
func (t fields[O, C, V]) newForm(value func(name string) string) (v V) {
	for _, f := range t {
		*f.form(&v) = value(f.name)
	}
	return v
}

// changeTo returns the change that gives an object all the values of a form.
func (t fields[O, C, V]) changeTo(v *V) (c C) {
	for _, f := range t {
		*f.change(&c) = f.form(v)
	}
	return c
}

// formOf returns an object's values for its form.
func (t fields[O, C, V]) formOf(o *O) (v V) {
	for _, f := range t {
		*f.form(&v) = text.Deref(f.get(o))
	}
	return v
}

// inputs returns the values of a form under their names.
func (t fields[O, C, V]) inputs(v V) []Input {
	all := make([]Input, len(t))
	for i, f := range t {
		all[i] = Input{Name: f.name, Value: *f.form(&v)}
	}
	return all
}

// edits compares a change with the values that the person saw who made it, and with the
// object.
func (t fields[O, C, V]) edits(c C, was V, o *O) []Edit {
	all := make([]Edit, len(t))
	for i, f := range t {
		all[i] = Edit{Field: f.name, Label: f.label, Yours: *f.change(&c), Was: *f.form(&was), Theirs: text.Deref(f.get(o))}
	}
	return all
}

// rights returns what a change of each field requires.
func (t fields[O, C, V]) rights() map[string]access.Right {
	rights := make(map[string]access.Right, len(t))
	for _, f := range t {
		rights[f.name] = f.right
	}
	return rights
}

// required returns the rights that a change of the fields requires; none if it leaves them
// as they are.
func (t fields[O, C, V]) required(c C) (rights []access.Right) {
	for _, f := range t {
		if *f.change(&c) != nil && !slices.Contains(rights, f.right) {
			rights = append(rights, f.right)
		}
	}
	return rights
}

// Input is a field of a form with its value.
type Input struct{ Name, Value string }

// FieldNames returns the names of all fields of groups and contacts.
func FieldNames() []string { return append(groupFields.names(), contactFields.names()...) }

// FieldLabel returns the name of a field as people read it within a sentence; "" if it is
// none of a group or contact.
func FieldLabel(name string) string {
	for _, f := range groupFields {
		if f.name == name {
			return f.label
		}
	}
	for _, f := range contactFields {
		if f.name == name {
			return f.label
		}
	}
	return ""
}
