package main

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models/access"
)

// outside is what serve is told about what stands before the console and beside it.
type outside struct {
	rateLimit, proxies               string
	oidcIssuer, oidcClient, oidcName string
}

// The secret of the OIDC client comes from the environment only: the arguments of a
// program are for all to see.
const (
	oidcSecret     = "OIDC_CLIENT_SECRET"
	oidcSecretFile = "OIDC_CLIENT_SECRET_FILE"
)

func (o *outside) declare(c *command) {
	c.setting(&o.rateLimit, "rate-limit", "RATE_LIMIT", "6000", "`CALLS` of the API that a token may make in a minute; 0 for any number")
	c.setting(&o.proxies, "trusted-proxies", "TRUSTED_PROXIES", "",
		"`ADDRESSES` and ranges, between commas, of the proxies whose X-Forwarded-For is believed")
	c.setting(&o.oidcIssuer, "oidc-issuer", "OIDC_ISSUER", "", "`URL` of an OpenID Connect provider that people can sign in with")
	c.setting(&o.oidcClient, "oidc-client-id", "OIDC_CLIENT_ID", "",
		"`ID` of the console at the provider; its secret is in "+oidcSecret+", or in the file that "+oidcSecretFile+" names")
	c.setting(&o.oidcName, "oidc-name", "OIDC_NAME", "", "`NAME` of the provider on the sign-in page; its host unless given")
}

// config is what it comes to.
func (o *outside) config(getenv func(string) string) (handlers.Config, error) {
	var config handlers.Config
	var err error
	if config.RateLimit, err = strconv.Atoi(o.rateLimit); err != nil || config.RateLimit < 0 {
		return config, misusef("-rate-limit takes a number of calls like 6000, or 0 for any number, not %q", o.rateLimit)
	}
	if config.TrustedProxies, err = access.ParseNetworks(o.proxies); err != nil {
		return config, misusef("-trusted-proxies takes addresses like 10.0.0.2,10.1.0.0/16: %s", explain(err))
	}
	config.OIDC, err = o.oidc(getenv)
	return config, err
}

// oidc is the provider, or nil where none is named.
func (o *outside) oidc(getenv func(string) string) (*handlers.OIDC, error) {
	if o.oidcIssuer == "" && o.oidcClient == "" {
		return nil, nil
	}
	issuer, err := handlers.ParseIssuer(o.oidcIssuer)
	switch {
	case err != nil:
		return nil, misusef("-oidc-issuer takes the address of a provider like https://login.example.com, not %q: %s", o.oidcIssuer, err)
	case o.oidcClient == "":
		return nil, misusef("-oidc-issuer needs -oidc-client-id, too")
	}
	secret, err := clientSecret(getenv)
	name := o.oidcName
	if at, err := url.Parse(issuer); err == nil && name == "" {
		name = at.Hostname()
	}
	return &handlers.OIDC{Issuer: issuer, ClientID: o.oidcClient, ClientSecret: secret, Name: name}, err
}

func clientSecret(getenv func(string) string) (string, error) {
	file := getenv(oidcSecretFile)
	if file == "" {
		return getenv(oidcSecret), nil
	}
	secret, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("the secret of the OIDC client can't be read: %w", err)
	}
	return strings.TrimSpace(string(secret)), nil
}
