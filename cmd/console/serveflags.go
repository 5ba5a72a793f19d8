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

// serveFlags are serve's flags about proxies, rate limits, avatars, webhooks and an OpenID Connect
// provider.
type serveFlags struct {
	rateLimit, proxies               string
	avatarFolder                     string
	oidcIssuer, oidcClient, oidcName string
	webhookLoopback                  bool
}

// The OIDC client's secret comes from the environment only: other users of the machine can see
// a program's arguments.
const (
	oidcSecret     = "OIDC_CLIENT_SECRET"
	oidcSecretFile = "OIDC_CLIENT_SECRET_FILE"
)

func (f *serveFlags) declare(c *command) {
	c.setting(&f.rateLimit, "rate-limit", "RATE_LIMIT", "6000", "API `REQUESTS` per minute and token; 0 for no limit")
	c.setting(&f.proxies, "trusted-proxies", "TRUSTED_PROXIES", "",
		"comma-separated `ADDRESSES` and ranges of proxies whose X-Forwarded-For is trusted")
	c.setting(&f.avatarFolder, "avatar-folder", "AVATAR_FOLDER", "",
		"`FOLDER` for copies of avatars, up to 256 MB; by default avatars next to the SQLite file, or in data/")
	c.flags.BoolVar(&f.webhookLoopback, "webhook-allow-loopback", false,
		"for development: webhooks may call this machine, and by http")
	c.environment["webhook-allow-loopback"] = "WEBHOOK_ALLOW_LOOPBACK"
	c.setting(&f.oidcIssuer, "oidc-issuer", "OIDC_ISSUER", "", "`URL` of an OpenID Connect provider that users can sign in with")
	c.setting(&f.oidcClient, "oidc-client-id", "OIDC_CLIENT_ID", "",
		"client `ID` of the console at the provider; its secret is in "+oidcSecret+" or in the file named by "+oidcSecretFile)
	c.setting(&f.oidcName, "oidc-name", "OIDC_NAME", "", "`NAME` of the provider on the sign-in page; its host by default")
}

// config returns the configuration that the flags describe.
func (f *serveFlags) config(getenv func(string) string) (handlers.Config, error) {
	var config handlers.Config
	var err error
	if config.RateLimit, err = strconv.Atoi(f.rateLimit); err != nil || config.RateLimit < 0 {
		return config, misusef("-rate-limit must be a number like 6000, or 0 for no limit, not %q", f.rateLimit)
	}
	if config.TrustedProxies, err = access.ParseNetworks(f.proxies); err != nil {
		return config, misusef("-trusted-proxies must be addresses like 10.0.0.2,10.1.0.0/16: %s", explain(err))
	}
	config.OIDC, err = f.oidc(getenv)
	return config, err
}

// oidc returns the provider, or nil if none is configured.
func (f *serveFlags) oidc(getenv func(string) string) (*handlers.OIDC, error) {
	if f.oidcIssuer == "" && f.oidcClient == "" {
		return nil, nil
	}
	issuer, err := handlers.ParseIssuer(f.oidcIssuer)
	switch {
	case err != nil:
		return nil, misusef("-oidc-issuer must be a URL like https://login.example.com, not %q: %s", f.oidcIssuer, err)
	case f.oidcClient == "":
		return nil, misusef("-oidc-issuer also needs -oidc-client-id")
	}
	secret, err := clientSecret(getenv)
	name := f.oidcName
	if at, err := url.Parse(issuer); err == nil && name == "" {
		name = at.Hostname()
	}
	return &handlers.OIDC{Issuer: issuer, ClientID: f.oidcClient, ClientSecret: secret, Name: name}, err
}

func clientSecret(getenv func(string) string) (string, error) {
	file := getenv(oidcSecretFile)
	if file == "" {
		return getenv(oidcSecret), nil
	}
	secret, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("can't read the OIDC client secret: %w", err)
	}
	return strings.TrimSpace(string(secret)), nil
}
