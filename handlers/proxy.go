package handlers

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"protocol.chat/console/models/access"
)

// forwardedFor is the one header that says through which addresses a request came. Each
// proxy adds at its end whom it had the request from, so that only what trusted proxies
// added can be believed. Others, such as X-Real-IP and Forwarded, can come from anybody.
const forwardedFor = "X-Forwarded-For"

// clientAddress is the address that a request came from: the peer's or, where that is a trusted
// proxy, the last one in X-Forwarded-For that is none. Where that is no address, nothing
// can be said but who the peer is.
func clientAddress(r *http.Request, trusted access.Networks) string {
	peer, ok := peerOf(r)
	if !ok {
		return r.RemoteAddr
	}
	if !trusted.Contains(peer) {
		return peer.String()
	}
	from := peer
	hops := strings.Split(strings.Join(r.Header.Values(forwardedFor), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		if from, ok = hopAddress(hop); !ok {
			return peer.String()
		}
		if !trusted.Contains(from) {
			break
		}
	}
	return from.String() // where all are proxies, the first of them asked for itself
}

// hopAddress reads what a proxy says whom it had a request from: an address, with or
// without a port (203.0.113.7:51234), in brackets if it is of IPv6.
func hopAddress(hop string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return access.ParseAddress(at.Addr().String())
	}
	if strings.HasPrefix(hop, "[") && strings.HasSuffix(hop, "]") && strings.Contains(hop, ":") {
		hop = hop[1 : len(hop)-1]
	}
	return access.ParseAddress(hop)
}

// peerOf is the address at the other end of the connection.
func peerOf(r *http.Request) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	return access.ParseAddress(host)
}
