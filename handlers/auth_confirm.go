package handlers

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// confirmPages make users who are signed in prove again who they are.
type confirmPages struct{ *site }

// required wraps a handler that only those may use who have lately proved who they are; others are
// asked to. A form that they sent waits in the page that asks, and goes on from there: nothing
// typed is lost.
func (p confirmPages) required(handle pageHandler) pageHandler {
	return func(w http.ResponseWriter, r *http.Request) error {
		proof := takeProof(r)
		if signedInAs(r).confirmedWithin(identity.ConfirmLimit, p.store.DB.Now()) {
			return handle(w, r)
		}
		if !proof.given {
			return p.ask(w, r, http.StatusForbidden, views.Confirm{Back: proof.back})
		}
		status, problems, err := p.prove(w, r, proof)
		if err != nil {
			return err
		}
		if status != 0 {
			return p.ask(w, r, status, views.Confirm{Back: proof.back, Problems: problems})
		}
		return handle(w, r)
	}
}

// confirm takes the proof from a page in which no form waits, and leads to the next page.
func (p confirmPages) confirm(w http.ResponseWriter, r *http.Request) error {
	to := next(r, views.SecurityURL())
	proof := takeProof(r)
	status, problems, err := p.prove(w, r, proof)
	if err != nil {
		return err
	}
	if status != 0 {
		return p.ask(w, r, status, views.Confirm{Next: string(to), Back: proof.back, Problems: problems})
	}
	return redirect(w, r, to)
}

// proof is what somebody shows to prove who they are.
type proof struct {
	identity.Proof
	passkey string
	given   bool
	// back is where Cancel leads, or "".
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

// prove checks a proof and, if it is right, gives the session a new id. If it is wrong, it
// returns a status and what to show.
func (p confirmPages) prove(w http.ResponseWriter, r *http.Request, proof proof) (int, access.Invalid, error) {
	field, words := views.ConfirmPassword, "Incorrect password."
	var err error
	switch {
	case proof.passkey != "":
		field, words = "", "The passkey wasn't accepted."
		err = p.store.Identity.SignIns.Confirm(r.Context(), by(r), identity.Proof{Passkey: p.passkeys.checker(w, r, proof.passkey)})
	default:
		if proof.Code != "" {
			field, words = views.ConfirmCode, "Incorrect code, or it was already used."
		}
		err = p.store.Identity.SignIns.Confirm(r.Context(), by(r), proof.Proof)
	}
	if status, problems := p.refusal(w, err, field, words); status != 0 {
		return status, problems, nil
	}
	if err != nil {
		return 0, nil, err
	}
	return 0, nil, p.renew(w, r, true)
}

// ask shows the page that asks for a proof in place of another page. It is a whole page even if a
// region was asked for, and then has a status that scripts show.
func (p confirmPages) ask(w http.ResponseWriter, r *http.Request, status int, ask views.Confirm) error {
	factors, err := p.store.Identity.SecondFactors.Factors(r.Context(), by(r).UserID)
	if err != nil {
		return err
	}
	ask.App, ask.Passkey = factors.AppSince != nil, factors.Passkeys > 0 && p.passkeys.allowed()
	ask.Password = signedInAs(r).user.PasswordHash != ""
	ask.Action = views.ConfirmURL()
	if ask.Next == "" {
		ask.Next = localPath(r.URL.RequestURI())
		if r.Method == http.MethodPost {
			ask.Action, ask.Next = templ.SafeURL(r.URL.RequestURI()), ""
			ask.Waiting = hidden(r.PostForm, func(name string) (string, bool) { return name, !isSecret(name) })
		}
	}
	ask.Email = signedInAs(r).user.Email
	rt := p.routeAsked(r, ask)
	ask.Purpose = rt.stepUp
	ask.Back = cmp.Or(ask.Back, p.cameFrom(r), string(views.HomeURL()))
	if isPartial(r) && status == http.StatusForbidden {
		status = http.StatusUnprocessableEntity
	}
	frame, err := p.frame(w, r)
	if err != nil {
		return err
	}
	page := views.Page{
		Title: "Confirm it's you", Section: rt.section, Failed: len(ask.Problems) > 0,
		Passkeys: ask.Passkey, Body: views.ConfirmPage(ask), Frame: frame,
	}
	return respond(w, r, status, views.Document(page))
}

// routeAsked returns the route that somebody confirms for: the one of the request or, if that
// only confirms, the one of the page that comes next.
func (p confirmPages) routeAsked(r *http.Request, ask views.Confirm) *route {
	if ask.Next != "" {
		return p.routes.at(http.MethodGet, ask.Next)
	}
	return routeOf(r)
}
