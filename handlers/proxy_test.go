package handlers

import (
	"net/http"
	"testing"

	"protocol.chat/console/models/access"
)

// TestForwardedForIsBelievedFromProxiesOnly: who is not a trusted proxy can say nothing
// about where a request came from, and one that is says so for the last address only.
func TestForwardedForIsBelievedFromProxiesOnly(t *testing.T) {
	trusted, err := access.ParseNetworks("10.0.0.0/8, 2001:db8:ff::/48, 127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		peer string
		said []string
		want string
	}{
		{"198.51.100.1:5555", nil, "198.51.100.1"},
		{"198.51.100.1:5555", []string{"203.0.113.7"}, "198.51.100.1"}, // spoofed
		{"10.0.0.1:5555", nil, "10.0.0.1"},
		{"10.0.0.1:5555", []string{""}, "10.0.0.1"},
		{"10.0.0.1:5555", []string{"203.0.113.7"}, "203.0.113.7"},
		{"10.0.0.1:5555", []string{"1.2.3.4, 203.0.113.7"}, "203.0.113.7"}, // the first is the client's own word
		{"10.0.0.1:5555", []string{"127.0.0.1, 203.0.113.7"}, "203.0.113.7"},
		{"10.0.0.1:5555", []string{"203.0.113.7, 10.2.0.1,10.3.0.1"}, "203.0.113.7"},
		{"10.0.0.1:5555", []string{"1.2.3.4", "203.0.113.7", "10.2.0.1"}, "203.0.113.7"}, // several headers
		{"10.0.0.1:5555", []string{"203.0.113.7", "1.2.3.4"}, "1.2.3.4"},
		{"10.0.0.1:5555", []string{"10.9.9.9, 10.2.0.1"}, "10.9.9.9"}, // a proxy's own request
		{"10.0.0.1:5555", []string{"unknown"}, "10.0.0.1"},
		{"10.0.0.1:5555", []string{"203.0.113.7, unknown"}, "10.0.0.1"},
		{"10.0.0.1:5555", []string{"unknown, 203.0.113.7"}, "203.0.113.7"},
		{"10.0.0.1:5555", []string{"203.0.113.7:51234"}, "203.0.113.7"}, // Azure adds the port
		{"10.0.0.1:5555", []string{"203.0.113.7:51234, 10.2.0.1:443"}, "203.0.113.7"},
		{"10.0.0.1:5555", []string{"6.6.6.6, [2001:db8::1]:443"}, "2001:db8::1"},
		{"10.0.0.1:5555", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"10.0.0.1:5555", []string{"[::ffff:203.0.113.7]:443"}, "203.0.113.7"},
		{"10.0.0.1:5555", []string{"[fe80::1%eth0]:443"}, "fe80::1"},
		{"10.0.0.1:5555", []string{"2001:db8::1:443"}, "2001:db8::1:443"}, // an address of its own
		{"10.0.0.1:5555", []string{"203.0.113.7:"}, "10.0.0.1"},
		{"10.0.0.1:5555", []string{"203.0.113.7:70000"}, "10.0.0.1"},
		{"10.0.0.1:5555", []string{"203.0.113.7:http"}, "10.0.0.1"},
		{"10.0.0.1:5555", []string{"[203.0.113.7]"}, "10.0.0.1"},
		{"10.0.0.1:5555", []string{"[2001:db8::1"}, "10.0.0.1"},
		{"10.0.0.1:5555", []string{"[]:443"}, "10.0.0.1"},
		{"10.0.0.1:5555", []string{"203.0.113.7, "}, "10.0.0.1"},
		{"10.0.0.1:5555", []string{"203.0.113.7\r\nX: y"}, "10.0.0.1"},
		{"[2001:db8:ff::1]:5555", []string{"2001:db8:1::5"}, "2001:db8:1::5"},
		{"[2001:db8:ff::1]:5555", []string{"2001:db8:1::5, ::ffff:10.0.0.9"}, "2001:db8:1::5"},
		{"[::ffff:10.0.0.1]:5555", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{"[fe80::1%eth0]:5555", []string{"203.0.113.7"}, "fe80::1"},
		{"127.0.0.1:80", []string{"203.0.113.7"}, "203.0.113.7"},
		{"@", []string{"203.0.113.7"}, "@"}, // a Unix socket
	} {
		r := &http.Request{RemoteAddr: tc.peer, Header: http.Header{
			"X-Forwarded-For": tc.said, "X-Real-Ip": {"6.6.6.6"}, "Forwarded": {"for=6.6.6.6"}, "True-Client-Ip": {"6.6.6.6"},
		}}
		if got := clientAddress(r, trusted); got != tc.want {
			t.Errorf("from %s, forwarded for %q: %s, want %s", tc.peer, tc.said, got, tc.want)
		}
		if got := clientAddress(r, nil); got == "203.0.113.7" || got == "1.2.3.4" {
			t.Errorf("nobody is trusted, and %s is believed", got)
		}
	}
}
