// Package guard connects to hosts that others named, and to none that only this machine or its
// network should reach. It looks at each address after its name was resolved, right before it
// connects, so that no name and no redirect leads where an address wouldn't. It imports
// nothing of the console.
package guard

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Guard decides which addresses may be connected to.
type Guard struct {
	guardian *ssrf.Guardian
	resolver *net.Resolver
}

// Options are what a Guard allows besides ports 80 and 443 of public addresses.
type Options struct {
	// AnyPort allows all ports.
	AnyPort bool
	// Loopback allows this machine, on any port. It is for development and tests.
	Loopback bool
	// Resolver resolves names; nil is the system's.
	Resolver *net.Resolver
}

// New returns a Guard.
func New(o Options) *Guard {
	var options []ssrf.Option
	if o.AnyPort || o.Loopback {
		options = append(options, ssrf.WithAnyPort())
	}
	if o.Loopback {
		options = append(options, ssrf.WithAllowedV4Prefixes(netip.MustParsePrefix("127.0.0.0/8")),
			ssrf.WithAllowedV6Prefixes(netip.MustParsePrefix("::1/128")))
	}
	return &Guard{ssrf.New(options...), o.Resolver}
}

// Refuses reports whether an address can't be connected to, on any port.
func (g *Guard) Refuses(ip netip.Addr) bool { return g.guardian.SafeAddr(ip.Unmap()) != nil }

// Resolve returns the addresses of a name, also those that are refused.
func (g *Guard) Resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	return g.resolver.LookupNetIP(ctx, "ip", name)
}

// Dialer returns a dialer that only connects to what is allowed.
func (g *Guard) Dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{Timeout: timeout, Resolver: g.resolver, Control: func(network, address string, raw syscall.RawConn) error {
		return g.guardian.Safe(network, address, raw)
	}}
}

// Transport returns a transport over Dialer. It uses no proxy, which would connect in its
// place, and leaves answers as they are sent: a small body isn't a large one compressed.
func (g *Guard) Transport(timeout time.Duration) *http.Transport {
	return &http.Transport{
		DialContext:            g.Dialer(timeout).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    timeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConns:           32,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// Refused reports whether a request failed because of the Guard.
func Refused(err error) bool {
	for _, refusal := range []error{ssrf.ErrProhibitedIP, ssrf.ErrProhibitedPort, ssrf.ErrProhibitedNetwork, ssrf.ErrInvalidHostPort} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
