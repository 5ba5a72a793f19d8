package models_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
)

// TestReceiversThatTakeTooLong covers those that never answer, that answer when it is too late, and
// whose answers don't end, with less time than the ten seconds that they have.
func TestReceiversThatTakeTooLong(t *testing.T) {
	receivers := map[string]http.HandlerFunc{
		"timeout 0": func(w http.ResponseWriter, r *http.Request) {
			untilHungUp(r)
			w.WriteHeader(http.StatusOK)
		},
		"timeout 200": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("wait"))
			w.(http.Flusher).Flush()
			untilHungUp(r)
		},
	}
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, _ func(time.Duration)) {
		store.Webhooks.SetReach(webhooks.Reach{Loopback: true, Limit: 100 * time.Millisecond})
		all := map[string]webhooks.Webhook{}
		for name, handler := range receivers {
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			all[name], _ = newWebhook(t, store, by, server.URL, "*")
		}
		all["tls 0"], _ = newWebhook(t, store, by, "https://"+garbage(t), "*")
		modelstest.Group(t, store, by, "One")
		send(t, store)
		for name, w := range all {
			d := deliveriesOf(t, store, by, w)[0]
			if got := fmt.Sprint(d.Error, " ", d.Status); got != name || d.State != webhooks.Pending || d.NextAt == nil {
				t.Errorf("%s is recorded as %q, and is %s", name, got, d.State)
			}
		}
	})
}

// untilHungUp waits until the sender has hung up, which the server notices once the body is read.
func untilHungUp(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// garbage returns where somebody listens who speaks neither TLS nor HTTP.
func garbage(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("220 mail.example.com ESMTP\r\n"))
			_ = conn.(*net.TCPConn).CloseWrite()
		}
	}()
	return l.Addr().String()
}

// TestNamesThatResolveElsewhereLater has a name that is public when the webhook is created and this
// machine's when events are sent (DNS rebinding).
func TestNamesThatResolveElsewhereLater(t *testing.T) {
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, _ func(time.Duration)) {
		names := newNameServer(t)
		store.Webhooks.SetReach(webhooks.Reach{Resolver: names.resolver()})
		rc := newReceiver(t)
		url := "https://rebind.example:" + strings.Split(rc.URL, ":")[2]
		names.address.Store("10.0.0.7")
		if problems, _ := store.Webhooks.CheckURL(t.Context(), webhooks.Change{URL: &url}).(access.Invalid); !strings.Contains(problems.For("url"), "private network") { //nolint:errorlint // as it is returned
			t.Errorf("a name that resolves to a private address: %v", problems)
		}
		names.address.Store("then none") // public once: that nobody connects to it
		if err := store.Webhooks.CheckURL(t.Context(), webhooks.Change{URL: &url}); err != nil {
			t.Errorf("a name that is public: %v", err)
		}
		w, _ := newWebhook(t, store, by, url, "*")
		names.address.Store("127.0.0.1")
		modelstest.Group(t, store, by, "One")
		send(t, store)
		if d := deliveriesOf(t, store, by, w)[0]; d.Error != webhooks.Private || len(rc.types()) != 0 {
			t.Errorf("it is recorded as %q; the receiver got %q", d.Error, rc.types())
		}
	})
}

// nameServer resolves every name to one address.
type nameServer struct {
	net.PacketConn
	address atomic.Value
}

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s := &nameServer{PacketConn: conn}
	go s.serve()
	return s
}

func (s *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", s.LocalAddr().String())
	}}
}

func (s *nameServer) serve() {
	packet := make([]byte, 512)
	for {
		n, from, err := s.ReadFrom(packet)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(packet[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		m.Response, m.Additionals = true, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			if s.address.CompareAndSwap("then none", "") {
				m.Answers = answerA(q, "93.184.215.14")
			} else {
				m.Answers = answerA(q, s.address.Load().(string))
			}
		}
		if m.RCode = dnsmessage.RCodeSuccess; len(m.Answers) == 0 && m.Questions[0].Type == dnsmessage.TypeA {
			m.RCode = dnsmessage.RCodeNameError
		}
		if packed, err := m.Pack(); err == nil {
			_, _ = s.WriteTo(packed, from)
		}
	}
}

func answerA(q dnsmessage.Question, address string) []dnsmessage.Resource {
	ip := net.ParseIP(address).To4()
	if ip == nil {
		return nil
	}
	header := dnsmessage.ResourceHeader{Name: q.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
	return []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: [4]byte(ip)}}}
}
