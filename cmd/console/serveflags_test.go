package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheClientsSecretComesFromTheEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("of a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := serveFlags{rateLimit: "60", proxies: "10.0.0.0/8, ::1", oidcIssuer: "https://login.example.com/acme", oidcClient: "console"}
	for environment, want := range map[string]string{
		oidcSecret + "=of the environment": "of the environment",
		oidcSecretFile + "=" + file:        "of a file",
		"":                                 "", // a public client has none
	} {
		name, value, _ := strings.Cut(environment, "=")
		config, err := o.config(func(asked string) string {
			if asked == name {
				return value
			}
			return ""
		})
		if err != nil || config.OIDC.ClientSecret != want || config.OIDC.Name != "login.example.com" {
			t.Errorf("%s: %+v, %v", environment, config.OIDC, err)
		}
		if config.RateLimit != 60 || strings.Join(config.TrustedProxies.Lines(), " ") != "10.0.0.0/8 ::1" {
			t.Errorf("%d calls, proxies %v", config.RateLimit, config.TrustedProxies)
		}
	}
	if _, err := o.config(func(asked string) string { return map[string]string{oidcSecretFile: file + "x"}[asked] }); err == nil {
		t.Error("a secret that is not there is no error")
	}
	if r := console(t, "", "", "serve", "-help"); strings.Contains(r.stdout, "-oidc-client-secret") {
		t.Error("there is a flag for the secret, which everybody on the machine could read")
	}
}

func TestAddressesAreComparedInOneForm(t *testing.T) {
	if got, err := publicOrigin("HTTPS://Console.Example.COM:443/"); err != nil || got != "https://console.example.com" {
		t.Errorf("the public URL is %q, %v", got, err)
	}
	o := serveFlags{rateLimit: "60", oidcIssuer: "HTTPS://Login.Example.COM:443/Realms/Acme/", oidcClient: "console"}
	config, err := o.config(func(string) string { return "" })
	if err != nil || config.OIDC.Issuer != "https://login.example.com/Realms/Acme/" || config.OIDC.Name != "login.example.com" {
		t.Errorf("the provider is %+v, %v", config.OIDC, err)
	}
}
