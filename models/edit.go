package models

import (
	"cmp"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// Edit is one field of a submitted form: the new value (nil for no change), the value when
// the form was shown, and the stored one.
type Edit struct {
	// Field is the name of the API, and Label the one that people read.
	Field, Label string
	Yours        *string
	Was, Theirs  string
}

// Stale reports whether someone else has changed the field since the form was shown.
func (e Edit) Stale() bool { return text.NormalText(e.Was) != e.Theirs }

// editConflict compares what the user saw with what is stored. Fields that only someone
// else changed keep their new values; those that both changed, to different values, make an
// EditConflict.
func editConflict(tx *gorm.DB, objectID string, edits []Edit) error {
	var fields []FieldConflict
	for _, e := range edits {
		if e.Yours != nil && e.Stale() && *e.Yours != e.Theirs {
			fields = append(fields, FieldConflict{Field: e.Field, Yours: *e.Yours, Theirs: e.Theirs})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	last, err := audit.LastChange(tx, objectID, fields[0].Field)
	if err != nil {
		return err
	}
	// The line about it may be deleted, or not among the newest.
	return EditConflict{Fields: fields, By: cmp.Or(last.Who(), "somebody"), At: last.CreatedAt}
}

// EditConflict is an ErrConflict: someone else changed the same fields.
type EditConflict struct {
	Fields []FieldConflict
	// By and At (Unix seconds) say who changed the first of the fields last, and when.
	By string
	At int64
}

// FieldConflict is a field with two new values, under its API name.
type FieldConflict struct{ Field, Yours, Theirs string }

// Error returns who changed it, for logs.
func (e EditConflict) Error() string { return e.By + " changed this meanwhile" }

// Unwrap makes errors.Is(err, ErrConflict) true.
func (e EditConflict) Unwrap() error { return access.ErrConflict }
