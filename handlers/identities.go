package handlers

import (
	"net/http"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// linked returns the providers that somebody can sign in with, by the names that people
// call them.
func (c *Console) linked(r *http.Request, userID string) ([]views.Linked, error) {
	found, err := c.store.Identity.Identities(r.Context(), by(r), userID)
	var all []views.Linked
	for _, identity := range found {
		all = append(all, views.Linked{Name: c.issuerName(identity.Issuer), Identity: identity})
	}
	return all, err
}

// issuerName returns what people call an issuer: the configured provider has a name.
func (c *Console) issuerName(issuer string) string {
	if c.oidc != nil && c.oidc.Issuer == issuer {
		return c.oidc.Name
	}
	return issuer
}

// linkedWith returns the provider of a request's address, or a Conflict if the user is not
// linked with it.
func (c *Console) linkedWith(r *http.Request, userID string) (views.Linked, error) {
	all, err := c.linked(r, userID)
	if err != nil {
		return views.Linked{}, err
	}
	for _, link := range all {
		if link.Issuer == r.FormValue("issuer") {
			return link, nil
		}
	}
	return views.Linked{}, access.Conflict{Message: "This account is not linked with that provider, or no longer."}
}

// askUnlink asks before one's own identity at a provider is unlinked.
func (c *Console) askUnlink(w http.ResponseWriter, r *http.Request) error {
	link, err := c.linkedWith(r, by(r).UserID)
	if err != nil {
		return err
	}
	return c.question(w, r, "Unlink "+link.Name, views.Unlink(link))
}

func (c *Console) unlink(w http.ResponseWriter, r *http.Request) error {
	issuer := r.FormValue("issuer")
	if _, err := c.store.Identity.UnlinkIdentity(r.Context(), by(r), by(r).UserID, issuer); err != nil {
		return err
	}
	if err := c.renew(w, r, false); err != nil {
		return err
	}
	return c.done(w, r, views.SecurityURL()+"#linked", views.Flash{Text: c.issuerName(issuer) + " unlinked."})
}

// askUnlinkPerson asks before somebody's identity at a provider is unlinked.
func (c *Console) askUnlinkPerson(w http.ResponseWriter, r *http.Request) error {
	return c.askAbout(w, r, "Unlink ", func(q views.UserQuestion) templ.Component {
		issuer := r.FormValue("issuer")
		return views.UnlinkUser(q, views.Linked{Name: c.issuerName(issuer), Identity: identity.Identity{Issuer: issuer}})
	})
}

func (c *Console) unlinkPerson(w http.ResponseWriter, r *http.Request) error {
	issuer := r.FormValue("issuer")
	if r.PathValue("id") == by(r).UserID {
		return access.Conflict{Message: "This is your own account. Unlink it under Security."}
	}
	u, err := c.store.Identity.UnlinkIdentity(r.Context(), by(r), r.PathValue("id"), issuer)
	return c.didTo(w, r, u, err, " is no longer linked with "+c.issuerName(issuer)+", and is signed out.")
}
