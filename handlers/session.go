package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gorilla/sessions"

	"protocol.chat/console/models"
	"protocol.chat/console/views"
)

// sessionStore keeps gorilla's sessions in the database, by the session methods
// of models. The cookie is a secret at random and nothing else: there is no key
// to configure, and instances share nothing but the database.
type sessionStore struct {
	store   *models.Store
	options sessions.Options
}

func newSessionStore(store *models.Store, secure bool) *sessionStore {
	return &sessionStore{store: store, options: sessions.Options{
		Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}}
}

// What is kept in a session's Values.
const (
	flashesValue  = "flashes"
	userValue     = "user"
	rememberValue = "remember"
)

// sessionData is what is stored of a session's Values.
type sessionData struct {
	Flashes []views.Flash `json:"flashes,omitempty"`
}

// Get answers the request's session, the same one each time.
func (s *sessionStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New answers the session that the cookie stands for, or a new one that is not
// stored yet. An error means that the database could not tell.
func (s *sessionStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	options := s.options
	session.Options, session.IsNew = &options, true
	cookie, err := r.Cookie(name)
	if err != nil {
		return session, nil //nolint:nilerr // no cookie, no session
	}
	stored, err := s.store.Session(r.Context(), cookie.Value)
	if errors.Is(err, models.ErrNotFound) {
		return session, nil
	}
	if err != nil {
		return session, err
	}
	var data sessionData
	if err := json.Unmarshal([]byte(stored.Data), &data); err != nil {
		return session, err
	}
	session.ID, session.IsNew = cookie.Value, false
	session.Values[flashesValue], session.Values[userValue] = data.Flashes, stored.User
	session.Values[rememberValue] = stored.Remember
	return session, nil
}

// Save stores the session. One whose Options.MaxAge is negative ends. A session
// that has ended meanwhile stays ended.
func (s *sessionStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if session.Options.MaxAge < 0 {
		http.SetCookie(w, sessions.NewCookie(session.Name(), "", session.Options))
		return nil
	}
	flashes, _ := session.Values[flashesValue].([]views.Flash)
	data, err := json.Marshal(sessionData{Flashes: flashes})
	if err != nil {
		return err
	}
	err = s.store.SaveSession(r.Context(), session.ID, string(data))
	if errors.Is(err, models.ErrNotFound) {
		return errSignedOut
	}
	return err
}

// start signs a user in, under a new id, and gives the browser its cookie.
func (s *sessionStore) start(w http.ResponseWriter, r *http.Request, name string, by models.Actor, user models.User, remember bool) error {
	secret, err := s.store.StartSession(r.Context(), by, user, remember)
	if err != nil {
		return err
	}
	options := s.options
	if remember {
		options.MaxAge = int(models.RememberLimit.Seconds())
	}
	http.SetCookie(w, sessions.NewCookie(name, secret, &options))
	return nil
}

// visit is somebody signed in, for the time of a request.
type visit struct {
	session *sessions.Session
	user    models.User
	actor   models.Actor
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

// remembered tells whether the session outlasts idleness.
func (v *visit) remembered() bool {
	remember, _ := v.session.Values[rememberValue].(bool)
	return remember
}

func (v *visit) setFlashes(flashes []views.Flash) { v.session.Values[flashesValue] = flashes }
