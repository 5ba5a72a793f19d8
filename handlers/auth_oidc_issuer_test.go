package handlers_test

import (
	"strings"
	"testing"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models/modelstest"
)

// TestAProviderIsFoundBySlashOrWithout: it names itself in one way, and people write it in
// the other.
func TestAProviderIsFoundBySlashOrWithout(t *testing.T) {
	p := startProvider(t)
	store := modelstest.Open(t, modelstest.SQLite)
	modelstest.SecretsOf(store).Keep(modelstest.ProviderCode, clientSecret)
	s := open(t, store, func(c *handlers.Config) {
		c.OIDC = &handlers.OIDC{Issuer: p.URL + "/", ClientID: clientID, ClientSecret: clientSecret, Name: "Acme"}
	})
	p.knows(t, s.url)
	s.setUp()
	p.person("anna", email, true)
	b := s.newBrowser()
	at := s.sent(b, "")
	b.get(s.back(at)).leads("/groups")
	if !strings.HasPrefix(at.String(), p.URL+"/") {
		t.Errorf("the browser is sent to %s", at)
	}
}
