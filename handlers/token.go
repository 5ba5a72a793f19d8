package handlers

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// tokenPages are the pages of API tokens.
type tokenPages struct {
	*site
	rateLimit int
}

// list shows the list of API tokens.
func (p tokenPages) list(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "whose", "user", "after", "before")
	list := views.TokenList{Others: by(r).May(access.ManageTokens), Done: len(signedInAs(r).flashes()) > 0, By: by(r), Now: p.now(r)}
	var err error
	if list.At, list.User, err = p.listAt(r, a); err != nil {
		return err
	}
	query := identity.TokenQuery{User: list.At.User, Range: a.page(0)}
	if list.At.Whose == "own" {
		query.User = by(r).UserID
	}
	query.After, query.Before = a.cursors(func(cursor db.Cursor) bool { return cursor.Value == "" })
	page, err := p.store.Identity.Tokens.Tokens(r.Context(), by(r), query)
	if err != nil {
		return err
	}
	list.Rows, list.Notes = page.Tokens, a.notes
	if n := len(page.Tokens); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More, page.Tokens[0].ID, page.Tokens[n-1].ID)
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: views.Tokens, SettingsTab: true, Body: views.TokensPage(list)})
}

// listAt returns whose tokens an address asks for, and the name of the user if it names one.
func (p tokenPages) listAt(r *http.Request, a *address) (at views.TokensAt, name string, err error) {
	at.Whose, at.User = a.one("whose", "own"), a.get("user")
	if at.User == "" {
		return at, "", nil
	}
	person, err := p.store.Identity.Users.Account(r.Context(), by(r), at.User)
	switch {
	case err == nil && by(r).May(access.ManageTokens):
		at.Whose = ""
		return at, person.Name, nil
	case err == nil, errors.Is(err, access.ErrNotFound), errors.Is(err, access.ErrDenied):
		at.User = a.one("user") // which nobody is whose tokens the reader may see
		return at, "", nil
	}
	return at, "", err
}

// show shows a token and how it was used.
func (p tokenPages) show(w http.ResponseWriter, r *http.Request) error {
	token, err := p.store.Identity.Tokens.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	use, err := p.store.Identity.Tokens.TokenUse(r.Context(), by(r), token.ID)
	if err != nil {
		return err
	}
	detail := views.TokenDetail{
		Token: token, Use: use, By: by(r), PerMinute: p.rateLimit, Done: len(signedInAs(r).flashes()) > 0, Now: p.now(r),
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: token.Name, Body: views.TokenPage(detail)})
}

// new shows the form for a new token.
func (p tokenPages) new(w http.ResponseWriter, r *http.Request) error {
	return p.showNew(w, r, http.StatusOK, views.TokenForm{Key: rand.Text(), Preset: "read", Expires: "90"})
}

func (p tokenPages) showNew(w http.ResponseWriter, r *http.Request, status int, form views.TokenForm) error {
	form.By = by(r)
	return p.render(w, r, status, views.Page{
		Title: "New API token", Failed: len(form.Problems) > 0, Body: views.NewToken(form),
	})
}

// create creates a token.
func (p tokenPages) create(w http.ResponseWriter, r *http.Request) error {
	form := views.TokenForm{
		Key: r.PostFormValue("key"), Name: r.PostFormValue("name"), Preset: r.PostFormValue("scope"), Scopes: r.PostForm["scopes"],
		Networks: r.PostFormValue("networks"), Expires: r.PostFormValue("expires"),
	}
	networks, err := access.ParseNetworks(form.Networks)
	form.Problems, _ = problems(err)
	made := identity.NewToken{Name: form.Name, Scopes: chosenScopes(r), Networks: networks, ExpiresAt: p.expiry(form.Expires)}
	if len(form.Problems) > 0 { // what else is wrong is said together
		made.Networks = nil
		wrong, _ := problems(p.store.Identity.Tokens.CheckToken(by(r), made))
		form.Problems = slices.Concat(wrong, form.Problems)
		return p.showNew(w, r, http.StatusUnprocessableEntity, form)
	}
	token, secret, err := p.store.Identity.Tokens.CreateToken(r.Context(), by(r), made, formKey(r))
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return p.showNew(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return p.showSecret(w, r, http.StatusCreated, views.TokenSecret{Token: token, Secret: secret})
}

// showSecret shows a secret, which is in this response and nowhere else. That is why it isn't a
// redirect.
func (p tokenPages) showSecret(w http.ResponseWriter, r *http.Request, status int, t views.TokenSecret) error {
	t.Origin, t.Now = p.publicURL, p.now(r)
	return p.render(w, r, status, views.Page{Title: t.Name, Body: views.TokenSecretPage(t)})
}

// chosenScopes returns the scopes that the form asks for. The boxes count if none of the presets is
// chosen.
func chosenScopes(r *http.Request) access.Scopes {
	switch preset := r.PostFormValue("scope"); preset {
	case "read", "write":
		return views.Preset(by(r), preset)
	case "choose":
		var scopes access.Scopes
		for _, word := range r.PostForm["scopes"] {
			scopes = append(scopes, access.Right(word))
		}
		return scopes
	}
	return nil
}

// expiry returns the time that a choice of the form means; nil is never. For an invalid choice it is
// now, which the store refuses.
func (p tokenPages) expiry(choice string) *int64 {
	if choice == "never" {
		return nil
	}
	days, _ := strconv.Atoi(choice)
	at := p.store.DB.Now().AddDate(0, 0, min(max(days, 0), 3650)).Unix()
	return &at
}

// confirmRotate shows the form that gives a token a new secret.
func (p tokenPages) confirmRotate(w http.ResponseWriter, r *http.Request) error {
	token, err := p.store.Identity.Tokens.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if token.UserID != by(r).UserID {
		return p.refuseRotate(w, r, token)
	}
	return p.showRotate(w, r, http.StatusOK, views.RotateForm{Token: token, Key: rand.Text(), Overlap: "24"})
}

func (p tokenPages) showRotate(w http.ResponseWriter, r *http.Request, status int, form views.RotateForm) error {
	form.Now = p.now(r)
	return p.render(w, r, status, views.Page{
		Title: "Rotate " + form.Name, Failed: len(form.Problems) > 0, Body: views.RotateToken(form),
	})
}

// refuseRotate says who alone can rotate a token.
func (p tokenPages) refuseRotate(w http.ResponseWriter, r *http.Request, token identity.Token) error {
	p.showFailure(w, r, views.Failure{
		Status: http.StatusForbidden, Title: "You don't have permission to do that", RequestID: requestID(r), Now: p.now(r),
		Sentence: "Only " + text.Isolated(token.UserName) + " can rotate this token, because its new secret acts in their name. You can revoke it.",
	})
	return nil
}

// rotate gives a token a new secret.
func (p tokenPages) rotate(w http.ResponseWriter, r *http.Request) error {
	token, err := p.store.Identity.Tokens.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	form := views.RotateForm{Token: token, Key: r.PostFormValue("key"), Overlap: r.PostFormValue("overlap")}
	rotated, secret, err := p.store.Identity.Tokens.RotateToken(r.Context(), by(r), token.ID, overlap(form.Overlap), formKey(r))
	var invalid bool
	switch form.Problems, invalid = problems(err); {
	case invalid:
		return p.showRotate(w, r, http.StatusUnprocessableEntity, form)
	case errors.Is(err, identity.ErrNotOwner):
		return p.refuseRotate(w, r, token)
	case err != nil:
		return err
	}
	return p.showSecret(w, r, http.StatusOK, views.TokenSecret{Token: rotated, Secret: secret, Rotated: true})
}

// overlap returns the time that a choice of the form means, or one that the store refuses.
func overlap(choice string) time.Duration {
	hours, err := strconv.Atoi(choice)
	if err != nil || hours < 0 || hours > 72 {
		return -1
	}
	return time.Duration(hours) * time.Hour
}

// confirmEndOldSecret asks before the secret from before a rotation is revoked.
func (p tokenPages) confirmEndOldSecret(w http.ResponseWriter, r *http.Request) error {
	return p.confirm(w, r, "Revoke the old secret of ", views.EndOldSecret)
}

// confirm shows a question about a token.
func (p tokenPages) confirm(w http.ResponseWriter, r *http.Request, title string, body func(identity.Token, views.Clock) templ.Component) error {
	token, err := p.store.Identity.Tokens.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: title + token.Name, Body: body(token, p.now(r))})
}

// endOldSecret revokes the secret from before a rotation.
func (p tokenPages) endOldSecret(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := p.store.Identity.Tokens.EndOldSecret(r.Context(), by(r), id); err != nil {
		return err
	}
	return p.done(w, r, views.TokenURL(id), views.Flash{Text: "Old secret revoked. Programs that still use it lose access."})
}

// confirmRevoke asks before a token is revoked.
func (p tokenPages) confirmRevoke(w http.ResponseWriter, r *http.Request) error {
	return p.confirm(w, r, "Revoke ", views.RevokeToken)
}

// revoke revokes a token.
func (p tokenPages) revoke(w http.ResponseWriter, r *http.Request) error {
	token, err := p.store.Identity.Tokens.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := p.store.Identity.Tokens.RevokeToken(r.Context(), by(r), token.ID); err != nil {
		return err
	}
	return p.done(w, r, views.TokensURL(), views.Flash{Text: text.Isolated(token.Name) + " revoked. Programs that use it lose access."})
}
