package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"protocol.chat/console/views"
)

// sameOrigin refuses forms that another site's page sends.
func (c *Console) sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(c.publicURL); err != nil {
		c.log.Error("the public URL is no origin", "url", c.publicURL, "err", err)
	}
	refused := c.page(func(r *http.Request) (*http.Request, error) {
		if c.overHTTP(r) { // nobody is signed in there
			return r, nil
		}
		return r, errForeignForm
	}, func(w http.ResponseWriter, r *http.Request) error {
		return authPages{c.site}.showSignIn(w, r, http.StatusForbidden, views.SignIn{})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.fromHere(guard, r) {
			next.ServeHTTP(w, r)
		} else {
			refused.ServeHTTP(w, r)
		}
	})
}

// fromHere reports whether a request that may change something comes from a page of the console.
// Browsers say so in Sec-Fetch-Site. Old ones, and all of them on plain http, only send their Origin.
// The guard trusts the public URL and any origin with the host of the request, so this function
// makes sure what that host is.
func (c *Console) fromHere(guard *http.CrossOriginProtection, r *http.Request) bool {
	asked := r.WithContext(r.Context())
	sent := r.Header.Get("Origin")
	if r.Header.Get("Sec-Fetch-Site") == "" && sent != "" && sent != c.publicURL {
		origin, err := url.Parse(sent)
		if err != nil || origin.Host == "" || c.secure() && origin.Scheme != "https" {
			return isRead(r) // http may be written by whoever is on the line
		}
		asked.Host = c.askedHost(r.Host, origin.Scheme)
	}
	return guard.Check(asked) == nil
}

// askedHost returns a request's Host as an Origin of the scheme would name it. If it lost its port in
// a proxy, it is the public URL's.
func (c *Console) askedHost(host, scheme string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ":"+defaultPort(scheme))
	if public, err := url.Parse(c.publicURL); err == nil && host == public.Hostname() {
		return public.Host
	}
	return host
}

func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
}

// overHTTP reports whether a browser has opened over http a console whose cookies need https.
func (s *site) overHTTP(r *http.Request) bool {
	if !s.secure() {
		return false
	}
	public, err := url.Parse(s.publicURL)
	if err != nil {
		return false
	}
	for _, header := range []string{"Origin", "Referer"} {
		from, err := url.Parse(r.Header.Get(header))
		if err == nil && from.Scheme == "http" && (from.Hostname() == public.Hostname() || strings.EqualFold(from.Host, r.Host)) {
			return true
		}
	}
	return false
}
