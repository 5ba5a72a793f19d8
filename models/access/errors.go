package access

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The errors that the store returns. Callers map each of them once; any other error is a
// bug and is never shown to users.
var (
	// ErrNotFound: there is no such object, or no longer.
	ErrNotFound = errors.New("not found")
	// ErrDenied: the actor lacks the right. It comes wrapped in a Denied.
	ErrDenied = errors.New("not allowed")
	// ErrConflict: the request conflicts with the current state of the object. It is
	// wrapped in a Conflict that explains why.
	ErrConflict = errors.New("conflict")
	// ErrChanged: the object is not as the caller required it to be.
	ErrChanged = errors.New("changed meanwhile")
	// ErrUnavailable: the database can't do it at the moment. It comes wrapped in an
	// Unavailable that says why.
	ErrUnavailable = errors.New("the database is unavailable")
	// ErrSignIn: the email address or the password is wrong.
	ErrSignIn = errors.New("sign-in refused")
)

// Why a value is refused, as stable codes for programs.
const (
	Missing = "parameter_missing"
	Bad     = "parameter_invalid"
	Unknown = "parameter_unknown"
)

// Problem is one reason why input was refused.
type Problem struct {
	// Field is the API's name for the input: "name", "contacts[3]"; "" for the input as a
	// whole.
	Field string
	// Code is Missing, Bad or Unknown.
	Code string
	// Message is a sentence that a person can act on.
	Message string
}

// Invalid is everything that is wrong with the input, in the order of the form.
type Invalid []Problem

// Error returns all problems, for logs.
func (e Invalid) Error() string {
	words := make([]string, len(e))
	for i, p := range e {
		words[i] = p.Field + ": " + p.Message
	}
	return "invalid: " + strings.Join(words, " ")
}

// For returns the message about one field, or "".
func (e Invalid) For(field string) string {
	for _, p := range e {
		if p.Field == field {
			return p.Message
		}
	}
	return ""
}

// And returns e with the problems of more, except those of fields that have a problem in e.
func (e Invalid) And(more Invalid) Invalid {
	for _, p := range more {
		if p.Field == "" || e.For(p.Field) == "" {
			e = append(e, p)
		}
	}
	return e
}

// OrNil returns e as an error; nil if nothing is wrong.
func (e Invalid) OrNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Refused returns an Invalid about a single field, with code Bad; message and args are as
// for Sprintf.
func Refused(field, message string, args ...any) Invalid {
	return Invalid{{Field: field, Code: Bad, Message: fmt.Sprintf(message, args...)}}
}

// MissingField returns an Invalid about a single field that must not be empty.
func MissingField(field, message string) Invalid {
	return Invalid{{Field: field, Code: Missing, Message: message}}
}

// Denied is an ErrDenied with the right that was missing.
type Denied struct{ Right Right }

func (e Denied) Error() string { return "not allowed: " + string(e.Right) + " is missing" }

// Unwrap makes errors.Is(err, ErrDenied) true.
func (e Denied) Unwrap() error { return ErrDenied }

// Conflict is an ErrConflict that explains in a sentence why the request cannot be met now.
type Conflict struct {
	Message string
	// Field is the input that it is about, or "".
	Field string
}

func (e Conflict) Error() string { return e.Message }

// Unwrap makes errors.Is(err, ErrConflict) true.
func (e Conflict) Unwrap() error { return ErrConflict }

// Throttled refuses an attempt that comes too soon after failed ones, before Until.
type Throttled struct{ Until time.Time }

func (e Throttled) Error() string { return "too many failed sign-ins" }

// Check is a validation rule. It returns the value to store ("" if nothing of it is
// visible) and the problem with it ("" if there is none).
type Check func(value string) (stored, problem string)

// Check applies the rule of an optional field to a value. It returns what to store, or nil
// if value is nil, and adds what is wrong to e.
func (e *Invalid) Check(field string, value *string, rule Check) *string {
	return e.apply(field, value, rule, "")
}

// Require is Check for a field that must not be empty; missing is the message if it is.
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
