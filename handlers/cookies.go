package handlers

import (
	"net/http"
	"strings"
)

// cookies are all that the console leaves in a browser. Browsers send them to every port of
// a host, so that their names have the port in them: two consoles on one host keep out of
// each other's way.
type cookies struct {
	secure bool
	port   string
}

// The kinds of cookies, beside those of challenges.
const (
	sessionCookie = "console"
	themeCookie   = "theme"
	deviceCookie  = "device"
	langCookie    = "lang"
)

func newCookies(publicURL string) cookies {
	return cookies{secure: strings.HasPrefix(publicURL, "https://"), port: portOf(publicURL)}
}

// name returns the name of a kind of cookie.
func (c cookies) name(kind string) string {
	name := kind + "-" + c.port
	if c.secure {
		return "__Host-" + name // a browser takes it only over https and for this host
	}
	return name
}

// set sets a cookie for so many seconds: until the browser is closed if that is 0. If it is
// negative, the cookie is removed.
func (c cookies) set(w http.ResponseWriter, kind, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(kind), Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

// mostTwins is how many cookies of one name are looked at: more than any browser has
// without somebody's help.
const mostTwins = 10

// all returns the values that the browser has for a kind, mostly one. There can be more, set for
// another path or domain, and a stale one may come first.
func (c cookies) all(r *http.Request, kind string) []string {
	var values []string
	for _, cookie := range r.CookiesNamed(c.name(kind)) {
		if len(values) < mostTwins {
			values = append(values, cookie.Value)
		}
	}
	return values
}

// first returns the first value that the browser has for a kind, or "".
func (c cookies) first(r *http.Request, kind string) string {
	for _, value := range c.all(r, kind) {
		return value
	}
	return ""
}
