package guard

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

// inside are addresses that aren't public, some of them in disguise.
var inside = []string{
	"127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "224.0.0.1",
	"255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
	"2002:7f00:1::", "2001:db8::1", "ff02::1",
}

func TestNothingInsideIsReached(t *testing.T) {
	g := New(Options{AnyPort: true})
	for _, address := range inside {
		if !g.Refuses(netip.MustParseAddr(address)) {
			t.Errorf("%s is allowed", address)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if _, err := g.Dialer(time.Second).DialContext(ctx, "tcp", net.JoinHostPort(address, "9")); !Refused(err) {
			t.Errorf("%s: %v", address, err)
		}
		cancel()
	}
	for _, address := range []string{"93.184.215.14", "2606:4700::1111", "::ffff:93.184.215.14"} {
		if g.Refuses(netip.MustParseAddr(address)) {
			t.Errorf("%s is refused", address)
		}
	}
}

// TestNamesAreWhatTheyResolveTo covers DNS rebinding: only the address that is connected to
// counts, and localhost is a name that resolves to this machine.
func TestNamesAreWhatTheyResolveTo(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	get := func(o Options) error {
		client := http.Client{Transport: New(o).Transport(time.Second)}
		answer, err := client.Get("http://localhost:" + port)
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	}
	if err := get(Options{AnyPort: true}); !Refused(err) {
		t.Errorf("without Loopback: %v", err)
	}
	if err := get(Options{Loopback: true}); err != nil {
		t.Errorf("with Loopback: %v", err)
	}
}

func TestPortsAreThoseOfTheWeb(t *testing.T) {
	if _, err := New(Options{}).Dialer(time.Second).DialContext(t.Context(), "tcp", "93.184.215.14:22"); !Refused(err) {
		t.Errorf("port 22: %v", err)
	}
}
