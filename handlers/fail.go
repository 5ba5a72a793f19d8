package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/views"
)

// What can be wrong with a request before any store is asked.
var (
	errNoPage      = errors.New("there is no such page")
	errForeignForm = errors.New("the form came from another site")
	errSignedOut   = errors.New("nobody is signed in")
	errBadForm     = errors.New("the form can't be read")
	errTooLarge    = errors.New("the form is too large")
)

// wrongMethod is the error of a method that an address doesn't have.
type wrongMethod struct {
	allow string // the methods that it has
}

func (wrongMethod) Error() string { return "wrong method" }

// fail shows the page of an error. Unknown errors are logged and not shown.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return // the client has gone
	}
	if denied, ok := errors.AsType[access.Denied](err); errors.Is(err, errSignedOut) || ok && denied.Right == access.SignedInOnly {
		if routeOf(r).feed && wantsFeed(r) {
			endFeed(w)
			return
		}
		s.askToSignIn(w, r)
		return
	}
	if there, ok := errors.AsType[elsewhere](err); ok {
		_ = redirect(w, r, there.to)
		return
	}
	failure := s.failure(r, err)
	if failure.Status >= http.StatusInternalServerError {
		s.log.Error("request failed", "method", r.Method, "path", s.routes.logged(r), "request_id", requestID(r),
			"reason", access.OutageOf(err), "err", err)
	}
	if failure.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	if wrong, ok := errors.AsType[wrongMethod](err); ok {
		w.Header().Set("Allow", wrong.allow)
	}
	s.showFailure(w, r, failure)
}

// showFailure shows an error's whole page: a region may not be there. If the database is down, the
// frame goes without what only the database knows.
func (s *site) showFailure(w http.ResponseWriter, r *http.Request, failure views.Failure) {
	frame, err := s.frame(w, r)
	if err != nil {
		failure.Search = false
	}
	page := views.Page{Title: failure.Title, Body: views.ErrorPage(failure), Frame: frame}
	if err := respond(w, r, failure.Status, views.Document(page)); err != nil {
		s.log.Error("the error's page failed", "request_id", requestID(r), "err", err)
		http.Error(w, failure.Title, failure.Status)
	}
}

// failure returns what users are told about an error.
func (s *site) failure(r *http.Request, err error) views.Failure {
	f := views.Failure{Visitor: signedInAs(r) == nil, RequestID: requestID(r), Now: s.now(r)}
	is := func(target error) bool { return errors.Is(err, target) }
	var denied access.Denied
	var conflict access.Conflict
	var invalid access.Invalid
	switch {
	case is(access.ErrNotFound), is(errNoPage):
		f.Status, f.Title = http.StatusNotFound, "Page not found"
		f.Sentence = "There's nothing at this address. It may have been deleted, or the address may be mistyped."
		f.Search = signedInAs(r) != nil
		if missing := routeOf(r).missing; missing != nil && signedInAs(r) != nil {
			missing(r, &f)
		}
		f.Typed = typedFields(r)
	case errors.As(err, &wrongMethod{}):
		f.Status, f.Title = http.StatusMethodNotAllowed, "Method not allowed"
		f.Sentence = "This address can't be used this way. Go back and use the buttons on the page."
	case is(errForeignForm):
		f.Status, f.Title = http.StatusForbidden, "This form came from another site"
		f.Sentence = "Nothing was changed, for your safety. Open the console directly and try again."
	case is(errNoInvitation):
		f.Status, f.Title = http.StatusNotFound, "This invitation is no longer valid"
		f.Sentence = "Invite links work once and expire after 72 hours. If you've already joined, sign in. Otherwise, ask whoever invited you for a new link."
	case errors.As(err, &denied):
		f.Status, f.Title = http.StatusForbidden, "You don't have permission to do that"
		f.Sentence, f.Roles = s.denial(r, denied.Right), true
	case is(errNeedsFactor):
		f.Status, f.Title = http.StatusForbidden, "Set up a second factor first"
		f.Sentence = "Your role requires one. Open any page to set it up. Nothing was changed."
	case is(errTooLarge):
		f.Status, f.Title = http.StatusRequestEntityTooLarge, "Form too large"
		f.Sentence = fmt.Sprintf("A form can be up to %d MiB. Nothing was changed.", cmp.Or(routeOf(r).limits.body, usual.body)>>20)
	case is(errBadForm):
		f.Status, f.Title = http.StatusBadRequest, "The form couldn't be read"
		f.Sentence = "The form arrived damaged. Go back, reload the page and try again."
	case is(access.ErrChanged):
		f.Status, f.Title = http.StatusPreconditionFailed, "This was changed in the meantime"
		f.Sentence = "Your change wasn't saved. Go back, reload the page and try again."
	case errors.As(err, &conflict):
		f.Status, f.Title, f.Sentence = http.StatusConflict, "This can't be done right now", conflict.Message
	case errors.As(err, &invalid):
		f.Status, f.Title, f.Sentence = http.StatusUnprocessableEntity, "Invalid input", invalid[0].Message
	case is(access.ErrUnavailable):
		f.Status = http.StatusServiceUnavailable
		f.Title, f.Sentence = views.OutageWords(access.OutageOf(err))
		f.Retry, f.Resend = retry(r)
	default:
		f.Status, f.Title = http.StatusInternalServerError, "Something went wrong"
		f.Sentence = "The error is on our side and has been logged. Try again. If it keeps happening, contact whoever runs this console."
		f.Retry, f.Resend = retry(r)
	}
	return f
}

// ownersNamed is how many owners a refusal names.
const ownersNamed = 3

// denial tells users which right they lack, and who can give it to them.
func (s *site) denial(r *http.Request, right access.Right) string {
	owners, err := s.store.Identity.Users.Owners(r.Context(), ownersNamed)
	if err != nil {
		s.log.Warn("the owners can't be named", "request_id", requestID(r), "err", err)
	}
	return views.Refusal(by(r), right, owners)
}

// retry returns the address to try again, and the form to send to it again, so that nothing typed
// is lost. A form with a password has to be filled in again.
func retry(r *http.Request) (string, []views.Hidden) {
	to := localPath(r.URL.RequestURI())
	for name := range r.PostForm {
		if isSecret(name) {
			return to, nil
		}
	}
	if r.Method != http.MethodPost {
		return to, nil
	}
	return to, hidden(r.PostForm, func(name string) (string, bool) { return name, true })
}
