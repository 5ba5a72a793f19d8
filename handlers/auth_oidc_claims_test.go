package handlers_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// providerKey signs tokens whose claims a test has changed.
var providerKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// says changes what the provider's tokens say; a nil value takes a claim away.
func (p *providerOf) says(t *testing.T, changed map[string]any) {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	p.tamper["/keys"] = func(string) string {
		return fmt.Sprintf(`{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"test","e":"AQAB","n":%q}]}`, encode(providerKey().N.Bytes()))
	}
	p.tamper["/oauth/token"] = func(body string) string {
		var answer, claims map[string]any
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Error(err)
		}
		parts := strings.Split(fmt.Sprint(answer["id_token"]), ".")
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err := errors.Join(err, json.Unmarshal(payload, &claims)); err != nil {
			t.Error(err)
		}
		for name, value := range changed {
			if claims[name] = value; value == gone {
				delete(claims, name)
			}
		}
		payload, _ = json.Marshal(claims)
		signed := encode([]byte(`{"alg":"RS256","kid":"test"}`)) + "." + encode(payload)
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(rand.Reader, providerKey(), crypto.SHA256, sum[:])
		if err != nil {
			t.Error(err)
		}
		answer["id_token"] = signed + "." + encode(signature)
		changed, _ := json.Marshal(answer)
		return string(changed)
	}
}

// gone is the value of a claim that a token lacks.
const gone = "\x00gone"

// TestClaimsThatTheLibraryLeavesToItsCaller: a token is for somebody, and for this console.
func TestClaimsThatTheLibraryLeavesToItsCaller(t *testing.T) {
	eachProvider(t, func(s *site, p *providerOf) {
		p.person("anna", email, true)
		for name, tc := range map[string]struct {
			claims map[string]any
			good   bool
		}{
			"as it is":                    {nil, true},
			"no subject":                  {map[string]any{"sub": gone}, false},
			"an empty subject":            {map[string]any{"sub": ""}, false},
			"a blank subject":             {map[string]any{"sub": " "}, false},
			"null for a subject":          {map[string]any{"sub": nil}, false},
			"a number for a subject":      {map[string]any{"sub": 7}, false},
			"one audience, as a list":     {map[string]any{"aud": []string{clientID}, "azp": gone}, true},
			"two audiences, for us":       {map[string]any{"aud": []string{"other", clientID}, "azp": clientID}, true},
			"two audiences, for nobody":   {map[string]any{"aud": []string{"other", clientID}, "azp": gone}, false},
			"two audiences, for another":  {map[string]any{"aud": []string{"other", clientID}, "azp": "other"}, false},
			"one audience, for another":   {map[string]any{"azp": "other"}, false},
			"one audience, without party": {map[string]any{"aud": clientID, "azp": gone}, true},
			"another audience":            {map[string]any{"aud": "other", "azp": clientID}, false},
		} {
			claims := map[string]any{"email": email, "email_verified": true}
			for name, value := range tc.claims {
				claims[name] = value
			}
			p.says(s.T, claims)
			b := s.newBrowser()
			if p := s.through(b); tc.good && p.status != 303 || !tc.good && p.status != 400 {
				s.Errorf("%s: %d %s", name, p.status, p.text("main"))
			}
			if !tc.good {
				s.nobody(b)
			}
			modelstest.Exec(s.T, s.store, "DELETE FROM identities")
		}
	})
}

// TestWhereTheAddressIsVerified: providers say it as a word, or in the answer about the user
// alone.
func TestWhereTheAddressIsVerified(t *testing.T) {
	eachProvider(t, func(s *site, p *providerOf) {
		for name, tc := range map[string]struct {
			token    map[string]any
			userinfo any // what is said there of email_verified
			good     bool
		}{
			"as text in the token":               {map[string]any{"email": email, "email_verified": "true"}, false, true},
			"as text with the user":              {nil, "true", true},
			"with the user only":                 {map[string]any{"email": email, "email_verified": gone}, true, true},
			"as text with the user only":         {map[string]any{"email": email, "email_verified": gone}, "true", true},
			"nowhere":                            {map[string]any{"email": email, "email_verified": gone}, gone, false},
			"no, as text":                        {map[string]any{"email": email, "email_verified": "false"}, true, false},
			"no in the token":                    {map[string]any{"email": email, "email_verified": false}, true, false},
			"as a number":                        {map[string]any{"email": email, "email_verified": 1}, true, false},
			"null in the token, yes by the user": {map[string]any{"email": email, "email_verified": nil}, true, true},
			"no with the user":                   {nil, "false", false},
		} {
			p.person("anna", email, true)
			p.says(s.T, tc.token)
			p.tamper["/userinfo"] = func(body string) string {
				var said map[string]any
				if err := json.Unmarshal([]byte(body), &said); err != nil {
					s.Error(err)
				}
				if said["email_verified"] = tc.userinfo; tc.userinfo == gone {
					delete(said, "email_verified")
				}
				changed, _ := json.Marshal(said)
				return string(changed)
			}
			b := s.newBrowser()
			if p := s.through(b); tc.good && p.status != 303 || !tc.good && p.status != 403 {
				s.Errorf("%s: %d %s", name, p.status, p.text("main"))
			}
			modelstest.Exec(s.T, s.store, "DELETE FROM identities")
		}
	})
}

// TestARefusedProviderSaysWhy in the log and in Activity. The page says that an address is
// not verified, which is so whosever it is; it does not say more.
func TestARefusedProviderSaysWhy(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		p := startProvider(t)
		var log logBuffer
		s := open(t, store, func(c *handlers.Config) {
			c.OIDC = &handlers.OIDC{Issuer: p.URL, ClientID: clientID, ClientSecret: clientSecret, Name: "Acme"}
			c.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		modelstest.SecretsOf(store).Keep(modelstest.ProviderCode, clientSecret)
		p.knows(t, s.url)
		s.setUp()
		p.person("anna", email, true)
		s.through(s.newBrowser()).wants(303)
		for _, tc := range []struct {
			id, email   string
			verified    bool
			reason, say string
		}{
			{"eve", email, false, identity.UnverifiedAddress, "hasn't verified your email address"},
			{"eve2", "nobody@example.com", false, identity.UnverifiedAddress, "hasn't verified your email address"},
			{"eve3", "nobody@example.com", true, identity.UnknownAddress, "Ask an owner of the console for access."},
			{"eve4", "", true, identity.NoAddress, "Ask an owner of the console for access."},
			{"heir", email, true, identity.OtherIdentity, "Ask an owner of the console for access."},
		} {
			log.Reset()
			p.person(tc.id, tc.email, tc.verified)
			s.through(s.newBrowser()).wants(403).has(".summary", tc.say)
			if line := s.newest(); line.Action != audit.RefusedSignIn || !strings.Contains(line.Changes, tc.reason) {
				t.Errorf("%s: the newest line is %s %s", tc.id, line.Action, line.Changes)
			}
			if !strings.Contains(log.String(), tc.reason) {
				t.Errorf("%s: the log says %s", tc.id, log.String())
			}
		}
	})
}

// TestTwoSignInsAtOnce, begun in two tabs of a browser, both end where they were to lead,
// whichever comes back last; and going there again leads home.
func TestTwoSignInsAtOnce(t *testing.T) {
	eachProvider(t, func(s *site, p *providerOf) {
		p.person("anna", email, true)
		for _, lastFirst := range []bool{false, true} {
			b := s.newBrowser()
			ways := []*url.URL{s.sent(b, "/contacts"), s.sent(b, "/groups/new")}
			ends := []string{"/contacts", "/groups/new"}
			if lastFirst {
				ways[0], ways[1], ends[0], ends[1] = ways[1], ways[0], ends[1], ends[0]
			}
			var backs []string
			for _, way := range ways {
				backs = append(backs, s.back(way))
			}
			for i, back := range backs {
				b.get(back).leads(ends[i])
				b.get("/groups").wants(200)
			}
			for _, back := range backs {
				b.get(back).leads("/")
			}
			b.post("/logout").wants(303)
			b.get(backs[0]).wants(400).has(".summary", "already used or has expired")
		}
	})
}
