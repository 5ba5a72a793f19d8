package webhooks

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/guard"
	"protocol.chat/console/models/text"
)

// What a request may take: requestLimit in all, unless Reach says otherwise; of its answer
// maxResponse bytes are read.
const (
	requestLimit = 10 * time.Second
	maxResponse  = 8 << 10
	maxURL       = 2048
	// probeLimit is how long checking an address may take before it is saved.
	probeLimit = 3 * time.Second
)

// Why a request failed.
const (
	Refused     = "refused"
	Reset       = "reset"
	Timeout     = "timeout"
	TooLarge    = "too_large"
	Redirect    = "redirect"
	Private     = "private_address"
	BadTLS      = "tls"
	Unresolved  = "unresolved"
	BadStatus   = "status"
	BadResponse = "response"
)

// client makes requests to receivers. It reaches no private, loopback or link-local address,
// whatever a name resolves to at the moment; uses no proxy and follows no redirect.
type client struct {
	Reach
	guard *guard.Guard
	http  *http.Client
}

// Reach says how receivers are reached.
type Reach struct {
	// Loopback lets webhooks call this machine, also by http, which is for development.
	Loopback bool
	// Limit is how long a request may take, and Resolver resolves names; zero values are what users
	// have, others are for tests.
	Limit    time.Duration
	Resolver *net.Resolver
}

func newClient(r Reach) *client {
	r.Limit = cmp.Or(r.Limit, requestLimit)
	c := &client{Reach: r, guard: guard.New(guard.Options{AnyPort: true, Loopback: r.Loopback, Resolver: r.Resolver})}
	transport := c.guard.Transport(r.Limit)
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, atOnce
	c.http = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     transport,
	}
	return c
}

// answer is what came of a request.
type answer struct {
	status    int
	err       string // Refused to BadResponse, or ""
	headers   string
	body      string
	truncated bool
	took      time.Duration
}

// post sends a body, and reports what came of it.
func (c *client) post(ctx context.Context, url string, headers http.Header, body []byte) (a answer) {
	ctx, cancel := context.WithTimeout(ctx, c.Limit)
	defer cancel()
	start := time.Now()
	defer func() { a.took = time.Since(start) }()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		return answer{err: BadResponse}
	}
	r.Header = headers
	response, err := c.http.Do(r)
	if err != nil {
		return answer{err: kindOf(err)}
	}
	defer response.Body.Close()
	a = answer{status: response.StatusCode, headers: headerLines(response.Header)}
	read, err := io.ReadAll(io.LimitReader(response.Body, maxResponse+1))
	a.truncated = len(read) > maxResponse
	a.body = storable(string(read[:min(len(read), maxResponse)]))
	switch {
	case err != nil:
		a.err = kindOf(err)
	case a.status >= 300 && a.status < 400:
		a.err = Redirect
	case a.status < 200 || a.status > 299:
		a.err = BadStatus
	}
	if !a.truncated && err == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1)) // its end, so that the connection can be used again
	}
	return a
}

// kindOf returns the kind of an error of a request.
func kindOf(err error) string {
	var timeout net.Error
	var dns *net.DNSError
	switch {
	case guard.Refused(err):
		return Private
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.As(err, &dns):
		return Unresolved
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Reset
	case certificateProblem(err) != "" || strings.Contains(err.Error(), "tls: ") || strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return BadTLS
	case strings.Contains(err.Error(), "response headers exceeded"):
		return TooLarge
	}
	return BadResponse
}

// certificateProblem returns what is wrong with a server's certificate; "" if that isn't the
// error.
func certificateProblem(err error) string {
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired or isn't valid yet"
	case errors.As(err, &name):
		return "it is for another name"
	case errors.As(err, &unknown):
		return "it isn't signed by an authority that this server trusts"
	case errors.As(err, &verification), errors.As(err, &invalid):
		return "it can't be verified"
	}
	return ""
}

// checkURL is the rule for the URL of a receiver, as far as it can be told without a request.
func (c *client) checkURL(s string) (string, string) {
	s, problem := text.Line("The URL", s, maxURL)
	if problem != "" || s == "" {
		return s, problem
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(s, " \u00a0"):
		return s, "Enter a full URL, like https://example.com/webhooks."
	case u.User != nil:
		return s, "The URL can't contain a username or password. Verify the signature instead."
	case u.Fragment != "" || strings.HasSuffix(s, "#"):
		return s, "The URL can't contain a #fragment, which isn't sent."
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return s, "The port must be a number from 1 to 65535."
		}
	}
	return s, c.checkHost(u)
}

// checkHost returns what is wrong with where a URL points.
func (c *client) checkHost(u *url.URL) string {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	ip, err := netip.ParseAddr(host)
	local := host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.Unmap().IsLoopback()
	switch {
	case local && !c.Loopback:
		return "This URL points to the console's own machine. Use one that is reachable from the internet."
	case local:
		return ""
	case err == nil && c.guard.Refuses(ip):
		return privateAddress
	case u.Scheme != "https":
		return "Use an https URL."
	}
	return ""
}

const privateAddress = "This URL points to a private network. Use one that is reachable from the internet."

// probe returns what is wrong with a URL that checkURL accepts: its name resolves to a private
// address, or its certificate can't be used. A server that isn't there yet is no problem.
func (c *client) probe(ctx context.Context, address string) access.Invalid {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	found, err := c.guard.Resolve(ctx, u.Hostname())
	if err != nil {
		return nil
	}
	if slices.ContainsFunc(found, c.guard.Refuses) {
		return access.Refused("url", privateAddress)
	}
	if u.Scheme != "https" {
		return nil
	}
	dialer := tls.Dialer{NetDialer: c.guard.Dialer(probeLimit), Config: &tls.Config{MinVersion: tls.VersionTLS12}}
	connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443")))
	if err == nil {
		_ = connection.Close()
		return nil
	}
	if problem := certificateProblem(err); problem != "" {
		return access.Refused("url", "The certificate of this server can't be used: %s.", problem)
	}
	if kindOf(err) == BadTLS {
		return access.Refused("url", "This server doesn't answer with TLS 1.2 or newer, which https needs.")
	}
	return nil
}

// headerLines returns headers one a line, by name, as far as they are stored.
func headerLines(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	all := b.String()
	return storable(all[:min(len(all), maxResponse)])
}

// storable returns text that came from outside as both engines store it.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\ufffd"), "\ufffd")
}
