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

// visit is somebody signed in, for the time of a request.
type visit struct {
	session *sessions.Session
	stored  identity.Session // as it was when the request came
	user    identity.User
	actor   access.Actor
	// must says that the user has to set up a second factor before anything else.
	must bool
}

type visitKey struct{}

// visitOf is who makes the request, or nil where nobody is signed in.
func visitOf(r *http.Request) *visit {
	v, _ := r.Context().Value(visitKey{}).(*visit)
	return v
}

func withVisit(r *http.Request, v *visit) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
}

func (v *visit) flashes() []views.Flash {
	flashes, _ := v.session.Values[flashesValue].([]views.Flash)
	return flashes
}

// remembered reports whether the session outlasts idleness.
func (v *visit) remembered() bool { return v.stored.Remember }

func (v *visit) setFlashes(flashes []views.Flash) { v.session.Values[flashesValue] = flashes }

// visit is who makes the request, or errSignedOut.
func (c *Console) visit(r *http.Request) (*visit, error) {
	session, err := c.sessions.Get(r, sessionCookie)
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
	return &visit{session: session, stored: stored, user: user, actor: actor}, nil
}

// caller is where a request comes from, as an actor that may do nothing.
func caller(r *http.Request) access.Actor {
	agent := strings.ToValidUTF8(r.UserAgent(), "")
	return access.Actor{IP: clientIP(r), UserAgent: agent, RequestID: requestID(r), Device: markOf(r).device}
}

// from is a user as who makes the request.
func from(r *http.Request, user identity.User) access.Actor {
	actor, where := user.Actor(), caller(r)
	actor.IP, actor.UserAgent, actor.RequestID, actor.Device = where.IP, where.UserAgent, where.RequestID, where.Device
	return actor
}

// by is who makes the request.
func by(r *http.Request) access.Actor { return visitOf(r).actor }
