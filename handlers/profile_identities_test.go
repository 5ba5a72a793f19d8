package handlers_test

import (
	"net/url"
	"testing"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// TestALinkedIdentityIsSeenAndUnlinked: by its owner under Security, and by who manages
// people on the page of the person.
func TestALinkedIdentityIsSeenAndUnlinked(t *testing.T) {
	eachProvider(t, func(s *site, p *providerOf) {
		ed, b := s.colleague(access.Editor)
		s.get("/users/"+ed.UserID).has("#access ~ dl", "Linked accountsNone")
		b.get("/profile/security").lacks("#linked")
		p.person("ed", "editor@example.com", true)
		s.through(s.newBrowser()).wants(303)

		link := b.get("/profile/security").has("#linked", "Linked accounts").doc.Find(`a[href*="/identity/"]`).AttrOr("href", "")
		if link != "/profile/security/identity/remove?issuer="+url.QueryEscape(p.URL) {
			s.Fatalf("the link is %q", link)
		}
		b.get(link).wants(200).has("h1", "Unlink Acme?")
		b.post(link).leads("/profile/security#linked")
		if line := s.newest(); line.Action != identity.UnlinkedIdentity || line.ActorID != ed.UserID {
			s.Errorf("%+v", line)
		}
		b.get(link).wants(409)
		b.get("/profile/security").lacks("#linked")

		s.through(s.newBrowser()).wants(303)
		there := "/users/" + ed.UserID
		link = s.get(there).has("#access ~ dl", "Acme").doc.Find(`a[href*="/identity"]`).AttrOr("href", "")
		s.get(link).wants(200).has("h1", "Unlink Some Editor from Acme?")
		s.post(link).leads(there).follow(s.browser).has(".flash", "unlinked from Acme")
		s.nobody(b) // signed out
		if line := s.newest(); line.Action != identity.UnlinkedIdentity || line.ActorID != s.by.UserID || line.ObjectID != ed.UserID {
			s.Errorf("%+v", line)
		}
	})
}
