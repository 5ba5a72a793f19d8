package handlers

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// ParseOrigin returns an address such as "https://console.example.com" in the one form in
// which browsers send it as Origin: scheme and host in lower case, the host in ASCII,
// without the default port and without a slash at its end. Its error is the
// reason why it is none, such as "it has a path".
func ParseOrigin(s string) (string, error) {
	u, err := parseWebURL(s)
	if err != nil {
		return "", err
	}
	if u.Path != "" && u.Path != "/" {
		return "", errors.New("it has a path")
	}
	if strings.ContainsAny(s, "?#") {
		return "", errors.New("it has a query or a fragment")
	}
	return u.Scheme + "://" + u.Host, nil
}

// ParseIssuer returns the address of an OIDC provider with its scheme and host as
// ParseOrigin returns them. Its path stays as it is: providers compare it byte by byte.
func ParseIssuer(s string) (string, error) {
	u, err := parseWebURL(s)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(s, "?#") {
		return "", errors.New("it has a query or a fragment")
	}
	return u.String(), nil
}

// parseWebURL reads an http or https URL, with its host as browsers write it.
func parseWebURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, errors.New("it can't be read")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("it begins with neither https:// nor http://")
	case u.User != nil:
		return nil, errors.New("it has a user name in it")
	case u.Hostname() == "":
		return nil, errors.New("it has no host")
	}
	u.Host, err = plainHost(u)
	return u, err
}

// hostNames reads names as browsers do (WHATWG URL): other scripts in their ASCII form.
var hostNames = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(false))

// plainHost returns the host of a URL, and its port if that isn't the scheme's own.
func plainHost(u *url.URL) (string, error) {
	host := u.Hostname()
	if address, err := netip.ParseAddr(host); err == nil && address.Zone() == "" {
		host = address.String()
	} else if host, err = hostNames.ToASCII(host); err != nil || strings.Trim(host, hostCharacters) != "" {
		return "", errors.New("its host is no name")
	}
	port := u.Port()
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) {
		return "", errors.New("its port is no number from 1 to 65535")
	} else if port != "" {
		port = strconv.FormatUint(n, 10)
	}
	switch {
	case port != "" && port != defaultPort(u.Scheme):
		return net.JoinHostPort(host, port), nil
	case strings.Contains(host, ":"):
		return "[" + host + "]", nil
	}
	return host, nil
}

const hostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_."

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// portOf returns the port of an origin, its scheme's own if it names none.
func portOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	if port := u.Port(); port != "" {
		return port
	}
	return defaultPort(u.Scheme)
}
