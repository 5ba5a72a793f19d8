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

// tokens shows the list of API tokens.
func (c *Console) tokens(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "whose", "user", "after", "before")
	list := views.TokenList{Others: by(r).May(access.ManageTokens), Done: len(visitOf(r).flashes()) > 0, By: by(r), Now: c.now(r)}
	var err error
	if list.At, list.User, err = c.tokensAt(r, a); err != nil {
		return err
	}
	query := identity.TokenQuery{User: list.At.User, Range: a.page(0)}
	if list.At.Whose == "own" {
		query.User = by(r).UserID
	}
	query.After, query.Before = a.cursors(func(c db.Cursor) bool { return c.Value == "" })
	page, err := c.store.Identity.Tokens(r.Context(), by(r), query)
	if err != nil {
		return err
	}
	list.Rows, list.Notes = page.Tokens, a.notes
	if n := len(page.Tokens); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More, page.Tokens[0].ID, page.Tokens[n-1].ID)
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: views.Tokens, Section: views.Tokens, Body: views.TokensPage(list)})
}

// tokensAt is whose tokens an address asks for, and the name of somebody whom it names.
func (c *Console) tokensAt(r *http.Request, a *address) (at views.TokensAt, name string, err error) {
	at.Whose, at.User = a.one("whose", "own"), a.get("user")
	if at.User == "" {
		return at, "", nil
	}
	p, err := c.store.Identity.Person(r.Context(), by(r), at.User)
	switch {
	case err == nil && by(r).May(access.ManageTokens):
		at.Whose = ""
		return at, p.Name, nil
	case err == nil, errors.Is(err, access.ErrNotFound), errors.Is(err, access.ErrDenied):
		at.User = a.one("user") // which nobody is whose tokens the reader may see
		return at, "", nil
	}
	return at, "", err
}

// token shows one token, and what it was used for.
func (c *Console) token(w http.ResponseWriter, r *http.Request) error {
	token, err := c.store.Identity.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	use, err := c.store.Identity.TokenUse(r.Context(), by(r), token.ID)
	if err != nil {
		return err
	}
	detail := views.TokenDetail{
		Token: token, Use: use, By: by(r), PerMinute: c.rateLimit, Done: len(visitOf(r).flashes()) > 0, Now: c.now(r),
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: token.Name, Section: views.Tokens, Body: views.TokenPage(detail)})
}

// newToken shows the form for a new token.
func (c *Console) newToken(w http.ResponseWriter, r *http.Request) error {
	return c.showNewToken(w, r, http.StatusOK, views.TokenForm{Key: rand.Text(), Preset: "read", Expires: "90"})
}

func (c *Console) showNewToken(w http.ResponseWriter, r *http.Request, status int, form views.TokenForm) error {
	form.By = by(r)
	return c.show(w, r, status, views.Page{
		Title: "New API token", Section: views.Tokens, Failed: len(form.Problems) > 0, Body: views.NewToken(form),
	})
}

// createToken makes a token.
func (c *Console) createToken(w http.ResponseWriter, r *http.Request) error {
	form := views.TokenForm{
		Key: r.PostFormValue("key"), Name: r.PostFormValue("name"), Preset: r.PostFormValue("scope"), Scopes: r.PostForm["scopes"],
		Networks: r.PostFormValue("networks"), Expires: r.PostFormValue("expires"),
	}
	networks, err := access.ParseNetworks(form.Networks)
	form.Problems, _ = problems(err)
	made := identity.NewToken{Name: form.Name, Scopes: chosenScopes(r), Networks: networks, ExpiresAt: c.expiry(form.Expires)}
	if len(form.Problems) > 0 { // what else is wrong is said together
		made.Networks = nil
		wrong, _ := problems(c.store.Identity.CheckToken(by(r), made))
		form.Problems = slices.Concat(wrong, form.Problems)
		return c.showNewToken(w, r, http.StatusUnprocessableEntity, form)
	}
	token, secret, err := c.store.Identity.CreateToken(r.Context(), by(r), made, formKey(r))
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return c.showNewToken(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return c.showSecret(w, r, http.StatusCreated, views.TokenSecret{Token: token, Secret: secret})
}

// showSecret shows a secret, which is in this answer and nowhere else. That is why its
// form is not answered by a redirect.
func (c *Console) showSecret(w http.ResponseWriter, r *http.Request, status int, t views.TokenSecret) error {
	t.Origin, t.Now = c.publicURL, c.now(r)
	return c.show(w, r, status, views.Page{Title: t.Name, Section: views.Tokens, Body: views.TokenSecretPage(t)})
}

// chosenScopes is what the form says that a token may do. The boxes count where none of
// the presets is chosen.
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

// expiry is the moment that a choice of the form means; nil is never. For what is
// no choice it is now, which the store refuses.
func (c *Console) expiry(choice string) *int64 {
	if choice == "never" {
		return nil
	}
	days, _ := strconv.Atoi(choice)
	at := c.store.DB.Now().AddDate(0, 0, min(max(days, 0), 3650)).Unix()
	return &at
}

// askRollToken shows the form that gives a token a new secret.
func (c *Console) askRollToken(w http.ResponseWriter, r *http.Request) error {
	token, err := c.store.Identity.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if token.UserID != by(r).UserID {
		return c.refuseRoll(w, r, token)
	}
	return c.showRoll(w, r, http.StatusOK, views.RollForm{Token: token, Key: rand.Text(), Overlap: "24"})
}

func (c *Console) showRoll(w http.ResponseWriter, r *http.Request, status int, form views.RollForm) error {
	form.Now = c.now(r)
	return c.show(w, r, status, views.Page{
		Title: "Roll " + form.Name, Section: views.Tokens, Failed: len(form.Problems) > 0, Body: views.RollToken(form),
	})
}

// refuseRoll says who alone can roll a token.
func (c *Console) refuseRoll(w http.ResponseWriter, r *http.Request, token identity.Token) error {
	c.showFailure(w, r, views.Failure{
		Status: http.StatusForbidden, Title: "You may not do that", RequestID: requestID(r), Now: c.now(r),
		Sentence: "Only " + text.Isolated(token.UserName) + " can roll this token, because its new secret acts in their name. You can revoke it.",
	})
	return nil
}

// rollToken gives a token a new secret.
func (c *Console) rollToken(w http.ResponseWriter, r *http.Request) error {
	token, err := c.store.Identity.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	form := views.RollForm{Token: token, Key: r.PostFormValue("key"), Overlap: r.PostFormValue("overlap")}
	rolled, secret, err := c.store.Identity.RollToken(r.Context(), by(r), token.ID, overlap(form.Overlap), formKey(r))
	var invalid bool
	switch form.Problems, invalid = problems(err); {
	case invalid:
		return c.showRoll(w, r, http.StatusUnprocessableEntity, form)
	case errors.Is(err, identity.ErrNotYours):
		return c.refuseRoll(w, r, token)
	case err != nil:
		return err
	}
	return c.showSecret(w, r, http.StatusOK, views.TokenSecret{Token: rolled, Secret: secret, Rolled: true})
}

// overlap is what a choice of the form means; for what is no choice it is a time that the
// store refuses.
func overlap(choice string) time.Duration {
	hours, err := strconv.Atoi(choice)
	if err != nil || hours < 0 || hours > 72 {
		return -1
	}
	return time.Duration(hours) * time.Hour
}

// askEndOldSecret asks before the secret from before a roll ends.
func (c *Console) askEndOldSecret(w http.ResponseWriter, r *http.Request) error {
	return c.askAboutToken(w, r, "End the old secret of ", views.EndOldSecret)
}

// askAboutToken asks a question about a token.
func (c *Console) askAboutToken(w http.ResponseWriter, r *http.Request, title string, body func(identity.Token, views.Clock) templ.Component) error {
	token, err := c.store.Identity.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: title + token.Name, Section: views.Tokens, Body: body(token, c.now(r))})
}

// endOldSecret ends it.
func (c *Console) endOldSecret(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := c.store.Identity.EndOldSecret(r.Context(), by(r), id); err != nil {
		return err
	}
	return c.done(w, r, views.TokenURL(id), views.Flash{Text: "The old secret has ended. Programs that use it are refused from now on."})
}

// askRevokeToken asks before a token is revoked.
func (c *Console) askRevokeToken(w http.ResponseWriter, r *http.Request) error {
	return c.askAboutToken(w, r, "Revoke ", views.RevokeToken)
}

// revokeToken makes a token useless.
func (c *Console) revokeToken(w http.ResponseWriter, r *http.Request) error {
	token, err := c.store.Identity.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.store.Identity.RevokeToken(r.Context(), by(r), token.ID); err != nil {
		return err
	}
	return c.done(w, r, views.TokensURL(), views.Flash{Text: text.Isolated(token.Name) + " revoked. Programs that use it are refused from now on."})
}
