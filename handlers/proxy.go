package handlers

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"protocol.chat/console/models/access"
)

// forwardedFor is the one header that is believed about where a request came from. Each proxy
// appends the address from which it got the request, so only what trusted proxies appended can be
// believed. Other headers, such as X-Real-IP and Forwarded, can come from anybody.
const forwardedFor = "X-Forwarded-For"

// clientAddress returns the address that a request came from: the peer's or, if that is a trusted
// proxy, the last one in X-Forwarded-For that isn't one. If that can't be read, it is the peer's.
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

// hopAddress reads an address that a proxy appended: with or without a port (203.0.113.7:51234), in
// brackets if it is IPv6.
func hopAddress(hop string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return access.ParseAddress(at.Addr().String())
	}
	if strings.HasPrefix(hop, "[") && strings.HasSuffix(hop, "]") && strings.Contains(hop, ":") {
		hop = hop[1 : len(hop)-1]
	}
	return access.ParseAddress(hop)
}

// peerOf returns the address at the other end of the connection.
func peerOf(r *http.Request) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	return access.ParseAddress(host)
}
