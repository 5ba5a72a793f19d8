package handlers

import (
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/views"
)

// linked returns the providers that a user can sign in with, by their names.
func (s *site) linked(r *http.Request, userID string) ([]views.Linked, error) {
	found, err := s.store.Identity.Providers.Identities(r.Context(), by(r), userID)
	var all []views.Linked
	for _, identity := range found {
		all = append(all, views.Linked{Name: s.issuerName(identity.Issuer), Identity: identity})
	}
	return all, err
}

// issuerName returns what people call an issuer: the configured provider has a name.
func (s *site) issuerName(issuer string) string {
	if s.oidc != nil && s.oidc.Issuer == issuer {
		return s.oidc.Name
	}
	return issuer
}

// identityPages are the pages of the user's own accounts at providers.
type identityPages struct{ securityPages }

// linkedWith returns the provider of a request's address, or a Conflict if the user is not
// linked with it.
func (p identityPages) linkedWith(r *http.Request, userID string) (views.Linked, error) {
	all, err := p.linked(r, userID)
	if err != nil {
		return views.Linked{}, err
	}
	for _, link := range all {
		if link.Issuer == r.FormValue("issuer") {
			return link, nil
		}
	}
	return views.Linked{}, access.Conflict{Message: "This account isn't linked with that provider."}
}

// confirmDelete asks before one's own identity at a provider is unlinked.
func (p identityPages) confirmDelete(w http.ResponseWriter, r *http.Request) error {
	link, err := p.linkedWith(r, by(r).UserID)
	if err != nil {
		return err
	}
	return p.showQuestion(w, r, "Unlink "+link.Name, views.Unlink(link))
}

func (p identityPages) delete(w http.ResponseWriter, r *http.Request) error {
	issuer := r.FormValue("issuer")
	if _, err := p.store.Identity.Providers.UnlinkIdentity(r.Context(), by(r), by(r).UserID, issuer); err != nil {
		return err
	}
	if err := p.renew(w, r, false); err != nil {
		return err
	}
	return p.done(w, r, views.SecurityURL()+"#linked", views.Flash{Text: p.issuerName(issuer) + " unlinked."})
}
