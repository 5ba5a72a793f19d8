package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// conn is one keep-alive connection. It shares the CPU with what it measures, so it does
// much less than net/http's client: requests are bytes made beforehand, and of a response
// it reads only what it needs.
type conn struct {
	net  net.Conn
	in   *bufio.Reader
	body []byte
}

func dial(address string) (*conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{net: c, in: bufio.NewReaderSize(c, 64<<10)}, nil
}

// answer is a response. Its body is valid until the next request.
type answer struct {
	status   int
	body     []byte
	size     int // of the head and the body on the wire
	location string
	cookie   string
}

// do sends a request and reads the whole response.
func (c *conn) do(request []byte) (answer, error) {
	if _, err := c.net.Write(request); err != nil {
		return answer{}, err
	}
	a, length, err := c.head()
	if err != nil {
		return a, err
	}
	c.body = c.body[:0]
	switch {
	case length == chunked:
		err = c.chunks(&a)
	case length > 0:
		c.body, err = c.read(c.body, length)
		a.size += length
	}
	a.body = c.body
	return a, err
}

const chunked = -1

var errAnswer = errors.New("the answer can't be read")

// head reads the status line and the headers, and returns the body's length.
func (c *conn) head() (a answer, length int, err error) {
	line, err := c.line(&a)
	if err != nil {
		return a, 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return a, 0, fmt.Errorf("%w: %q", errAnswer, line)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, 0, fmt.Errorf("%w: %q", errAnswer, line)
	}
	for {
		if line, err = c.line(&a); err != nil || len(line) == 0 {
			return a, length, err
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		// Comparing only the first letters rules most headers out.
		switch name[0] | ' ' {
		case 'c':
			if bytes.EqualFold(name, []byte("content-length")) {
				length, err = strconv.Atoi(string(value))
			}
		case 't':
			if bytes.EqualFold(name, []byte("transfer-encoding")) {
				length = chunked
			}
		case 'l':
			if bytes.EqualFold(name, []byte("location")) {
				a.location = string(value)
			}
		case 's':
			if bytes.EqualFold(name, []byte("set-cookie")) {
				cookie, _, _ := strings.Cut(string(value), ";")
				a.cookie = strings.TrimPrefix(a.cookie+"; "+cookie, "; ") // all of them, as browsers send them
			}
		}
		if err != nil {
			return a, 0, fmt.Errorf("%w: %q", errAnswer, line)
		}
	}
}

// line returns the next line without its end; it stays until the next read.
func (c *conn) line(a *answer) ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	a.size += len(line)
	return bytes.TrimRight(line, "\r\n"), err
}

func (c *conn) read(into []byte, n int) ([]byte, error) {
	from := len(into)
	if cap(into)-from < n {
		into = append(make([]byte, 0, 2*(from+n)), into...)
	}
	into = into[:from+n]
	_, err := io.ReadFull(c.in, into[from:])
	return into, err
}

func (c *conn) chunks(a *answer) error {
	for {
		line, err := c.line(a)
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(line), 16, 31)
		if err != nil {
			return fmt.Errorf("%w: a chunk of %q", errAnswer, line)
		}
		if c.body, err = c.read(c.body, int(n)); err != nil {
			return err
		}
		a.size += int(n)
		if _, err := c.line(a); err != nil || n == 0 {
			return err
		}
	}
}

func (c *conn) close() { _ = c.net.Close() }

// call is one request to be made.
type call struct {
	method, path, body string
	region             string // of the page, if htmx requests only that
	compressed         bool
}

func get(path string) call { return call{method: http.MethodGet, path: path} }

// bytes returns the request as it is sent to a server.
func (c call) bytes(s *server) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", c.method, c.path, s.address)
	if strings.HasPrefix(c.path, "/v1/") {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", s.token)
	} else if s.cookie != "" {
		fmt.Fprintf(&b, "Cookie: %s\r\n", s.cookie)
	}
	if c.region != "" {
		fmt.Fprintf(&b, "HX-Request: true\r\nHX-Request-Type: partial\r\nHX-Target: section#%s\r\n", c.region)
	}
	if c.compressed {
		b.WriteString("Accept-Encoding: gzip, zstd\r\n")
	}
	if c.method != http.MethodGet {
		fmt.Fprintf(&b, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", len(c.body))
	}
	b.WriteString("\r\n" + c.body)
	return b.Bytes()
}

// status returns the expected status of a call.
func (c call) status() int {
	page := !strings.HasPrefix(c.path, "/v1/")
	switch {
	case c.method == http.MethodPost && page:
		return http.StatusSeeOther
	case c.method == http.MethodPost:
		return http.StatusCreated
	case c.method == http.MethodDelete:
		return http.StatusNoContent
	}
	return http.StatusOK
}

// ask makes one call on a server, on a connection of its own.
func (s *server) ask(c call) (answer, error) {
	conn, err := dial(s.address)
	if err != nil {
		return answer{}, err
	}
	defer conn.close()
	a, err := conn.do(c.bytes(s))
	if err == nil && a.status != c.status() {
		err = fmt.Errorf("%s answers %d to %s %s, not %d", s.name, a.status, c.method, c.path, c.status())
	}
	return a, err
}
