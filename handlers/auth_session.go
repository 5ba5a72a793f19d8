package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/sessions"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// sessionStore stores gorilla's sessions in the database, by the session methods of identity. The
// cookie is a random secret and nothing else: there is no key to configure, and instances share
// nothing but the database.
type sessionStore struct {
	store   *models.Store
	cookies cookies
}

// What is kept in a session's Values.
const (
	flashesValue = "flashes"
	storedValue  = "stored"
)

// sessionData is what is stored of a session's Values.
type sessionData struct {
	Flashes []views.Flash `json:"flashes,omitempty"`
}

// Get returns the request's session, the same one each time.
func (s *sessionStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New returns the session that one of the cookies stands for, or a new one that is not
// stored yet. An error means that the database could not tell.
func (s *sessionStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	session.Options, session.IsNew = &sessions.Options{}, true
	for _, secret := range s.cookies.all(r, name) {
		read := s.store.Identity.Sessions.Session
		if unattended(r) {
			read = s.store.Identity.Sessions.UnusedSession
		}
		stored, err := read(r.Context(), secret)
		if errors.Is(err, access.ErrNotFound) {
			continue
		}
		if err != nil {
			return session, err
		}
		var data sessionData
		if err := json.Unmarshal([]byte(stored.Data), &data); err != nil {
			return session, err
		}
		session.ID, session.IsNew = secret, false
		session.Values[flashesValue], session.Values[storedValue] = data.Flashes, stored
		return session, nil
	}
	return session, nil
}

// unattended reports whether a page makes the request by itself, with nobody there perhaps.
func unattended(r *http.Request) bool {
	return routeOf(r).feed || r.Header.Get("Console-Unattended") != ""
}

// Save stores the session. One whose Options.MaxAge is negative ends. A session
// that has ended in the meantime stays ended.
func (s *sessionStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if session.Options.MaxAge < 0 {
		s.cookies.set(w, session.Name(), "", -1)
		return nil
	}
	flashes, _ := session.Values[flashesValue].([]views.Flash)
	return s.keep(r.Context(), session.ID, flashes)
}

func (s *sessionStore) keep(ctx context.Context, secret string, flashes []views.Flash) error {
	data, err := json.Marshal(sessionData{Flashes: flashes})
	if err != nil {
		return err
	}
	err = s.store.Identity.Sessions.SaveSession(ctx, secret, string(data))
	if errors.Is(err, access.ErrNotFound) {
		return errSignedOut
	}
	return err
}

// start gives the browser the cookie of a new session. flashes are what the user is told first.
func (s *sessionStore) start(w http.ResponseWriter, r *http.Request, in identity.SignedIn, flashes []views.Flash) error {
	if len(flashes) > 0 {
		if err := s.keep(r.Context(), in.Session, flashes); err != nil {
			return err
		}
	}
	age := 0
	if in.Remember {
		age = int(identity.RememberLimit.Seconds())
	}
	s.cookies.set(w, sessionCookie, in.Session, age)
	return nil
}

// renew gives the request's session a new id. confirmed says that its user has just proved who they
// are.
func (s *site) renew(w http.ResponseWriter, r *http.Request, confirmed bool) error {
	v := signedInAs(r)
	secret, err := s.store.Identity.Sessions.RenewSession(r.Context(), v.session.ID, confirmed)
	if errors.Is(err, access.ErrNotFound) {
		return errSignedOut
	}
	if err != nil {
		return err
	}
	v.session.ID = secret
	if confirmed {
		v.stored.ConfirmedAt = s.store.DB.Now().Unix()
	}
	age := 0
	if v.remembered() {
		age = int(v.stored.EndsAt - s.store.DB.Now().Unix())
	}
	s.cookies.set(w, sessionCookie, secret, age)
	return nil
}

// confirmedWithin reports whether the user proved who they are within so many seconds.
func (v *signedIn) confirmedWithin(seconds int64, now time.Time) bool {
	return now.Unix()-v.stored.ConfirmedAt < seconds
}
