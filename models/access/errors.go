package access

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The errors that the store answers with. Whoever shows them maps each once;
// an error that is none of these is a fault of ours and is never shown.
var (
	// ErrNotFound: there is no such object, or there is none any more.
	ErrNotFound = errors.New("not found")
	// ErrDenied: the actor lacks the right. It comes wrapped in a Denied.
	ErrDenied = errors.New("not allowed")
	// ErrConflict: the request cannot be met in the object's present state.
	// It comes wrapped in a Conflict that says why.
	ErrConflict = errors.New("conflict")
	// ErrChanged: the object is no longer what the caller said it must be.
	ErrChanged = errors.New("changed meanwhile")
	// ErrUnavailable: the database can't do what is asked of it at the moment. It comes
	// wrapped in an Unavailable that says why.
	ErrUnavailable = errors.New("the database is unavailable")
	// ErrSignIn: the e-mail address or the password is not right.
	ErrSignIn = errors.New("sign-in refused")
)

// Reasons why a value is refused, as stable names that programs can test for.
const (
	Missing = "parameter_missing"
	Bad     = "parameter_invalid"
	Unknown = "parameter_unknown"
)

// Problem is one reason why input was refused.
type Problem struct {
	// Field is the name of the input, as the API calls it: "name", "contacts[3]".
	Field string
	// Code is Missing, Bad or Unknown.
	Code string
	// Message is a sentence that a person can act on.
	Message string
}

// Invalid is everything that is wrong with the input, in the order of the form.
type Invalid []Problem

func (e Invalid) Error() string {
	words := make([]string, len(e))
	for i, p := range e {
		words[i] = p.Field + ": " + p.Message
	}
	return "invalid: " + strings.Join(words, " ")
}

// For is the sentence about one field, or "".
func (e Invalid) For(field string) string {
	for _, p := range e {
		if p.Field == field {
			return p.Message
		}
	}
	return ""
}

// And is e with the problems of other fields.
func (e Invalid) And(more Invalid) Invalid {
	for _, p := range more {
		if p.Field == "" || e.For(p.Field) == "" {
			e = append(e, p)
		}
	}
	return e
}

// OrNil is e as an error; nil where nothing is wrong.
func (e Invalid) OrNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Refused is the refusal of a single field.
func Refused(field, message string, args ...any) Invalid {
	return Invalid{{Field: field, Code: Bad, Message: fmt.Sprintf(message, args...)}}
}

// Lacking is the refusal of a single field that must not be empty.
func Lacking(field, message string) Invalid {
	return Invalid{{Field: field, Code: Missing, Message: message}}
}

// Denied says which right was missing.
type Denied struct{ Right Right }

func (e Denied) Error() string { return "not allowed: " + string(e.Right) + " is missing" }

// Unwrap makes errors.Is(err, ErrDenied) true.
func (e Denied) Unwrap() error { return ErrDenied }

// Conflict says in a sentence why the request cannot be met as things stand.
type Conflict struct {
	Message string
	// Field is the input it is about, or "".
	Field string
}

func (e Conflict) Error() string { return e.Message }

// Unwrap makes errors.Is(err, ErrConflict) true.
func (e Conflict) Unwrap() error { return ErrConflict }

// Throttled is the refusal of a sign-in that comes too soon after failed ones.
type Throttled struct{ Until time.Time }

func (e Throttled) Error() string { return "too many failed sign-ins" }

// Check returns the form in which a value is stored, "" if nothing of it can be seen, and
// what is wrong with it, "" if nothing.
type Check func(value string) (stored, problem string)

// Check applies the rule of a field that may be empty to a value that was given. It returns
// what is stored for it, or nil if none was given.
func (e *Invalid) Check(field string, value *string, rule Check) *string {
	return e.apply(field, value, rule, "")
}

// Require is check for a field that must not be empty; missing is what it says then.
func (e *Invalid) Require(field string, value *string, missing string, rule Check) *string {
	return e.apply(field, value, rule, missing)
}

func (e *Invalid) apply(field string, value *string, rule Check, missing string) *string {
	if value == nil {
		return nil
	}
	stored, problem := rule(*value)
	switch {
	case stored == "" && missing != "":
		*e = append(*e, Problem{Field: field, Code: Missing, Message: missing})
	case problem != "":
		*e = append(*e, Problem{Field: field, Code: Bad, Message: problem})
	}
	return &stored
}
