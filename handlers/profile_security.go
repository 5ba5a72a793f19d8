package handlers

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// securityPages are how users sign in, and where they are signed in.
type securityPages struct{ *site }

// show shows how the user signs in, and where they are signed in.
func (p securityPages) show(w http.ResponseWriter, r *http.Request) error {
	s := views.Security{Possible: p.passkeys.allowed(), Current: signedInAs(r).stored.ID, Now: p.now(r)}
	var err error
	if s.Factors, err = p.store.Identity.SecondFactors.Factors(r.Context(), by(r).UserID); err != nil {
		return err
	}
	if s.Passkeys, err = p.store.Identity.SecondFactors.Passkeys(r.Context(), by(r)); err != nil {
		return err
	}
	if s.Sessions, err = p.ownSessions(r); err != nil {
		return err
	}
	if s.Due, err = p.store.Identity.Policies.FactorDue(r.Context(), signedInAs(r).user); err != nil {
		return err
	}
	if s.Linked, err = p.linked(r, by(r).UserID); err != nil {
		return err
	}
	s.Must, s.Role, s.Next = signedInAs(r).mustEnroll, signedInAs(r).user.Role, localPath(r.FormValue("next"))
	return p.render(w, r, http.StatusOK, views.Page{Title: s.Title(), Body: views.SecurityPage(s)})
}

// ownSessions returns the user's sessions: this one, then the newest first.
func (p securityPages) ownSessions(r *http.Request) ([]identity.Session, error) {
	found, err := p.store.Identity.Sessions.List(r.Context(), by(r))
	this := slices.IndexFunc(found, func(s identity.Session) bool { return s.ID == signedInAs(r).stored.ID })
	if this > 0 {
		found = slices.Insert(slices.Delete(found, this, this+1), 0, signedInAs(r).stored)
	}
	return found, err
}

// newApp shows the key that an authenticator app is set up with.
func (p securityPages) newApp(w http.ResponseWriter, r *http.Request) error {
	return p.showNewApp(w, r, http.StatusOK, nil)
}

func (p securityPages) showNewApp(w http.ResponseWriter, r *http.Request, status int, problems access.Invalid) error {
	key, err := p.store.Identity.SecondFactors.NewTOTP(r.Context(), by(r))
	if err != nil {
		return err
	}
	return p.render(w, r, status, views.Page{
		Title: "Set up authenticator app", Failed: len(problems) > 0,
		Body: views.NewAppPage(views.NewApp{Key: key, Next: localPath(r.FormValue("next")), Problems: problems}),
	})
}

// createApp sets the app up. The recovery codes are in this response and nowhere else, which is why
// it isn't a redirect.
func (p securityPages) createApp(w http.ResponseWriter, r *http.Request) error {
	codes, err := p.store.Identity.SecondFactors.ConfirmTOTP(r.Context(), by(r), r.PostFormValue("code"))
	if status, problems := p.refusal(w, err, "code", ""); status != 0 {
		return p.showNewApp(w, r, status, problems)
	}
	if invalid, ok := problems(err); ok {
		return p.showNewApp(w, r, http.StatusUnprocessableEntity, invalid)
	}
	if err != nil {
		return err
	}
	return p.showCodes(w, r, "Authenticator app set up", codes)
}

// showCodes shows new recovery codes, under a new session id.
func (p securityPages) showCodes(w http.ResponseWriter, r *http.Request, title string, codes []string) error {
	if err := p.renew(w, r, false); err != nil {
		return err
	}
	kept := views.RecoveryCodes{Codes: codes, Title: title, To: next(r, views.SecurityURL())}
	if v := signedInAs(r); v.mustEnroll { // no longer
		v.mustEnroll, kept.To = false, next(r, views.HomeURL())
	}
	return p.render(w, r, http.StatusCreated, views.Page{Title: "Recovery codes", Body: views.RecoveryCodesPage(kept)})
}

// confirmDeleteApp asks before the authenticator app is turned off.
func (p securityPages) confirmDeleteApp(w http.ResponseWriter, r *http.Request) error {
	words := "You'll no longer be asked for a code when you sign in. To use the app again, set it up from scratch."
	warning, err := p.lastFactorWarning(r)
	if err != nil {
		return err
	}
	return p.showQuestion(w, r, "Turn off authenticator app", views.Question{
		Title: "Turn off your authenticator app?", Words: words, Warning: warning, Button: "Turn off", Action: views.TOTPOffURL(), Danger: true,
	})
}

// lastFactorWarning returns a warning for users who remove their only second factor while the
// sign-in policy requires one, or else "".
func (p securityPages) lastFactorWarning(r *http.Request) (string, error) {
	policy, err := p.store.Identity.Policies.Policy(r.Context())
	role := signedInAs(r).user.Role
	if err != nil || !policy.Needs(role, p.store.DB.Now()) {
		return "", err
	}
	factors, err := p.store.Identity.SecondFactors.Factors(r.Context(), by(r).UserID)
	if err != nil || factors.AppSince != nil && factors.Passkeys > 0 || factors.Passkeys > 1 {
		return "", err
	}
	return views.LastFactor(role), nil
}

func (p securityPages) deleteApp(w http.ResponseWriter, r *http.Request) error {
	if err := p.store.Identity.SecondFactors.TurnOffTOTP(r.Context(), by(r)); err != nil {
		return err
	}
	if err := p.renew(w, r, false); err != nil {
		return err
	}
	return p.done(w, r, views.SecurityURL(), views.Flash{Text: "Authenticator app turned off."})
}

// confirmReplaceCodes asks before recovery codes are replaced.
func (p securityPages) confirmReplaceCodes(w http.ResponseWriter, r *http.Request) error {
	words := "You'll get ten new codes. Your current codes stop working."
	return p.showQuestion(w, r, "New recovery codes", views.Question{
		Title: "Generate new recovery codes?", Words: words, Button: "Generate codes", Action: views.RecoveryCodesURL(),
	})
}

func (p securityPages) replaceCodes(w http.ResponseWriter, r *http.Request) error {
	codes, err := p.store.Identity.SecondFactors.NewRecoveryCodes(r.Context(), by(r))
	if err != nil {
		return err
	}
	return p.showCodes(w, r, "New recovery codes", codes)
}

// recoveryCode matches a recovery code.
var recoveryCode = regexp.MustCompile(`^[0-9a-z]{4}(-[0-9a-z]{4}){3}$`)

// downloadCodes sends the recovery codes that a page shows as a file. They come from the page: nobody
// else has them.
func (p securityPages) downloadCodes(w http.ResponseWriter, r *http.Request) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Recovery codes for %s\n%s\nEach works once.\n\n", p.publicURL, signedInAs(r).user.Email)
	for _, code := range r.PostForm["code"] {
		if !recoveryCode.MatchString(code) {
			return access.Invalid{{Field: "code", Code: access.Bad, Message: "These aren't recovery codes."}}
		}
		text.WriteString(code + "\n")
	}
	w.Header().Set("Content-Disposition", `attachment; filename="recovery-codes.txt"`)
	return plain(w, text.String())
}

// showQuestion shows a page that asks before something is done.
func (p securityPages) showQuestion(w http.ResponseWriter, r *http.Request, title string, q views.Question) error {
	return p.render(w, r, http.StatusOK, views.Page{Title: title, Body: views.QuestionPage(q)})
}

// endSession ends another session of the user's.
func (p securityPages) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := p.store.Identity.Sessions.EndSessionByID(r.Context(), by(r), r.PathValue("id")); err != nil {
		return err
	}
	return p.done(w, r, views.SecurityURL()+"#sessions", views.Flash{Text: "Session signed out."})
}

// confirmEndOtherSessions asks before all other sessions end.
func (p securityPages) confirmEndOtherSessions(w http.ResponseWriter, r *http.Request) error {
	sessions, err := p.store.Identity.Sessions.List(r.Context(), by(r))
	if err != nil {
		return err
	}
	return p.showQuestion(w, r, "Sign out other sessions", views.EndOthers(len(sessions)-1, p.now(r)))
}

// endOtherSessions ends all of the user's sessions but this one.
func (p securityPages) endOtherSessions(w http.ResponseWriter, r *http.Request) error {
	n, err := p.store.Identity.Sessions.EndOtherSessions(r.Context(), by(r), signedInAs(r).session.ID)
	if err != nil {
		return err
	}
	words := fmt.Sprintf("%d other sessions signed out.", n)
	if n == 1 {
		words = "The other session was signed out."
	}
	return p.done(w, r, views.SecurityURL()+"#sessions", views.Flash{Text: words})
}
