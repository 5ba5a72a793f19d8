package api

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// input is the attributes of a body, in one shape whether they came as JSON or
// as a form: nil, string, json.Number, bool, []any and map[string]any, of which
// a form has strings, and lists and maps of them.
//
// Each attribute is taken by the method for its type, once. What is wrong is
// collected, and what nobody took is unknown: check answers both.
type input struct {
	values   map[string]any
	form     bool // an empty value is none, as JSON's null
	problems access.Invalid
	once     *audit.IdempotencyKey // nil if the call takes none
}

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// readInput reads the attributes of a call's body, which may be empty.
func readInput(r *http.Request) (*input, error) {
	body := bytes.TrimPrefix(callOf(r).body, []byte("\ufeff")) // a mark that editors and spreadsheets put there
	in := &input{problems: slices.Clone(queryOf(r).problems)}
	if callOf(r).route.idempotent {
		in.once = in.idempotencyKey(r, body)
	}
	if len(body) == 0 {
		return in, nil
	}
	kind, err := contentType(r)
	if err != nil {
		return nil, err
	}
	if in.form = kind == formType; in.form {
		in.values, err = decodeForm(string(body))
	} else {
		in.values, err = decodeJSON(body)
	}
	return in, err
}

// readBody reads a body of up to limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge(limit)
	case errors.Is(r.Context().Err(), context.Canceled):
		return nil, r.Context().Err()
	case err != nil:
		return nil, malformed("", "The body ended too early or arrived too slowly. Send it again.")
	}
	return body, nil
}

// contentType is which of the two kinds of body this is.
func contentType(r *http.Request) (string, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, encoding := params["charset"], r.Header.Get("Content-Encoding")
	known := kind == jsonType || kind == formType
	plain := isUTF8(charset) && (encoding == "" || strings.EqualFold(encoding, "identity"))
	if err != nil || !known || !plain {
		return "", failure{code: codeMediaType, message: "Send the body as " + jsonType + " or " + formType +
			", in UTF-8 and uncompressed, and set Content-Type accordingly."}
	}
	return kind, nil
}

// isUTF8 reports whether a charset is UTF-8, which it also is if none is named. The
// registered name has a hyphen; many leave it out.
func isUTF8(charset string) bool {
	name := strings.NewReplacer("-", "", "_", "", "'", "").Replace(charset)
	return name == "" || strings.EqualFold(name, "utf8")
}

func repeated(key string) error {
	return malformed(shorten(key), "“"+shorten(key)+"” is given more than once. Send each key once.")
}

// take takes an attribute out of the input. none says that it was given as
// null, or empty in a form.
func (in *input) take(key string) (value any, given, none bool) {
	value, given = in.values[key]
	delete(in.values, key)
	return value, given, value == nil || in.form && value == ""
}

// bad notes that a value is refused.
func (in *input) bad(key, message string) {
	in.problems = append(in.problems, access.Problem{Field: key, Code: access.Bad, Message: message})
}

// text is a value of text; "" where it is null, nil where it was not given.
func (in *input) text(key string) *string {
	value, given, none := in.take(key)
	if !given {
		return nil
	}
	s, ok := value.(string)
	if !ok && !none {
		in.bad(key, "“"+key+"” must be text.")
	}
	return &s
}

// plain is a value of text, "" where it is null or was not given.
func (in *input) plain(key string) string {
	if s := in.text(key); s != nil {
		return *s
	}
	return ""
}

// moment is a time in Unix seconds or RFC 3339; not valid where it is null, nil
// where it was not given.
func (in *input) moment(key string) *sql.Null[int64] {
	value, given, none := in.take(key)
	switch {
	case !given:
		return nil
	case none:
		return &sql.Null[int64]{}
	}
	seconds, ok := moment(value)
	if !ok {
		in.bad(key, "“"+key+"” "+mustBeMoment)
	}
	return &sql.Null[int64]{V: seconds, Valid: true}
}

// contacts is a list of references to contacts, nil where it was not given.
func (in *input) contacts(key string) *[]models.ContactRef {
	value, given, none := in.take(key)
	if !given {
		return nil
	}
	list, ok := value.([]any)
	if !ok && !(in.form && none) {
		in.bad(key, "“"+key+"” must be a list of contacts: in JSON an array, in a form contacts[]=ID for each, or contacts= for none.")
	}
	refs := make([]models.ContactRef, len(list))
	for i, member := range list {
		if refs[i], ok = contactRef(member); !ok {
			in.bad(fmt.Sprintf("%s[%d]", key, i), "Identify a contact by its ID, or by an object with an id or a username.")
		}
	}
	return &refs
}

// contactRef is an id, or an object that has an id or a username; its other
// keys don't matter.
func contactRef(value any) (models.ContactRef, bool) {
	if id, ok := value.(string); ok {
		return models.ContactRef{ID: id}, id != ""
	}
	object, _ := value.(map[string]any)
	for _, key := range []string{"id", "username"} {
		name, given := object[key]
		if !given {
			continue
		}
		s, ok := name.(string)
		if key == "id" {
			return models.ContactRef{ID: s}, ok && s != ""
		}
		return models.ContactRef{Username: s}, ok && s != ""
	}
	return models.ContactRef{}, false
}

// ignore takes attributes that may be sent back and mean nothing.
func (in *input) ignore(keys ...string) {
	for _, key := range keys {
		in.take(key)
	}
}

// unchanged takes what can't be changed about an object, and may be sent back
// as it is. read answers the object's conversation and time of creation, and is
// asked only where one of them was sent.
func (in *input) unchanged(id string, read func() (conversation string, created int64, err error)) error {
	in.same("id", id)
	_, first := in.values["conversation_id"]
	_, second := in.values["created_at"]
	if !first && !second {
		return nil
	}
	conversation, created, err := read()
	in.same("conversation_id", conversation)
	in.same("created_at", created)
	return err
}

// same takes an attribute that must be what it is, if it is given.
func (in *input) same(key string, is any) {
	value, given, _ := in.take(key)
	if number, ok := integer(value); ok && is == any(number) {
		return
	}
	if given && value != is {
		in.bad(key, "“"+key+"” can't be changed. Leave it out, or send its current value.")
	}
}

// given takes attributes that the server gives to what is made.
func (in *input) given(keys ...string) {
	for _, key := range keys {
		if _, given, _ := in.take(key); given {
			in.bad(key, "“"+key+"” is set by the server. Leave it out.")
		}
	}
}

// lacks notes that an attribute is missing.
func (in *input) lacks(key, message string) {
	in.problems = append(in.problems, access.Problem{Field: key, Code: access.Missing, Message: message})
}

// check is what is wrong with what was taken, and what nobody took. It is left to the store
// to refuse it, which may find more.
func (in *input) check() access.Invalid {
	for _, key := range slices.Sorted(maps.Keys(in.values)) {
		in.problems = append(in.problems, unknown(key))
	}
	return in.problems
}

func unknown(key string) access.Problem {
	return access.Problem{
		Field: shorten(key), Code: access.Unknown,
		Message: "This call has no parameter “" + shorten(key) + "”. Check the spelling; names are case-sensitive.",
	}
}
