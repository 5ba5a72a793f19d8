package handlers

import (
	"crypto/rand"
	"net/http"
	"strconv"

	"protocol.chat/console/models"
	"protocol.chat/console/views"
)

// tokens shows the list of API tokens.
func (c *Console) tokens(w http.ResponseWriter, r *http.Request) error {
	tokens, err := c.store.Tokens(r.Context(), by(r))
	if err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: views.Tokens, Section: views.Tokens, Body: views.TokensPage(tokens, c.now(r))})
}

// newToken shows the form for a new token.
func (c *Console) newToken(w http.ResponseWriter, r *http.Request) error {
	return c.showNewToken(w, r, http.StatusOK, views.TokenForm{Key: rand.Text(), Scope: "read", Expires: "90"})
}

func (c *Console) showNewToken(w http.ResponseWriter, r *http.Request, status int, form views.TokenForm) error {
	return c.show(w, r, status, views.Page{
		Title: "New API token", Section: views.Tokens, Failed: len(form.Problems) > 0, Body: views.NewToken(form),
	})
}

// createToken makes a token. Its secret is in this answer and nowhere else, which
// is why this form is not answered by a redirect.
func (c *Console) createToken(w http.ResponseWriter, r *http.Request) error {
	form := views.TokenForm{Key: r.PostFormValue("key"), Name: r.PostFormValue("name"), Scope: r.PostFormValue("scope"), Expires: r.PostFormValue("expires")}
	token, secret, err := c.store.CreateToken(r.Context(), by(r), models.NewToken{
		Name: form.Name, Scopes: presetScopes(form.Scope), ExpiresAt: c.expiry(form.Expires),
	}, formKey(r))
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return c.showNewToken(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	made := views.TokenMade{Token: token, Secret: secret, Origin: c.publicURL, Now: c.now(r)}
	return c.show(w, r, http.StatusCreated, views.Page{Title: token.Name, Section: views.Tokens, Body: views.NewTokenSecret(made)})
}

// presetScopes is what a choice of the form means.
func presetScopes(choice string) models.Scopes {
	scopes, err := models.ParseScopes(choice)
	if err != nil {
		return nil
	}
	return scopes
}

// expiry is the moment that a choice of the form means; nil is never. For what is
// no choice it is now, which the store refuses.
func (c *Console) expiry(choice string) *int64 {
	if choice == "never" {
		return nil
	}
	days, _ := strconv.Atoi(choice)
	at := c.store.Now().AddDate(0, 0, min(max(days, 0), 3650)).Unix()
	return &at
}

// askRevokeToken asks before a token is revoked.
func (c *Console) askRevokeToken(w http.ResponseWriter, r *http.Request) error {
	token, err := c.store.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: "Revoke " + token.Name, Section: views.Tokens, Body: views.RevokeToken(token, c.now(r))})
}

// revokeToken makes a token useless.
func (c *Console) revokeToken(w http.ResponseWriter, r *http.Request) error {
	token, err := c.store.Token(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.store.RevokeToken(r.Context(), by(r), token.ID); err != nil {
		return err
	}
	return c.done(w, r, views.TokensURL()+"#main", views.Flash{Text: token.Name + " revoked. Programs that use it are refused from now on."})
}
