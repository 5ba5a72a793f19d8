package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// confirmed lets only those go on who have lately proved who they are, and asks others to
// do so. A form that is sent by them waits in the page that asks, and goes on from there:
// nothing typed is lost.
func (c *Console) confirmed(handle pageHandler) pageHandler {
	return func(w http.ResponseWriter, r *http.Request) error {
		proof := takeProof(r)
		if visitOf(r).confirmedWithin(identity.ConfirmLimit, c.store.DB.Now()) {
			return handle(w, r)
		}
		if !proof.given {
			return c.askToConfirm(w, r, http.StatusForbidden, views.Confirm{Back: proof.back})
		}
		status, problems, err := c.prove(w, r, proof)
		if err != nil {
			return err
		}
		if status != 0 {
			return c.askToConfirm(w, r, status, views.Confirm{Back: proof.back, Problems: problems})
		}
		return handle(w, r)
	}
}

// confirm is where the page that asks for a proof leads when no form waits in it.
func (c *Console) confirm(w http.ResponseWriter, r *http.Request) error {
	to := next(r, views.SecurityURL())
	proof := takeProof(r)
	status, problems, err := c.prove(w, r, proof)
	if err != nil {
		return err
	}
	if status != 0 {
		return c.askToConfirm(w, r, status, views.Confirm{Next: string(to), Back: proof.back, Problems: problems})
	}
	return redirect(w, r, to)
}

// proof is what somebody shows to prove who they are.
type proof struct {
	identity.Proof
	passkey string
	given   bool
	// back is where somebody goes who does not want to prove it, or "".
	back string
}

// takeProof takes the proof out of a form, so that nothing that handles the form sees it.
func takeProof(r *http.Request) proof {
	p := proof{passkey: r.PostForm.Get(views.ConfirmPasskey), back: localPath(r.PostForm.Get(views.ConfirmBack))}
	p.Password, p.Code = r.PostForm.Get(views.ConfirmPassword), r.PostForm.Get(views.ConfirmCode)
	for name := range r.PostForm {
		if strings.HasPrefix(name, views.ConfirmPrefix) {
			p.given = p.given || name != views.ConfirmBack && name != views.ConfirmEmail
			r.PostForm.Del(name)
			r.Form.Del(name)
		}
	}
	return p
}

// prove checks a proof and, where it is right, gives the session a new id. Where it is
// wrong it answers a status and what to tell.
func (c *Console) prove(w http.ResponseWriter, r *http.Request, p proof) (int, access.Invalid, error) {
	field, words := views.ConfirmPassword, "The password is not right."
	var err error
	switch {
	case p.passkey != "":
		field, words = "", "The passkey was not accepted."
		err = c.store.Identity.Confirm(r.Context(), by(r), identity.Proof{Passkey: c.passkeyCheck(w, r, p.passkey)})
	default:
		if p.Code != "" {
			field, words = views.ConfirmCode, "This code is not right, or was used before."
		}
		err = c.store.Identity.Confirm(r.Context(), by(r), p.Proof)
	}
	if status, problems := c.refusal(w, err, field, words); status != 0 {
		return status, problems, nil
	}
	if err != nil {
		return 0, nil, err
	}
	return 0, nil, c.renew(w, r, true)
}

// askToConfirm shows, in place of a page, the one that asks to confirm who it is. It is
// whole even where a region was asked for, and then has a status that scripts show.
func (c *Console) askToConfirm(w http.ResponseWriter, r *http.Request, status int, ask views.Confirm) error {
	factors, err := c.store.Identity.Factors(r.Context(), by(r).UserID)
	if err != nil {
		return err
	}
	ask.App, ask.Passkey = factors.AppSince != nil, factors.Passkeys > 0 && c.passkeys != nil
	ask.Password = visitOf(r).user.PasswordHash != ""
	ask.Action = views.ConfirmURL()
	if ask.Next == "" {
		ask.Next = localPath(r.URL.RequestURI())
		if r.Method == http.MethodPost {
			ask.Action, ask.Next = templ.SafeURL(r.URL.RequestURI()), ""
			ask.Waiting = hidden(r.PostForm, func(name string) (string, bool) { return name, !isSecret(name) })
		}
	}
	ask.Email = visitOf(r).user.Email
	ask.Purpose = views.PurposeOf(cmp.Or(ask.Next, string(ask.Action)))
	ask.Back = cmp.Or(ask.Back, c.cameFrom(r), string(views.HomeURL()))
	if isPartial(r) && status == http.StatusForbidden {
		status = http.StatusUnprocessableEntity
	}
	frame, err := c.frame(w, r)
	if err != nil {
		return err
	}
	page := views.Page{
		Title: "Confirm that it is you", Section: ask.Purpose.Section, Failed: len(ask.Problems) > 0,
		Passkeys: ask.Passkey, Body: views.ConfirmPage(ask), Frame: frame,
	}
	return render(w, r, status, views.Document(page))
}

// cameFrom is the page of the console that led to a request, or "" where none did, or the
// page of the request itself.
func (c *Console) cameFrom(r *http.Request) string {
	path, here := strings.CutPrefix(r.Referer(), c.publicURL)
	path = localPath(path)
	if from, _, _ := strings.Cut(path, "?"); !here || from == r.URL.Path {
		return ""
	}
	return path
}

// isSecret reports whether a field of a form must never be shown again.
func isSecret(name string) bool {
	return strings.Contains(name, "password") || strings.HasSuffix(name, "credential") || strings.Contains(name, views.ConfirmPrefix)
}

// renew gives the session of the request another id. confirmed says that its owner has
// just proved who they are.
func (c *Console) renew(w http.ResponseWriter, r *http.Request, confirmed bool) error {
	v := visitOf(r)
	secret, err := c.store.Identity.RenewSession(r.Context(), v.session.ID, confirmed)
	if errors.Is(err, access.ErrNotFound) {
		return errSignedOut
	}
	if err != nil {
		return err
	}
	v.session.ID = secret
	if confirmed {
		v.stored.ConfirmedAt = c.store.DB.Now().Unix()
	}
	age := 0
	if v.remembered() {
		age = int(v.stored.EndsAt - c.store.DB.Now().Unix())
	}
	c.cookies.set(w, sessionCookie, secret, age)
	return nil
}

// confirmedWithin reports whether somebody has proved who they are so many seconds ago at most.
func (v *visit) confirmedWithin(seconds int64, now time.Time) bool {
	return now.Unix()-v.stored.ConfirmedAt < seconds
}
