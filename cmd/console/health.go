package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthLimit is how long a console may take to say that it is ready.
const healthLimit = 4 * time.Second

// health asks the console of this machine whether it is ready, for what watches over it and has
// no other program, as in a container.
func health(ctx context.Context, c *command) error {
	var address, certificate string
	c.setting(&address, "listen", "LISTEN", "127.0.0.1:8080", "`HOST:PORT` or unix:FILE that the console listens on")
	c.setting(&certificate, "tls-cert", "TLS_CERT", "", "`FILE` with the console's certificate, if it serves HTTPS")
	if _, err := c.parse(); err != nil {
		return err
	}
	if err := checkAddress(address); err != nil {
		return err
	}
	if strings.HasPrefix(address, "fd:") {
		return misusef("-listen must say where %s is, as HOST:PORT or unix:FILE", address)
	}
	scheme := "http"
	if certificate != "" {
		scheme = "https"
	}
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://localhost/readyz", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: localTransport(address)}).Do(request)
	if err != nil {
		return fmt.Errorf("nothing answers: %w", err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", said)
	}
	_, err = fmt.Fprintln(c.stdout, strings.TrimSpace(string(said)))
	return err
}

// localTransport reaches a console at the address that it listens on. Its certificate isn't
// checked: it has the name that users open.
func localTransport(address string) *http.Transport {
	network := "tcp"
	if file, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", file
	} else if host, port, err := net.SplitHostPort(address); err == nil {
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			address = net.JoinHostPort("127.0.0.1", port) // a container may not know localhost
		}
	}
	return &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
}
