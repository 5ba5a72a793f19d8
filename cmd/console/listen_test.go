package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// through returns a client that reaches every host through a Unix socket.
func through(file string) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", file)
	}}}
}

func TestServeOnAUnixSocket(t *testing.T) {
	dir := t.TempDir()
	file, database := filepath.Join(dir, "s"), "sqlite:"+filepath.Join(dir, "console.db")
	flags := []string{"-listen", "unix:" + file, "-public-url", "http://console.example.com", "-trusted-proxies", "127.0.0.1"}
	var log logged
	killed := newProcess(t, database, &log, nil, flags...)
	killed.start(t)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != socketMode {
		t.Errorf("the socket is %v, %v", info, err)
	}
	if status := get(t, through(file), killed.url+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	mustRun(t, database, "", "health", "-listen", "unix:"+file)
	if r := console(t, database, "", append([]string{"serve"}, flags...)...); r.code != 1 || !strings.Contains(r.stderr, "another program answers there") {
		t.Errorf("a second one: exit %d, %s", r.code, r.stderr)
	}
	_ = killed.Process.Kill()
	_ = killed.Wait()
	next := newProcess(t, database, &log, nil, flags...)
	next.start(t)
	request, err := http.NewRequest(http.MethodGet, next.url+"/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", "203.0.113.7")
	response, err := through(file).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	log.await(t, "ip=203.0.113.7")
	stop(t, next)
	if r := console(t, database, "", "health", "-listen", "unix:"+file); r.code != 1 || !strings.Contains(r.stderr, "nothing answers") {
		t.Errorf("exit %d, %s", r.code, r.stderr)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the socket is left")
	}
}

// TestServeOnAPassedSocket has a socket that outlives two consoles, as systemd's does. Who
// connects between them waits.
func TestServeOnAPassedSocket(t *testing.T) {
	socket, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	file, err := socket.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	inbox, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "n"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer inbox.Close()
	database, address := "sqlite:"+filepath.Join(t.TempDir(), "console.db"), socket.Addr().String()
	var waiting net.Conn
	for round := range 2 {
		var log logged
		p := newProcess(t, database, &log, []string{"sh", "-c", `LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"`}, "-listen", "fd:3")
		p.ExtraFiles = []*os.File{file}
		p.Env = append(p.Env, "NOTIFY_SOCKET="+inbox.LocalAddr().String())
		p.start(t)
		told(t, inbox, "READY=1")
		if round == 1 {
			answer, err := http.ReadResponse(bufio.NewReader(waiting), nil)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Errorf("who waited was answered %v, %v", answer, err)
			}
			waiting.Close()
		}
		if status := get(t, http.DefaultClient, "http://"+address+"/healthz"); status != http.StatusOK || !strings.HasSuffix(address, p.url[strings.LastIndex(p.url, ":"):]) {
			t.Errorf("/healthz answers %d, at %s", status, p.url)
		}
		http.DefaultClient.CloseIdleConnections()
		stop(t, p)
		told(t, inbox, "STOPPING=1")
		if waiting, err = net.Dial("tcp", address); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(waiting, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	}
	waiting.Close()
}

func told(t *testing.T, inbox *net.UnixConn, want string) {
	t.Helper()
	got := make([]byte, 100)
	_ = inbox.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := inbox.Read(got); err != nil || string(got[:n]) != want {
		t.Errorf("systemd was told %q, %v; want %q", got[:n], err, want)
	}
}

func stop(t *testing.T, p process) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// writePair writes a new certificate for localhost with its key, and returns it.
func writePair(t *testing.T, certFile, keyFile string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"*.localhost", "localhost"}, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestHTTPSFollowsItsCertificate(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := writePair(t, certFile, keyFile)
	var log logged
	p := newProcess(t, "sqlite:"+filepath.Join(dir, "console.db"), &log, nil, "-listen", "127.0.0.1:0", "-tls-cert", certFile, "-tls-key", keyFile)
	p.start(t)
	if !strings.HasPrefix(p.url, "https://localhost:") {
		t.Fatalf("it is at %s", p.url)
	}
	has := func(want *x509.Certificate) {
		t.Helper()
		roots := x509.NewCertPool()
		roots.AddCert(want)
		response, err := (&http.Client{Transport: &http.Transport{
			DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		}}).Get(p.url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if got := response.TLS.PeerCertificates[0]; !got.Equal(want) || response.ProtoMajor != 2 || response.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s by the certificate %s, want %s; %v", response.Proto, got.SerialNumber, want.SerialNumber, response.Header)
		}
	}
	has(first)
	again := func(says string) {
		t.Helper()
		if err := p.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		log.await(t, says)
	}
	if err := os.WriteFile(certFile, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	again("the certificate stays as it was")
	has(first)
	second := writePair(t, certFile, keyFile)
	again("read the certificate again")
	has(second)
	if got := mustRun(t, "", "", "health", "-listen", strings.Replace(p.url, "https://localhost", "", 1), "-tls-cert", certFile); got != "ready\n" {
		t.Errorf("health says %q", got)
	}
	stop(t, p)
}
