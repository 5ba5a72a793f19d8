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

// security shows how somebody signs in, and where they are signed in.
func (c *Console) security(w http.ResponseWriter, r *http.Request) error {
	s := views.Security{Possible: c.passkeys != nil, Current: visitOf(r).stored.ID, Now: c.now(r)}
	var err error
	if s.Factors, err = c.store.Identity.Factors(r.Context(), by(r).UserID); err != nil {
		return err
	}
	if s.Passkeys, err = c.store.Identity.Passkeys(r.Context(), by(r)); err != nil {
		return err
	}
	if s.Sessions, err = c.ownSessions(r); err != nil {
		return err
	}
	if s.Due, err = c.store.Identity.FactorDue(r.Context(), visitOf(r).user); err != nil {
		return err
	}
	if s.Linked, err = c.linked(r, by(r).UserID); err != nil {
		return err
	}
	s.Must, s.Role, s.Next = visitOf(r).must, visitOf(r).user.Role, localPath(r.FormValue("next"))
	return c.show(w, r, http.StatusOK, views.Page{Title: s.Title(), Section: "Account", Body: views.SecurityPage(s)})
}

// ownSessions are the sessions of who makes the request: this one, then the newest first.
func (c *Console) ownSessions(r *http.Request) ([]identity.Session, error) {
	found, err := c.store.Identity.Sessions(r.Context(), by(r))
	this := slices.IndexFunc(found, func(s identity.Session) bool { return s.ID == visitOf(r).stored.ID })
	if this > 0 {
		found = slices.Insert(slices.Delete(found, this, this+1), 0, visitOf(r).stored)
	}
	return found, err
}

// newApp shows what an app is set up with.
func (c *Console) newApp(w http.ResponseWriter, r *http.Request) error {
	return c.showNewApp(w, r, http.StatusOK, nil)
}

func (c *Console) showNewApp(w http.ResponseWriter, r *http.Request, status int, problems access.Invalid) error {
	key, err := c.store.Identity.NewTOTP(r.Context(), by(r))
	if err != nil {
		return err
	}
	return c.show(w, r, status, views.Page{
		Title: "Set up an app", Section: "Security", Failed: len(problems) > 0,
		Body: views.NewAppPage(views.NewApp{Key: key, Next: localPath(r.FormValue("next")), Problems: problems}),
	})
}

// confirmApp turns codes from an app on. The recovery codes are in this answer and nowhere
// else, which is why it is no redirect.
func (c *Console) confirmApp(w http.ResponseWriter, r *http.Request) error {
	codes, err := c.store.Identity.ConfirmTOTP(r.Context(), by(r), r.PostFormValue("code"))
	if status, problems := c.refusal(w, err, "code", ""); status != 0 {
		return c.showNewApp(w, r, status, problems)
	}
	if invalid, ok := problems(err); ok {
		return c.showNewApp(w, r, http.StatusUnprocessableEntity, invalid)
	}
	if err != nil {
		return err
	}
	return c.showCodes(w, r, "Codes from your app are on", codes)
}

// showCodes shows new recovery codes, under a new session id.
func (c *Console) showCodes(w http.ResponseWriter, r *http.Request, title string, codes []string) error {
	if err := c.renew(w, r, false); err != nil {
		return err
	}
	kept := views.RecoveryCodes{Codes: codes, Title: title, To: next(r, views.SecurityURL())}
	if v := visitOf(r); v.must { // no longer
		v.must, kept.To = false, next(r, views.HomeURL())
	}
	return c.show(w, r, http.StatusCreated, views.Page{Title: "Recovery codes", Section: "Security", Body: views.RecoveryCodesPage(kept)})
}

// askAppOff asks before codes from an app are turned off.
func (c *Console) askAppOff(w http.ResponseWriter, r *http.Request) error {
	words := "Codes from the app are no longer asked for when you sign in. To use them again, you set the app up anew."
	warning, err := c.lastFactor(r)
	if err != nil {
		return err
	}
	return c.question(w, r, "Turn off codes", views.Question{
		Title: "Turn off codes from your app?", Words: words, Warning: warning, Button: "Turn off", Action: views.TOTPOffURL(), Danger: true,
	})
}

// lastFactor is what to tell somebody before a second factor of theirs goes: a warning
// where it is the only one and the rules ask for one, or else "".
func (c *Console) lastFactor(r *http.Request) (string, error) {
	policy, err := c.store.Identity.Policy(r.Context())
	role := visitOf(r).user.Role
	if err != nil || !policy.Needs(role, c.store.DB.Now()) {
		return "", err
	}
	factors, err := c.store.Identity.Factors(r.Context(), by(r).UserID)
	if err != nil || factors.AppSince != nil && factors.Passkeys > 0 || factors.Passkeys > 1 {
		return "", err
	}
	return views.LastFactor(role), nil
}

func (c *Console) appOff(w http.ResponseWriter, r *http.Request) error {
	if err := c.store.Identity.TurnOffTOTP(r.Context(), by(r)); err != nil {
		return err
	}
	if err := c.renew(w, r, false); err != nil {
		return err
	}
	return c.done(w, r, views.SecurityURL(), views.Flash{Text: "Codes from your app are off."})
}

// askCodes asks before recovery codes are replaced.
func (c *Console) askCodes(w http.ResponseWriter, r *http.Request) error {
	words := "You get ten new codes. Those that you have now no longer work."
	return c.question(w, r, "New recovery codes", views.Question{
		Title: "Make new recovery codes?", Words: words, Button: "Make new codes", Action: views.RecoveryCodesURL(),
	})
}

func (c *Console) newCodes(w http.ResponseWriter, r *http.Request) error {
	codes, err := c.store.Identity.NewRecoveryCodes(r.Context(), by(r))
	if err != nil {
		return err
	}
	return c.showCodes(w, r, "New recovery codes", codes)
}

// recoveryCode is what a recovery code looks like.
var recoveryCode = regexp.MustCompile(`^[0-9a-z]{4}(-[0-9a-z]{4}){3}$`)

// codesFile answers the recovery codes that a page shows as a file. The page sends them:
// nobody else has them.
func (c *Console) codesFile(w http.ResponseWriter, r *http.Request) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Recovery codes for %s\n%s\nEach works once.\n\n", c.publicURL, visitOf(r).user.Email)
	for _, code := range r.PostForm["code"] {
		if !recoveryCode.MatchString(code) {
			return access.Invalid{{Field: "code", Code: access.Bad, Message: "These are no recovery codes."}}
		}
		text.WriteString(code + "\n")
	}
	w.Header().Set("Content-Disposition", `attachment; filename="recovery-codes.txt"`)
	return plain(w, text.String())
}

// question shows a page that asks before something is done.
func (c *Console) question(w http.ResponseWriter, r *http.Request, title string, q views.Question) error {
	return c.show(w, r, http.StatusOK, views.Page{Title: title, Section: "Security", Body: views.QuestionPage(q)})
}

// endSession ends another session of one's own.
func (c *Console) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := c.store.Identity.EndSessionByID(r.Context(), by(r), r.PathValue("id")); err != nil {
		return err
	}
	return c.done(w, r, views.SecurityURL()+"#sessions", views.Flash{Text: "Session ended."})
}

// askEndOtherSessions asks before all other sessions end.
func (c *Console) askEndOtherSessions(w http.ResponseWriter, r *http.Request) error {
	sessions, err := c.store.Identity.Sessions(r.Context(), by(r))
	if err != nil {
		return err
	}
	return c.question(w, r, "End other sessions", views.EndOthers(len(sessions)-1, c.now(r)))
}

// endOtherSessions ends all sessions but the one that asks for it.
func (c *Console) endOtherSessions(w http.ResponseWriter, r *http.Request) error {
	n, err := c.store.Identity.EndOtherSessions(r.Context(), by(r), visitOf(r).session.ID)
	if err != nil {
		return err
	}
	words := fmt.Sprintf("%d other sessions ended.", n)
	if n == 1 {
		words = "The other session ended."
	}
	return c.done(w, r, views.SecurityURL()+"#sessions", views.Flash{Text: words})
}
