package main

import (
	"io"
	"net"
	"strings"
	"testing"
)

// answering returns a connection whose other end gives these answers.
func answering(t *testing.T, answers string) *conn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		c, err := listener.Accept()
		if err == nil {
			_, _ = io.WriteString(c, answers)
			_ = c.Close()
		}
	}()
	c, err := dial(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func TestReadResponses(t *testing.T) {
	const head = "HTTP/1.1 201 Created\r\nLocation: /v1/groups/1\r\n"
	for name, text := range map[string]string{
		"by its length": head + "content-length: 5\r\n\r\nhello",
		"in chunks":     head + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			const second = "HTTP/1.1 204 No Content\r\nSet-Cookie: console=abc; Path=/\r\nSet-Cookie: device=d; Path=/\r\n\r\n"
			c := answering(t, text+second)
			a, err := c.do(nil)
			if err != nil || a.status != 201 || string(a.body) != "hello" || a.location != "/v1/groups/1" {
				t.Errorf("the first answer is %+v, %v", a, err)
			}
			if a, err = c.do(nil); err != nil || a.status != 204 || len(a.body) != 0 || a.cookie != "console=abc; device=d" || a.size != len(second) {
				t.Errorf("the second answer is %+v, %v", a, err)
			}
		})
	}
}

func TestMalformedResponses(t *testing.T) {
	for _, text := range []string{
		"",
		"nonsense\r\n\r\n",
		"HTTP/1.1 abc\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	} {
		if a, err := answering(t, text).do(nil); err == nil {
			t.Errorf("%q is read as %+v", text, a)
		}
	}
}

func TestRequestsAreAuthenticated(t *testing.T) {
	s := &server{address: "127.0.0.1:80", token: "secret", cookie: "console=abc"}
	for _, test := range []struct {
		call call
		want string
	}{
		{get("/v1/groups"), "GET /v1/groups HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAuthorization: Bearer secret\r\n\r\n"},
		{get("/groups"), "GET /groups HTTP/1.1\r\nHost: 127.0.0.1:80\r\nCookie: console=abc\r\n\r\n"},
		{call{method: "GET", path: "/groups", region: "results"}, "HX-Target: section#results\r\n\r\n"},
		{call{method: "PUT", path: "/v1/groups/1", body: "name=x"}, "Content-Length: 6\r\n\r\nname=x"},
	} {
		if got := string(test.call.bytes(s)); !strings.HasSuffix(got, test.want) {
			t.Errorf("%+v is sent as %q", test.call, got)
		}
	}
}
