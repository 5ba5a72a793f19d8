package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"protocol.chat/console/handlers"
)

// listening are serve's flags about where it listens and what users open.
type listening struct {
	address, publicURL string
	certificate        certificate
}

func (l *listening) declare(c *command) {
	c.setting(&l.address, "listen", "LISTEN", "127.0.0.1:8080",
		"`HOST:PORT` to listen on, where port 0 picks a free one; or unix:FILE for a Unix socket; or fd:3 for the socket that systemd passes")
	c.setting(&l.publicURL, "public-url", "PUBLIC_URL", "", "`URL` that users open, if the console is behind a proxy")
	c.setting(&l.certificate.file, "tls-cert", "TLS_CERT", "",
		"PEM `FILE` with a certificate and its chain, to serve HTTPS; read again when it changes and on SIGHUP")
	c.setting(&l.certificate.keyFile, "tls-key", "TLS_KEY", "", "PEM `FILE` with the key of the certificate")
}

// check returns an error for a setting that is wrong by itself, before anything is opened.
func (l *listening) check() error {
	if err := checkAddress(l.address); err != nil {
		return err
	}
	if (l.certificate.file == "") != (l.certificate.keyFile == "") {
		return misusef("-tls-cert and -tls-key need each other")
	}
	var err error
	if l.publicURL, err = publicOrigin(l.publicURL); err != nil {
		return err
	}
	if l.secure() && strings.HasPrefix(l.publicURL, "http:") {
		return misusef("-public-url must begin with https, because -tls-cert makes the console serve HTTPS")
	}
	if strings.HasPrefix(l.address, "unix:") && l.publicURL == "" {
		return errNoURL
	}
	return nil
}

var errNoURL = misuse("a Unix socket has no URL that users could open: -public-url must say it")

// secure reports whether the console serves HTTPS itself.
func (l *listening) secure() bool { return l.certificate.file != "" }

// open reads the certificate, listens, and completes the public URL.
func (l *listening) open(ctx context.Context) (net.Listener, error) {
	if l.secure() {
		if err := l.certificate.load(); err != nil {
			return nil, err
		}
	}
	listener, err := l.listen(ctx)
	if err != nil {
		return nil, err
	}
	if l.publicURL == "" {
		if l.publicURL = l.ownURL(listener.Addr()); l.publicURL == "" {
			return nil, errors.Join(errNoURL, listener.Close())
		}
	}
	return listener, nil
}

func (l *listening) listen(ctx context.Context) (net.Listener, error) {
	if file, ok := strings.CutPrefix(l.address, "unix:"); ok {
		return listenUnix(ctx, file)
	}
	if number, ok := strings.CutPrefix(l.address, "fd:"); ok {
		return listenPassed(number)
	}
	listener, err := listen(ctx, l.address)
	if err != nil {
		return nil, explainListen(l.address, err)
	}
	return listener, nil
}

// ownURL returns the URL of the console without a proxy; "" if it has none. With a certificate
// it has the first name of that.
func (l *listening) ownURL(addr net.Addr) string {
	at, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return ""
	}
	scheme, host, port := "http", at.Addr().String(), strconv.Itoa(int(at.Port()))
	if at.Addr().IsLoopback() || at.Addr().IsUnspecified() {
		host = "localhost" // browsers allow it what elsewhere needs HTTPS
	}
	if l.secure() {
		scheme, host = "https", cmp.Or(l.certificate.name(), host)
	}
	if origin, err := handlers.ParseOrigin(scheme + "://" + net.JoinHostPort(host, port)); err == nil {
		return origin
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func checkAddress(address string) error {
	wrong := misusef("-listen must be HOST:PORT like 127.0.0.1:8080, unix:FILE or fd:3, not %q", address)
	if file, ok := strings.CutPrefix(address, "unix:"); ok {
		if file == "" {
			return wrong
		}
		return nil
	}
	if number, ok := strings.CutPrefix(address, "fd:"); ok {
		if fd, err := strconv.Atoi(number); err != nil || fd < firstPassed {
			return wrong
		}
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return wrong
	}
	return nil
}

// publicOrigin returns the public URL in its canonical form, or "" if none was given.
func publicOrigin(publicURL string) (string, error) {
	if publicURL == "" {
		return "", nil
	}
	origin, err := handlers.ParseOrigin(publicURL)
	if err != nil {
		return "", fmt.Errorf("-public-url must be a URL like https://console.example.com, not %q: %w", publicURL, err)
	}
	return origin, nil
}

// explainListen returns a short error for a failure to listen on address.
func explainListen(address string, err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return fmt.Errorf("can't listen on %s: %w", address, err)
}

// socketMode lets the group of the console's user connect, to which a proxy's user can be added.
const socketMode = 0o660

// listenUnix listens on a Unix socket. One that a killed console left is removed, if nothing
// responds there.
func listenUnix(ctx context.Context, file string) (net.Listener, error) {
	if err := removeStale(file); err != nil {
		return nil, fmt.Errorf("can't listen on unix:%s: %w", file, err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "unix", file)
	if err != nil {
		return nil, explainListen("unix:"+file, err)
	}
	if err := os.Chmod(file, socketMode); err != nil {
		return nil, errors.Join(explainListen("unix:"+file, err), listener.Close())
	}
	return unixListener{listener, file}, nil
}

func removeStale(file string) error {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSocket == 0:
		return errors.New("there is a file that is not a socket")
	}
	conn, err := net.DialTimeout("unix", file, time.Second)
	if err == nil {
		_ = conn.Close()
		return errors.New("another program answers there")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(file)
}

// unixListener accepts connections that count as this machine's, because they have no address:
// -trusted-proxies and the networks of tokens know them as 127.0.0.1.
type unixListener struct {
	net.Listener
	file string // "" if it is somebody else's
}

func (l unixListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if unix, ok := conn.(*net.UnixConn); ok && err == nil {
		return unixConn{unix}, nil
	}
	return conn, err
}

// refuse removes the socket's file, so that nobody finds it any more.
func (l unixListener) refuse() error {
	if l.file == "" {
		return errors.ErrUnsupported
	}
	return os.Remove(l.file)
}

type unixConn struct{ *net.UnixConn }

func (unixConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
