package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// askToSignIn leads to the sign-in page, or shows it in place of a form, whose fields it carries.
func (s *site) askToSignIn(w http.ResponseWriter, r *http.Request) {
	status := http.StatusUnauthorized
	to := s.comeBack(r)
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && !isPartial(r) {
		_ = redirect(w, r, views.LoginURL(to))
		return
	}
	body := views.Login(views.SignIn{Next: to, Carried: carried(r, to), Provider: s.oidc.name(), Passkeys: s.passkeys.allowed()})
	page := views.Page{Title: "Sign in", Passkeys: s.passkeys.allowed(), Body: body, Frame: views.Frame{Theme: s.themeOf(r), RequestID: requestID(r), Path: to}}
	if err := respond(w, r, status, views.Document(page)); err != nil {
		s.log.Error("the sign-in page failed", "request_id", requestID(r), "err", err)
	}
}

// comeBack returns the page to return to after signing in: the one that was asked for, or the one
// with the form that was sent.
func (s *site) comeBack(r *http.Request) string {
	if to := localPath(r.URL.RequestURI()); s.routes.shows(to) {
		return to
	}
	return localPath(r.PostFormValue("next"))
}

// carriedPrefix marks the fields of a form that wait for its sender to sign in.
const carriedPrefix = "carried."

// carried returns what was typed into a form, to be carried through the sign-in.
func carried(r *http.Request, to string) []views.Hidden {
	if r.Method != http.MethodPost || to != r.URL.RequestURI() {
		return nil
	}
	return hidden(r.PostForm, func(name string) (string, bool) {
		return carriedPrefix + name, !isSecret(name) && name != "do"
	})
}

// stillCarried returns the carried fields that the sign-in form sends on.
func stillCarried(r *http.Request) []views.Hidden {
	return hidden(r.PostForm, func(name string) (string, bool) {
		return name, strings.HasPrefix(name, carriedPrefix) && !isSecret(name)
	})
}

// offerCarried shows what was typed into a form that keeps no draft, to be sent now.
func (p authPages) offerCarried(w http.ResponseWriter, r *http.Request, s views.SignIn) error {
	fields := make([]views.Hidden, len(s.Carried))
	for i, h := range s.Carried {
		fields[i] = views.Hidden{Name: strings.TrimPrefix(h.Name, carriedPrefix), Value: h.Value}
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "You're signed in", Body: views.Resend(templ.SafeURL(s.Next), fields)})
}

// keepCarried makes a draft of what was typed, for the form that comes next. That
// it can't be kept is no reason to refuse the sign-in.
func (p authPages) keepCarried(r *http.Request, user identity.User, s views.SignIn) {
	if len(s.Carried) == 0 {
		return
	}
	fields := url.Values{}
	for _, h := range s.Carried {
		field := strings.TrimPrefix(h.Name, carriedPrefix)
		fields[field] = append(fields[field], h.Value)
	}
	if err := p.drafts.save(r.Context(), user.Actor(), s.Next, fields); err != nil {
		p.log.Warn("what was typed is lost", "request_id", requestID(r), "err", err)
	}
}
