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

// input is the attributes of a body, the same whether they came as JSON or as a form: nil,
// string, json.Number, bool, []any and map[string]any. A form has strings, and lists and
// maps of them.
//
// Each attribute is read once, by the method for its type, which collects problems.
// Attributes that were not read are unknown: check returns both kinds of problems.
type input struct {
	values   map[string]any
	form     bool // an empty value is JSON's null
	problems access.Invalid
	key      *audit.IdempotencyKey // nil if the call takes none
}

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// readInput reads the attributes of a call's body, which may be empty.
func readInput(r *http.Request) (*input, error) {
	body := bytes.TrimPrefix(callOf(r).body, []byte("\ufeff")) // the byte order mark of editors and spreadsheets
	in := &input{problems: slices.Clone(queryOf(r).problems)}
	if callOf(r).route.idempotent {
		in.key = in.idempotencyKey(r, body)
	}
	if len(body) == 0 {
		return in, nil
	}
	kind, err := contentType(r)
	if err != nil {
		return nil, err
	}
	switch in.form = kind == formType; {
	case in.form && callOf(r).route.nested:
		in.values, err = decodeNested(string(body))
	case in.form:
		in.values, err = decodeForm(string(body))
	default:
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

// contentType returns jsonType or formType.
func contentType(r *http.Request) (string, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, encoding := params["charset"], r.Header.Get("Content-Encoding")
	known := kind == jsonType || kind == formType
	plain := isUTF8(charset) && (encoding == "" || strings.EqualFold(encoding, "identity"))
	if err != nil || !known || !plain {
		return "", errMediaType
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

// pop removes an attribute from the input and returns its value, whether it was given, and
// whether it was null, or empty in a form.
func (in *input) pop(key string) (value any, given, none bool) {
	value, given = in.values[key]
	delete(in.values, key)
	return value, given, value == nil || in.form && value == ""
}

// invalid adds a problem: the value is invalid.
func (in *input) invalid(key, message string) {
	in.problems = append(in.problems, access.Problem{Field: key, Code: access.Bad, Message: message})
}

// text returns an attribute of text: "" if it is null, nil if it was not given.
func (in *input) text(key string) *string {
	value, given, none := in.pop(key)
	if !given {
		return nil
	}
	s, ok := value.(string)
	if !ok && !none {
		in.invalid(key, "“"+key+"” must be text.")
	}
	return &s
}

// plain returns an attribute of text, "" if it is null or was not given.
func (in *input) plain(key string) string {
	if s := in.text(key); s != nil {
		return *s
	}
	return ""
}

// moment returns an attribute that is a time: not valid if it is null, nil if it was not
// given.
func (in *input) moment(key string) *sql.Null[int64] {
	value, given, none := in.pop(key)
	switch {
	case !given:
		return nil
	case none:
		return &sql.Null[int64]{}
	}
	seconds, ok := moment(value)
	if !ok {
		in.invalid(key, "“"+key+"” "+mustBeMoment)
	}
	return &sql.Null[int64]{V: seconds, Valid: true}
}

// contacts returns an attribute that lists contacts; nil if it was not given.
func (in *input) contacts(key string) *[]models.ContactRef {
	value, given, none := in.pop(key)
	if !given {
		return nil
	}
	list, ok := value.([]any)
	if !ok && !(in.form && none) {
		in.invalid(key, "“"+key+"” must be a list of contacts: in JSON an array, in a form contacts[]=ID for each, or contacts= for none.")
	}
	refs := make([]models.ContactRef, len(list))
	for i, member := range list {
		if refs[i], ok = contactRef(member); !ok {
			in.invalid(fmt.Sprintf("%s[%d]", key, i), "Identify a contact by its ID, or by an object with an id or a username.")
		}
	}
	return &refs
}

// contactRef reads an id, or an object that has an id or a username. Its other keys are
// ignored.
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

// boolean returns an attribute that is true or false; false if it was not given.
func (in *input) boolean(key string) bool {
	value, given, none := in.pop(key)
	b, ok := value.(bool)
	if in.form {
		b, ok = value == "true", none || value == "true" || value == "false"
	}
	if given && !ok {
		in.invalid(key, "“"+key+"” must be true or false.")
	}
	return b
}

// list returns an attribute that is an array, and whether it was given.
func (in *input) list(key string) (list []any, given bool) {
	value, given, none := in.pop(key)
	list, ok := value.([]any)
	if given && !ok && !(in.form && none) {
		in.invalid(key, "“"+key+"” must be a list: in JSON an array, in a form "+key+"[]=… for each.")
	}
	return list, given
}

// object returns an attribute that is a JSON object as an input of its own, which is empty if
// it is null or was not given.
func (in *input) object(key string) *input {
	value, _, none := in.pop(key)
	values, ok := value.(map[string]any)
	if !ok && !none {
		in.invalid(key, "“"+key+"” must be an object.")
	}
	return &input{values: values, form: in.form}
}

// ignore drops attributes that may be sent but have no effect.
func (in *input) ignore(keys ...string) {
	for _, key := range keys {
		in.pop(key)
	}
}

// unchanged checks the attributes of an object that can't be changed; their current values
// may be sent. read returns the object's conversation and time of creation, and is only
// called if one of them was sent.
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

// same checks that an attribute has its current value, if it was given.
func (in *input) same(key string, is any) {
	value, given, _ := in.pop(key)
	if number, ok := integer(value); ok && is == any(number) {
		return
	}
	if given && value != is {
		in.invalid(key, "“"+key+"” can't be changed. Leave it out, or send its current value.")
	}
}

// setByServer refuses attributes that the server sets when it creates an object.
func (in *input) setByServer(keys ...string) {
	for _, key := range keys {
		if _, given, _ := in.pop(key); given {
			in.invalid(key, "“"+key+"” is set by the server. Leave it out.")
		}
	}
}

// missing adds a problem: the attribute is missing.
func (in *input) missing(key, message string) {
	in.problems = append(in.problems, access.Problem{Field: key, Code: access.Missing, Message: message})
}

// check returns all problems, including unknown attributes. The store refuses the input,
// because it may find more.
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
