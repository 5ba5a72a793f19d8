package handlers

import (
	"context"
	"net/http"
	"strings"

	"github.com/gorilla/sessions"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// signedIn is a user who is signed in, for the time of a request.
type signedIn struct {
	session *sessions.Session
	stored  identity.Session // as it was when the request came
	user    identity.User
	actor   access.Actor
	// mustEnroll says that the user has to set up a second factor before anything else.
	mustEnroll bool
}

type signedInKey struct{}

// signedInAs returns who makes the request, or nil if nobody is signed in.
func signedInAs(r *http.Request) *signedIn {
	v, _ := r.Context().Value(signedInKey{}).(*signedIn)
	return v
}

func withSignedIn(r *http.Request, v *signedIn) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), signedInKey{}, v))
}

func (v *signedIn) flashes() []views.Flash {
	flashes, _ := v.session.Values[flashesValue].([]views.Flash)
	return flashes
}

// remembered reports whether the session outlasts idleness.
func (v *signedIn) remembered() bool { return v.stored.Remember }

func (v *signedIn) setFlashes(flashes []views.Flash) { v.session.Values[flashesValue] = flashes }

// signedIn returns who makes the request, or errSignedOut.
func (s *site) signedIn(r *http.Request) (*signedIn, error) {
	session, err := s.sessions.Get(r, sessionCookie)
	if err != nil {
		return nil, err
	}
	if session.IsNew {
		return nil, errSignedOut
	}
	stored, _ := session.Values[storedValue].(identity.Session)
	user := stored.User
	actor := from(r, user)
	actor.Session = stored.ID
	return &signedIn{session: session, stored: stored, user: user, actor: actor}, nil
}

// caller returns where a request comes from, as an actor that may do nothing.
func caller(r *http.Request) access.Actor {
	agent := strings.ToValidUTF8(r.UserAgent(), "")
	return access.Actor{IP: clientIP(r), UserAgent: agent, RequestID: requestID(r), Device: infoOf(r).device}
}

// from returns a user as who makes the request.
func from(r *http.Request, user identity.User) access.Actor {
	actor, where := user.Actor(), caller(r)
	actor.IP, actor.UserAgent, actor.RequestID, actor.Device = where.IP, where.UserAgent, where.RequestID, where.Device
	return actor
}

// by returns who makes the request. Only pages that need somebody to be signed in call it.
func by(r *http.Request) access.Actor { return signedInAs(r).actor }
