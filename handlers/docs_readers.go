package handlers

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"protocol.chat/console/models/identity"
)

// reader returns the request with who makes it, if they may read the documentation, or else
// errSignedOut. Those who are signed in may, those on this machine, and everybody if an owner has
// said so. While the database is away, nobody is signed in and nothing is said.
func (p docPages) reader(r *http.Request) (*http.Request, error) {
	if v, err := p.signedIn(r); err == nil {
		return withSignedIn(r, v), nil
	}
	if p.fromThisMachine(r) {
		return r, nil
	}
	policy, err := p.store.Identity.Policies.Policy(r.Context())
	if err == nil && !policy.PublicDocs {
		err = errSignedOut
	}
	return r, err
}

// mayDownload lets readers of the documentation have the clients, and programs with a token.
func (p docPages) mayDownload(r *http.Request) error {
	_, err := p.reader(r)
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if secret = strings.TrimSpace(secret); err == nil || !strings.EqualFold(scheme, "Bearer") || !identity.LooksLikeToken(secret) {
		return err
	}
	if _, wrong := p.store.Identity.Tokens.TokenActor(r.Context(), secret, clientIP(r)); wrong == nil {
		return nil
	}
	return err
}

// fromThisMachine reports whether a request comes from the machine that the console runs on. A proxy
// there makes all requests look so: one that a proxy names, that carries a header of a proxy, or that
// asks for another host than this machine doesn't count.
func (p docPages) fromThisMachine(r *http.Request) bool {
	peer, ok := peerOf(r)
	if !ok || !peer.IsLoopback() || p.trusted.Contains(peer) {
		return false
	}
	for _, header := range []string{forwardedFor, "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"} {
		if r.Header.Get(header) != "" {
			return false
		}
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}
