package handlers

import "testing"

func TestOriginsHaveOneForm(t *testing.T) {
	for given, want := range map[string]string{
		"https://console.example.com":        "https://console.example.com",
		"HTTPS://Console.Example.COM/":       "https://console.example.com",
		"https://console.example.com:443":    "https://console.example.com",
		"https://console.example.com:0443/":  "https://console.example.com",
		"https://console.example.com:":       "https://console.example.com",
		"https://console.example.com:8443":   "https://console.example.com:8443",
		"http://console.example.com:80":      "http://console.example.com",
		"http://console.example.com:443":     "http://console.example.com:443",
		"https://bücher.example":             "https://xn--bcher-kva.example",
		"https://BÜCHER.example":             "https://xn--bcher-kva.example",
		"https://straße.example":             "https://xn--strae-oqa.example",
		"http://my_console:8080":             "http://my_console:8080",
		"http://127.0.0.1:8080":              "http://127.0.0.1:8080",
		"http://[::1]:8080/":                 "http://[::1]:8080",
		"https://[2001:DB8:0:0:0:0:0:1]:443": "https://[2001:db8::1]",
		"https://ｃｏｎｓｏｌｅ.example":            "https://console.example",
		"console.example.com":                "",
		"ftp://example.com":                  "",
		"https://":                           "",
		"https://example.com/console":        "",
		"https://example.com//":              "",
		"https://example.com/?":              "",
		"https://example.com?x=1":            "",
		"https://example.com/#":              "",
		"https://anna@example.com":           "",
		"https://anna:secret@example.com":    "",
		"https://@example.com":               "",
		"https://example.com:0":              "",
		"https://example.com:65536":          "",
		"https://exa mple.com":               "",
		"https://exa<mple.com":               "",
		"https://example.com\\evil.example":  "",
		"https:example.com":                  "",
		"//example.com":                      "",
		"":                                   "",
		"javascript:alert(1)":                "",
		"https://[fe80::1%25eth0]":           "",
	} {
		got, err := ParseOrigin(given)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q (%v), want %q", given, got, err, want)
		}
	}
}

func TestIssuersKeepTheirPath(t *testing.T) {
	for given, want := range map[string]string{
		"HTTPS://Login.Example.com:443":           "https://login.example.com",
		"https://Login.example.com/":              "https://login.example.com/",
		"https://login.example.com/Realms/A%2fb/": "https://login.example.com/Realms/A%2fb/",
		"https://login.example.com?x":             "",
		"https://anna@login.example.com":          "",
		"login.example.com":                       "",
	} {
		got, err := ParseIssuer(given)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q (%v), want %q", given, got, err, want)
		}
	}
}
