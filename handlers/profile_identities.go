package handlers

import (
	"net/http"

	"protocol.chat/console/models/access"
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
