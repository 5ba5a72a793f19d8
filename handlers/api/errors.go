package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// ErrorDoc explains one code to whoever reads the documentation.
type ErrorDoc struct {
	// Code is stable; Status is the HTTP status that it comes with.
	Code   string
	Status int
	Title  string
	// Text says what happened and what to do, in a few sentences.
	Text string
}

// The codes beside those of models.Problem.
const (
	codeMalformed    = "request_malformed"
	codeUnauthorized = "unauthorized"
	codeForbidden    = "forbidden"
	codeMissing      = "resource_missing"
	codeMethod       = "method_not_allowed"
	codeConflict     = "conflict"
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

// retryAfter is for how many seconds a caller should leave a database alone
// that can't be reached.
const retryAfter = "2"

// ErrorDocs is every code that the API answers with, in the order of their statuses.
func ErrorDocs() []ErrorDoc {
	return []ErrorDoc{
		{
			codeMalformed, http.StatusBadRequest, "The request can't be read",
			"The body is not well-formed JSON, or a form or an address has a bad percent sign, text that is not UTF-8, or the same key twice. The message says which. Nothing was changed.",
		},
		{
			codeUnauthorized, http.StatusUnauthorized, "There is no valid token",
			"Every call carries the header “Authorization: Bearer” with a token that was made in the console. The token is missing or misspelt, has expired, or was revoked. Make a new one in the console under API tokens.",
		},
		{
			codeForbidden, http.StatusForbidden, "The token may not do this",
			"The token is valid, but its rights or its owner's role do not include what this call needs, it may not be used from the address that the call came from, or its owner needs a second factor first. The message says which. Use a token that has the right, made by somebody who has it too, or call from an address that the token allows.",
		},
		{
			codeMissing, http.StatusNotFound, "There is nothing at this address",
			"No call has this path, or the group, contact or conversation does not exist, or no longer. Ids have 16 characters, and capital letters matter.",
		},
		{
			codeMethod, http.StatusMethodNotAllowed, "This address does not take this method",
			"The path exists, but not with this HTTP method. The header “Allow” lists the methods that it takes.",
		},
		{
			codeConflict, http.StatusConflict, "The request does not fit the present state",
			"The request is right in itself, but can't be met as things stand. Either the members of a group of more than 100 were to be replaced as a whole (add and remove them one by one instead), or an idempotency key was used before with another request (use a new key for each new request).",
		},
		{
			codeChanged, http.StatusPreconditionFailed, "The object has changed meanwhile",
			"The call carried “If-Match”, and the object is no longer what it was when its ETag was read. Nothing was changed. Read the object again, apply your change to what it says now, and send that with its new ETag.",
		},
		{
			codeTooLarge, http.StatusRequestEntityTooLarge, "The body is too large",
			"A body can have at most 1 MiB. Send large changes in parts: members, for example, by several calls to the group's contacts.",
		},
		{
			codeMediaType, http.StatusUnsupportedMediaType, "The body is of an unknown kind",
			"A body is sent as application/json or as application/x-www-form-urlencoded, in UTF-8 and not compressed, and the header “Content-Type” says which.",
		},
		{
			access.Missing, http.StatusUnprocessableEntity, "A required value is missing",
			"A value that this call needs was not sent, or is empty. “param” names it, and “errors” lists everything else that is wrong.",
		},
		{
			access.Bad, http.StatusUnprocessableEntity, "A value is not acceptable",
			"A value has the wrong type, is out of range, or names something that does not exist. “param” names it, and the message says what would be right. “errors” lists everything else that is wrong.",
		},
		{
			access.Unknown, http.StatusUnprocessableEntity, "There is no such parameter",
			"The query or the body has a parameter that this call does not know, mostly a typo. It is refused so that it is not lost in silence. “param” names it; names are case-sensitive. “errors” lists everything else that is wrong.",
		},
		{
			codeLimited, http.StatusTooManyRequests, "Too many calls in a short time",
			"The token has used up the calls that it has for now, or too many wrong tokens came from one address. Wait for as many seconds as “Retry-After” says and send the request again. “RateLimit” on every answer says how many calls are left, and “RateLimit-Policy” how many there are in how many seconds.",
		},
		{
			codeCanceled, statusCanceled, "The caller went away",
			"The connection was closed before the answer was ready. A change may or may not have been made: read the object, or send the request again under the same idempotency key.",
		},
		{
			codeInternal, http.StatusInternalServerError, "Something went wrong on our side",
			"The fault is the server's. It has been logged under the “request_id” of the answer; tell that to whoever runs this server.",
		},
		{
			codeUnavailable, http.StatusServiceUnavailable, "The database is unavailable",
			"The server is up, but its database is not. “reason” says why: busy (it is too slow), full (it has no space left), damaged (what is stored can't be read), read_only (it takes no changes) or gone (it can't be reached). Wait for as many seconds as “Retry-After” says and send the request again; for a POST, under the same idempotency key.",
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
	errNoRoute  = failure{code: codeMissing, message: "There is no call with this path. All calls are listed in /v1/openapi.json."}
	errNoToken  = failure{code: codeUnauthorized, message: "Send a token in the header “Authorization: Bearer”. Tokens are made in the console under API tokens."}
	errBadToken = failure{code: codeUnauthorized, message: "This token is not valid. It may be misspelt, expired or revoked; make a new one in the console under API tokens."}
	errAddress  = failure{code: codeForbidden, message: "This token may not be used from the address that the call came from. The console shows under API tokens where it may be used from."}
	errFactor   = failure{code: codeForbidden, message: "The owner of this token has no second factor, which the rules for signing in ask for. The token works again once they have set one up in the console under Security."}
)

// tooLarge is the refusal of a body that has more bytes than its call may have.
func tooLarge(limit int64) error {
	return failure{code: codeTooLarge, message: fmt.Sprintf("The body is larger than %d MiB. Send the change in several parts.", limit>>20)}
}

// malformed is the refusal of what can't be read.
func malformed(param, message string) error {
	return failure{code: codeMalformed, param: param, message: message}
}

// methodNotAllowed carries the methods that the path takes.
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
	// Errors are all problems with what was sent, of which the first is told above; none
	// where the trouble is another one.
	Errors []problemObject `json:"errors,omitempty"`
	// Reason is of unavailable alone.
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

// fail answers an error. It is the one place that decides what errors look
// like; those it doesn't know are logged and not shown.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := a.failureOf(r, err)
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
	body, _ := encode(object) // strings always marshal
	write(w, statuses[f.code], jsonType, body)
}

// failureOf is an error of whatever kind as the caller is told of it.
func (a *api) failureOf(r *http.Request, err error) failure {
	var (
		own     failure
		invalid access.Invalid
		denied  access.Denied
		stuck   access.Conflict
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
		return failure{code: codeForbidden, message: "This token may not " + denied.Right.Rule().Does + " (" + string(denied.Right) +
			"). Make one that has that right under API tokens; its owner needs it too."}
	case errors.As(err, &stuck):
		return failure{code: codeConflict, param: stuck.Field, message: stuck.Message}
	case errors.As(err, &method):
		return failure{code: codeMethod, message: "This path takes " + method.allow + " only, not " + shorten(r.Method) + "."}
	case errors.Is(err, access.ErrNotFound):
		return missing(r)
	case errors.Is(err, access.ErrChanged):
		return failure{code: codeChanged, message: "The object has changed since you read it. Read it again and send your change with its new ETag."}
	case errors.Is(err, access.ErrUnavailable):
		outage := access.OutageOf(err)
		title, sentence := views.OutageWords(outage)
		return failure{code: codeUnavailable, message: title + ". " + sentence, reason: outage}
	case errors.Is(err, context.Canceled):
		return failure{code: codeCanceled, message: "The connection was closed before the answer was ready."}
	}
	return failure{code: codeInternal, message: "Something went wrong on our side. It has been logged under this request_id; please try again later."}
}

// missing says which object of the path is not there.
func missing(r *http.Request) failure {
	object, param := callOf(r).route.object, "id"
	if id := r.PathValue("contact_id"); id != "" && !text.ValidID(id) {
		object, param = "contact", "contact_id"
	}
	return failure{code: codeMissing, param: param, message: "There is no " + object +
		" with the ID “" + shorten(r.PathValue(param)) + "”. IDs are case-sensitive. It may have been deleted."}
}

// shorten is s as a message quotes it: not at any length.
func shorten(s string) string {
	const most = 64
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
