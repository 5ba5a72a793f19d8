package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// ErrorDoc explains one code in the documentation.
type ErrorDoc struct {
	// Code is stable; Status is the HTTP status that it comes with.
	Code   string
	Status int
	Title  string
	// Text says what happened and what to do, in a few sentences.
	Text string
}

// The codes other than those of access.Problem.
const (
	codeMalformed    = "request_malformed"
	codeUnauthorized = "unauthorized"
	codeForbidden    = "forbidden"
	codeMissing      = "resource_missing"
	codeMethod       = "method_not_allowed"
	codeConflict     = "conflict"
	codeBefore       = "before_records"
	codeChanged      = "precondition_failed"
	codeTooLarge     = "body_too_large"
	codeMediaType    = "media_type_unsupported"
	codeLimited      = "rate_limited"
	codeCanceled     = "request_canceled"
	codeInternal     = "internal_error"
	codeUnavailable  = "unavailable"
)

// statusCanceled is what proxies log for a caller that went away.
const statusCanceled = 499

// retryAfter is how many seconds a caller should wait for an unavailable database.
const retryAfter = "2"

// ErrorDocs returns every error code of the API, in the order of their statuses.
func ErrorDocs() []ErrorDoc {
	return []ErrorDoc{
		{
			codeMalformed, http.StatusBadRequest, "The request can't be read",
			"The body isn't well-formed JSON, or the form or the address contains an invalid percent sign, text that isn't UTF-8, or the same key twice. The message says which. Nothing was changed.",
		},
		{
			codeUnauthorized, http.StatusUnauthorized, "No valid token",
			"Every call needs the header “Authorization: Bearer” with a token created in the console. The token is missing or misspelled, has expired, or was revoked. Create a new one in the console under API tokens.",
		},
		{
			codeForbidden, http.StatusForbidden, "The token doesn't have permission",
			"The token is valid, but its permissions or its owner's role don't include what this call needs, it isn't allowed from the address that the call came from, or its owner has to set up a second factor first. The message says which. Use a token with the permission, created by a user who has it too, or call from an address that the token allows.",
		},
		{
			codeMissing, http.StatusNotFound, "Not found",
			"No call has this path, or the group, contact, conversation or job doesn't exist or was deleted. IDs have 16 characters and are case-sensitive.",
		},
		{
			codeMethod, http.StatusMethodNotAllowed, "Method not allowed",
			"The path exists, but not with this HTTP method. The “Allow” header lists the methods it accepts.",
		},
		{
			codeConflict, http.StatusConflict, "Conflict with the current state",
			"The request is valid, but can't be met in the current state. The message says why: for example, it would replace all members of a group of more than 100 (add and remove them one by one instead), its idempotency key was already used with another request (use a new key for each new request), an operation of an atomic batch failed, or a job can't be undone.",
		},
		{
			codeBefore, http.StatusConflict, "Before the records",
			"The group existed at the time in “at”, but nobody knows what it was like then: the console didn't record who left a group yet, or the activity from then was deleted, as an owner decided. The message says from when on the records are whole.",
		},
		{
			codeChanged, http.StatusPreconditionFailed, "The object has changed",
			"The call carried “If-Match”, and the object has changed since its ETag was read. Nothing was changed. Read the object again, apply your change to its current state, and send that with the new ETag.",
		},
		{
			codeTooLarge, http.StatusRequestEntityTooLarge, "The body is too large",
			"A body can have at most 1 MiB, and a file to import 200 MB. Send large changes in parts. To add many members, for example, call the group's contacts several times. Split a large file into several, each with the first line that names the columns.",
		},
		{
			codeMediaType, http.StatusUnsupportedMediaType, "Unsupported body type",
			"Send the body as application/json or application/x-www-form-urlencoded, in UTF-8 and uncompressed, and say which in the “Content-Type” header.",
		},
		{
			access.Missing, http.StatusUnprocessableEntity, "A required value is missing",
			"A value that this call requires is missing or empty. “param” names it, and “errors” lists all problems with the request.",
		},
		{
			access.Bad, http.StatusUnprocessableEntity, "Invalid value",
			"A value has the wrong type, is out of range, or refers to something that doesn't exist. “param” names it, and the message says what is accepted. “errors” lists all problems with the request.",
		},
		{
			access.Unknown, http.StatusUnprocessableEntity, "Unknown parameter",
			"The query or the body has a parameter that this call doesn't know, usually because of a typo. Unknown parameters are refused so that a typo isn't lost. “param” names it; names are case-sensitive. “errors” lists all problems with the request.",
		},
		{
			codeLimited, http.StatusTooManyRequests, "Too many requests",
			"The token has used up its calls for now, or too many invalid tokens came from one address. Wait the number of seconds in “Retry-After”, then send the request again. Every answer says in “RateLimit” how many calls are left, and in “RateLimit-Policy” how many there are in how many seconds.",
		},
		{
			codeCanceled, statusCanceled, "The client closed the connection",
			"The connection was closed before the answer was ready. A change may or may not have been made: read the object, or send the request again with the same idempotency key.",
		},
		{
			codeInternal, http.StatusInternalServerError, "Internal error",
			"Something went wrong on the server. It was logged with the “request_id” of the answer; include that ID when you ask an administrator of the server for help.",
		},
		{
			codeUnavailable, http.StatusServiceUnavailable, "The database is unavailable",
			"The server is running, but its database isn't available. “reason” says why: busy (it is too slow), full (it has no space left), damaged (stored data can't be read), read_only (it accepts no changes) or gone (it can't be reached). Wait the number of seconds in “Retry-After”, then send the request again; for a POST, with the same idempotency key.",
		},
	}
}

// statuses is the HTTP status of each code.
var statuses = func() map[string]int {
	statuses := map[string]int{}
	for _, doc := range ErrorDocs() {
		statuses[doc.Code] = doc.Status
	}
	return statuses
}()

// failure is an error of the API's own, ready to be answered.
type failure struct {
	code, param, message string
	reason               access.Outage // of codeUnavailable
}

func (f failure) Error() string { return f.code + ": " + f.message }

var (
	errNoRoute   = failure{code: codeMissing, message: "No call has this path. /v1/openapi.json lists all calls."}
	errNoToken   = failure{code: codeUnauthorized, message: "Send a token in the “Authorization: Bearer” header. Create tokens in the console under API tokens."}
	errBadToken  = failure{code: codeUnauthorized, message: "Invalid token. It may be misspelled, expired or revoked. Create a new one in the console under API tokens."}
	errAddress   = failure{code: codeForbidden, message: "This token isn't allowed from the address that the call came from. The console lists its allowed addresses under API tokens."}
	errMediaType = failure{code: codeMediaType, message: "Send the body as " + jsonType + " or " + formType + ", in UTF-8 and uncompressed, and set Content-Type accordingly."}
	errNoFile    = failure{code: codeMediaType, message: "Send the file itself as the body, as text/csv or application/x-ndjson, uncompressed."}
	errFactor    = failure{code: codeForbidden, message: "The owner of this token has no second factor, which the sign-in policy requires. The token works again once they set one up in the console under Security."}
)

// tooLarge refuses a body of more than limit bytes.
func tooLarge(limit int64) error {
	return failure{code: codeTooLarge, message: fmt.Sprintf("The body is larger than %d MiB. Send the change in several parts.", limit>>20)}
}

// fileTooLarge refuses a file of more than limit bytes.
func fileTooLarge(limit int64) error {
	return failure{code: codeTooLarge, message: fmt.Sprintf("The file is larger than %d MB. Split it into several, each with the first line that names the columns, and import them one after the other.", limit>>20)}
}

// malformed refuses what can't be read.
func malformed(param, message string) error {
	return failure{code: codeMalformed, param: param, message: message}
}

// methodNotAllowed lists the methods that the path accepts.
type methodNotAllowed struct{ allow string }

func (e methodNotAllowed) Error() string { return "only " + e.allow }

// errorObject is what an error looks like; the first three keys are the reference's.
type errorObject struct {
	Type             string  `json:"type"`
	Message          string  `json:"message"`
	DocumentationURL string  `json:"documentation_url"`
	Code             string  `json:"code"`
	Param            *string `json:"param"`
	RequestID        string  `json:"request_id"`
	// Errors are all problems with the input, the first of which also stands above; empty for
	// other errors.
	Errors []problemObject `json:"errors,omitempty"`
	// Reason is set for unavailable only.
	Reason access.Outage `json:"reason,omitempty"`
}

type problemObject struct {
	Code    string  `json:"code"`
	Param   *string `json:"param"`
	Message string  `json:"message"`
}

func problemOf(p access.Problem) problemObject {
	return problemObject{p.Code, orNull(p.Field), p.Message}
}

// fail writes the response for an error. It is the one place that decides what errors look
// like; unknown ones are logged and not shown.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	f, object := a.errorOf(r, err)
	if statuses[f.code] >= http.StatusInternalServerError {
		a.Log.ErrorContext(r.Context(), "API call failed", slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.String("request_id", a.RequestID(r)), slog.String("reason", string(f.reason)), slog.Any("err", err))
	}
	head := w.Header()
	switch f.code {
	case codeUnauthorized:
		head.Set("WWW-Authenticate", "Bearer")
	case codeUnavailable:
		head.Set("Retry-After", retryAfter)
	case codeLimited:
		var e limited
		errors.As(err, &e)
		head.Set("Retry-After", e.retryAfter())
	case codeMethod:
		var e methodNotAllowed
		errors.As(err, &e)
		head.Set("Allow", e.allow)
	}
	body, _ := encode(object) // strings always marshal
	write(w, statuses[f.code], jsonType, body)
}

// errorOf returns any error as the caller sees it.
func (a *api) errorOf(r *http.Request, err error) (failure, errorObject) {
	f := a.failureOf(r, err)
	object := errorObject{
		Type: "invalid_request", Message: f.message, DocumentationURL: a.PublicURL + "/docs/errors/" + f.code,
		Code: f.code, Param: orNull(f.param), RequestID: a.RequestID(r), Reason: f.reason,
	}
	if invalid, ok := errors.AsType[access.Invalid](err); ok {
		object.Errors = each(invalid, problemOf)
	}
	if statuses[f.code] >= http.StatusInternalServerError {
		object.Type = "api_error"
	}
	return f, object
}

// failureOf returns any error in the form that the caller sees.
func (a *api) failureOf(r *http.Request, err error) failure {
	var (
		own     failure
		invalid access.Invalid
		denied  access.Denied
		stuck   access.Conflict
		before  models.BeforeRecords
		method  methodNotAllowed
		tooMany limited
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, identity.ErrForeignAddress):
		return errAddress
	case errors.Is(err, identity.ErrFactorMissing):
		return errFactor
	case errors.As(err, &tooMany):
		return failure{code: codeLimited, message: tooMany.message()}
	case errors.As(err, &invalid):
		return failure{code: invalid[0].Code, param: invalid[0].Field, message: invalid[0].Message}
	case errors.As(err, &denied):
		return failure{code: codeForbidden, message: "This token doesn't have permission to " + denied.Right.Rule().Description + " (" + string(denied.Right) +
			"). Create a token with this permission under API tokens; its owner needs the permission too."}
	case errors.As(err, &stuck):
		return failure{code: codeConflict, param: stuck.Field, message: stuck.Message}
	case errors.As(err, &before):
		return failure{code: codeBefore, param: "at", message: before.Error()}
	case errors.As(err, &method):
		return failure{code: codeMethod, message: "This path accepts only " + method.allow + ", not " + shorten(r.Method) + "."}
	case errors.Is(err, access.ErrNotFound):
		return a.missing(r)
	case errors.Is(err, access.ErrChanged):
		return failure{code: codeChanged, message: "The object has changed since you read it. Read it again, then send your change with the new ETag."}
	case errors.Is(err, access.ErrUnavailable):
		outage := access.OutageOf(err)
		title, sentence := views.OutageWords(outage)
		return failure{code: codeUnavailable, message: title + ". " + sentence, reason: outage}
	case errors.Is(err, context.Canceled):
		return failure{code: codeCanceled, message: "The connection was closed before the answer was ready."}
	}
	return failure{code: codeInternal, message: "Something went wrong on the server. It was logged with this request_id. Try again later."}
}

// missing says which object of the path doesn't exist.
func (a *api) missing(r *http.Request) failure {
	object, param := callOf(r).route.object, "id"
	if object == "contact" && a.Store != nil { // the examples of the reference have none
		if t, err := a.Store.ContactTombstone(r.Context(), r.PathValue("id")); err == nil {
			if t.Erased() {
				return failure{code: codeMissing, param: param, message: "The personal data of the contact “" + t.ContactID + "” was erased."}
			}
			return failure{code: codeMissing, param: param, message: "The contact “" + t.ContactID + "” was merged into the contact “" + *t.MergedInto + "”. Use that ID instead."}
		}
	}
	if id := r.PathValue("contact_id"); id != "" && !text.ValidID(id) {
		object, param = "contact", "contact_id"
	}
	return noObject(object, param, r.PathValue(param))
}

// noObject says that there is no object with the id that param has.
func noObject(object, param, id string) failure {
	return failure{code: codeMissing, param: param, message: "There is no " + object +
		" with the ID “" + shorten(id) + "”. IDs are case-sensitive. It may have been deleted."}
}

// shorten returns s as a message quotes it: the beginning, if it is long.
func shorten(s string) string {
	const most = 64
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
