package models_test

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
)

// receiver is where webhooks of tests point.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []received
	fail atomic.Bool // whether it responds with 500
}

type received struct {
	ID, Type string
	Payload  struct{ ID, Name string }
	body     []byte
	headers  http.Header
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	rc := &receiver{}
	rc.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := received{headers: r.Header}
		got.body, _ = io.ReadAll(r.Body)
		if err := json.Unmarshal(got.body, &got); err != nil {
			t.Errorf("the body %q: %v", got.body, err)
		}
		rc.mu.Lock()
		defer rc.mu.Unlock()
		rc.got = append(rc.got, got)
		if rc.fail.Load() {
			http.Error(w, "not now", http.StatusInternalServerError)
		}
	}))
	t.Cleanup(rc.Close)
	return rc
}

// types returns what the receiver got, in order: "group.created Plaza".
func (rc *receiver) types() []string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	var all []string
	for _, r := range rc.got {
		all = append(all, r.Type+" "+r.Payload.Name)
	}
	return all
}

func (rc *receiver) last() received {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return rc.got[len(rc.got)-1]
}

// eachWithHooks runs a test on each engine, with a clock that the test sets ahead.
func eachWithHooks(t *testing.T, test func(t *testing.T, store *models.Store, by access.Actor, ahead func(time.Duration))) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		var offset atomic.Int64
		store.DB.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
		store.Webhooks.SetReach(webhooks.Reach{Loopback: true})
		test(t, store, modelstest.Owner(t, store), func(d time.Duration) { offset.Add(int64(d)) })
	})
}

func newWebhook(t testing.TB, store *models.Store, by access.Actor, url string, names ...string) (webhooks.Webhook, string) {
	t.Helper()
	w, secret, err := store.Webhooks.Create(t.Context(), by, webhooks.Change{Name: ptr("Receiver"), URL: &url, Events: &names}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w, modelstest.Keep(store, "webhook secret", secret)
}

// send relays what has happened, and sends what is due.
func send(t testing.TB, store *models.Store) {
	t.Helper()
	if err := cmp.Or(store.RelayEvents(t.Context()), store.Webhooks.Run(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func deliveriesOf(t testing.TB, store *models.Store, by access.Actor, w webhooks.Webhook) []webhooks.Delivery {
	t.Helper()
	q := webhooks.DeliveryQuery{WebhookID: w.ID}
	q.Limit = 100
	page, err := store.Webhooks.Deliveries(t.Context(), by, q)
	if err != nil {
		t.Fatal(err)
	}
	return page.Deliveries
}

func TestWebhooksHearOfChangesInOrder(t *testing.T) {
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, ahead func(time.Duration)) {
		rc := newReceiver(t)
		w, secret := newWebhook(t, store, by, rc.URL, "group.*")
		g := modelstest.Group(t, store, by, "One")
		for _, name := range []string{"Two", "Three"} {
			if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: &name}); err != nil {
				t.Fatal(err)
			}
		}
		modelstest.Contact(t, store, by, "ada") // which it doesn't hear of

		rc.fail.Store(true)
		send(t, store)
		if got := rc.types(); !slices.Equal(got, []string{"group.created One"}) {
			t.Errorf("a receiver that fails got %q, want the first event alone", got)
		}
		rc.fail.Store(false)
		send(t, store)
		if len(rc.types()) != 1 {
			t.Errorf("it is tried again at once")
		}
		ahead(7 * time.Second)
		send(t, store)
		if got := rc.types()[1:]; !slices.Equal(got, []string{"group.created One", "group.updated Two", "group.updated Three"}) {
			t.Errorf("it got %q", got)
		}
		if rc.got[0].ID != rc.got[1].ID || rc.got[0].ID == rc.got[2].ID {
			t.Errorf("the ids are %s, %s, %s", rc.got[0].ID, rc.got[1].ID, rc.got[2].ID)
		}
		checkSigned(t, rc.last(), secret)
		for i, d := range deliveriesOf(t, store, by, w) {
			if want := []int{1, 1, 2}[i]; d.State != webhooks.Delivered || d.Attempts != want || d.Status != 200 {
				t.Errorf("delivery %d is %s after %d requests, the last with status %d", i, d.State, d.Attempts, d.Status)
			}
		}
	})
}

// TestHoursOfDeliveries counts what the chart of the overview shows.
func TestHoursOfDeliveries(t *testing.T) {
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, ahead func(time.Duration)) {
		ahead(time.Until(time.Now().Truncate(time.Hour).Add(90 * time.Minute))) // so that no hour ends meanwhile
		newWebhook(t, store, by, newReceiver(t).URL, "group.created")
		for _, name := range []string{"One", "Two", "Three"} {
			modelstest.Group(t, store, by, name)
		}
		send(t, store)
		carryOut(t, store, "UPDATE webhook_deliveries SET state = 'failed' WHERE id = (SELECT max(id) FROM webhook_deliveries)")
		ahead(2 * time.Hour)
		modelstest.Group(t, store, by, "Four")
		send(t, store)
		hours, err := store.Webhooks.Hours(t.Context(), by)
		if err != nil || len(hours) != 24 {
			t.Fatal(hours, err)
		}
		for i, h := range hours {
			want := map[int]webhooks.Hour{21: {Made: 3, Failed: 1}, 23: {Made: 1}}[i]
			if want.At = store.DB.Now().Truncate(time.Hour).Add(time.Duration(i-23) * time.Hour).Unix(); h != want {
				t.Errorf("hour %d is %+v, want %+v", i, h, want)
			}
		}
		if _, err := store.Webhooks.Hours(t.Context(), somebody(t, store, "bob", access.Auditor).Actor()); !errors.Is(err, access.ErrDenied) {
			t.Errorf("an auditor gets %v", err)
		}
	})
}

// checkSigned checks the signatures of a request with the library of Standard Webhooks.
func checkSigned(t *testing.T, got received, secret string) {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err == nil {
		err = verifier.VerifyIgnoringTimestamp(got.body, got.headers)
	}
	if err != nil {
		t.Errorf("the signature: %v", err)
	}
	if want := hexHMAC(secret, got.body); got.headers.Get(webhooks.SignatureHeader) != want {
		t.Errorf("the signature of the body is %q, want %q", got.headers.Get(webhooks.SignatureHeader), want)
	}
}

func TestARolledSecretSignsBesideTheOldOne(t *testing.T) {
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, ahead func(time.Duration)) {
		rc := newReceiver(t)
		w, old := newWebhook(t, store, by, rc.URL, "*")
		_, secret, err := store.Webhooks.Roll(t.Context(), by, w.ID, nil)
		if err != nil || secret == old {
			t.Fatalf("the new secret is the old one: %v", err)
		}
		modelstest.Keep(store, "webhook secret", secret)
		for _, kind := range []events.Type{events.GroupCreated, events.MessageCreated} {
			if _, err := store.Webhooks.Test(t.Context(), by, w.ID, kind); err != nil {
				t.Fatal(err)
			}
			send(t, store)
			got := rc.last()
			checkSigned(t, got, secret)
			if previous := got.headers.Get(webhooks.OldSignatureHeader); kind == events.GroupCreated {
				verifier, _ := standardwebhooks.NewWebhook(old)
				if err := verifier.Verify(got.body, got.headers); err != nil || previous != hexHMAC(old, got.body) {
					t.Errorf("the old secret: %v, %q", err, previous)
				}
				checkFindings(t, store, by, w, got)
			} else if previous != "" {
				t.Errorf("after a day the old secret still signs")
			}
			ahead(webhooks.Overlap)
		}
	})
}

// checkFindings checks what is said about requests with a part that is wrong.
func checkFindings(t *testing.T, store *models.Store, by access.Actor, w webhooks.Webhook, got received) {
	t.Helper()
	right := webhooks.Request{
		Body: string(got.body), ID: got.ID, Timestamp: got.headers.Get("webhook-timestamp"),
		Standard: got.headers.Get("webhook-signature"), Protocol: got.headers.Get("x-protocol-signature"),
	}
	for want, change := range map[string]func(r *webhooks.Request){
		"": func(*webhooks.Request) {},
		"webhook-id unknown; webhook-signature other_secret":                          func(r *webhooks.Request) { r.ID = "0VblOpnjquG9nmVd" },
		"webhook-timestamp other_time; webhook-signature no_match":                    func(r *webhooks.Request) { r.Timestamp = "1600000000" },
		"body white_space; x-protocol-signature no_match; webhook-signature no_match": func(r *webhooks.Request) { r.Body += "\n" },
		"body differs; x-protocol-signature no_match; webhook-signature no_match":     func(r *webhooks.Request) { r.Body = strings.Replace(r.Body, "Plaza", "Place", 1) },
		"x-protocol-signature not_hex":                                                func(r *webhooks.Request) { r.Protocol = strings.ToUpper(r.Protocol) },
		"x-protocol-signature other_secret":                                           func(r *webhooks.Request) { r.Protocol = strings.Repeat("ab", 32) },
		"webhook-signature malformed":                                                 func(r *webhooks.Request) { r.Standard = strings.ReplaceAll(r.Standard, "v1,", "") },
		"webhook-signature missing; x-protocol-signature missing":                     nil,
	} {
		r := right
		if change == nil {
			r.Standard, r.Protocol = "", ""
		} else {
			change(&r)
		}
		found, err := store.Webhooks.CheckSignature(t.Context(), by, w.ID, r)
		var wrong []string
		for _, f := range found {
			if !f.OK {
				wrong = append(wrong, f.Part+" "+f.Code)
			}
		}
		wanted := strings.Split(want, "; ")
		slices.Sort(wanted)
		slices.Sort(wrong)
		if err != nil || strings.Join(wrong, "; ") != strings.Join(wanted, "; ") {
			t.Errorf("found %q, want %q; %v", wrong, wanted, err)
		}
	}
}

func TestAWebhookThatFailsIsPaused(t *testing.T) {
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, ahead func(time.Duration)) {
		rc := newReceiver(t)
		rc.fail.Store(true)
		w, _ := newWebhook(t, store, by, rc.URL, "*")
		for i := range 100 {
			modelstest.Contact(t, store, by, fmt.Sprint("contact", i))
		}
		for range 120 {
			send(t, store)
			ahead(2 * time.Second)
		}
		paused, err := store.Webhooks.Webhook(t.Context(), by, w.ID)
		if err != nil || paused.State != webhooks.Paused || paused.Reason != webhooks.Failing || paused.Failures != 100 {
			t.Fatalf("it is %s (%s) after %d failures; %v", paused.State, paused.Reason, paused.Failures, err)
		}
		if shown, err := store.Webhooks.PausedWebhooks(t.Context(), by); err != nil || len(shown) != 1 {
			t.Errorf("%d webhooks are shown as paused; %v", len(shown), err)
		}
		rc.fail.Store(false)
		if _, err := store.Webhooks.Update(t.Context(), by, w.ID, webhooks.Change{State: ptr(webhooks.Enabled)}); err != nil {
			t.Fatal(err)
		}
		send(t, store)
		for _, d := range deliveriesOf(t, store, by, w) {
			if d.State != webhooks.Delivered {
				t.Errorf("a delivery that waited is %s", d.State)
			}
		}
	})
}

func TestADeliveryIsGivenUpAfterThreeDays(t *testing.T) {
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, ahead func(time.Duration)) {
		rc := newReceiver(t)
		rc.fail.Store(true)
		w, _ := newWebhook(t, store, by, rc.URL, "*")
		modelstest.Group(t, store, by, "One")
		for range 72 * 2 {
			send(t, store)
			ahead(time.Hour)
		}
		d := deliveriesOf(t, store, by, w)[0]
		if d.State != webhooks.Failed || d.Attempts < 12 || d.Attempts > 18 {
			t.Errorf("it is %s after %d requests", d.State, d.Attempts)
		}
		w, err := store.Webhooks.Webhook(t.Context(), by, w.ID)
		if err != nil || w.Reason != webhooks.TooLate {
			t.Errorf("the webhook is %s (%s); %v", w.State, w.Reason, err)
		}
		rc.fail.Store(false)
		if _, err := store.Webhooks.Resend(t.Context(), by, w.ID, d.ID); err == nil {
			t.Errorf("a paused webhook takes what is sent again")
		}
		if _, err := store.Webhooks.Update(t.Context(), by, w.ID, webhooks.Change{State: ptr(webhooks.Enabled)}); err != nil {
			t.Fatal(err)
		}
		if n, more, err := store.Webhooks.ResendFailed(t.Context(), by, w.ID, time.Now().Add(-time.Minute)); n != 1 || more || err != nil {
			t.Errorf("%d are sent again; %v", n, err)
		}
		send(t, store)
		if d := deliveriesOf(t, store, by, w)[0]; d.State != webhooks.Delivered {
			t.Errorf("sent again it is %s", d.State)
		}
	})
}

// TestAnswersAreRecordedAsWhatTheyWere sends to receivers that don't behave.
func TestAnswersAreRecordedAsWhatTheyWere(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"status 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"redirect 302": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
		},
		" 200": func(w http.ResponseWriter, _ *http.Request) { // a gigabyte
			for range 1 << 14 {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		},
		"status 410":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) },
		"too_large 0": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Big", strings.Repeat("x", 100<<10)) },
		"reset 0": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		},
	}
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, _ func(time.Duration)) {
		urls := map[string]string{"refused 0": "http://127.0.0.1:1/", "private_address 0": "http://10.0.0.1/"}
		for name, handler := range answers {
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			urls[name] = server.URL
		}
		secure := httptest.NewUnstartedServer(http.NotFoundHandler())
		secure.Config.ErrorLog, secure.TLS = discarded, &tls.Config{MinVersion: tls.VersionTLS12}
		secure.StartTLS()
		t.Cleanup(secure.Close)
		if err := store.Webhooks.CheckURL(t.Context(), webhooks.Change{URL: &secure.URL}); err == nil {
			t.Errorf("a certificate that nobody trusts is taken")
		}
		urls["tls 0"] = secure.URL
		all := map[string]webhooks.Webhook{}
		for name, url := range urls {
			w, _ := newWebhook(t, store, by, "http://127.0.0.1/", "*")
			modelstest.Exec(t, store, "UPDATE webhooks SET url = '"+url+"' WHERE id = '"+w.ID+"'") // as a name that resolves to another address later
			all[name] = w
		}
		modelstest.Group(t, store, by, "One")
		send(t, store)
		for name, w := range all {
			found := deliveriesOf(t, store, by, w)
			d, err := store.Webhooks.Delivery(t.Context(), by, w.ID, found[0].ID)
			if err != nil || len(d.Requests) != 1 {
				t.Fatalf("%s: %d requests; %v", name, len(d.Requests), err)
			}
			if got := fmt.Sprint(d.Requests[0].Error, " ", d.Requests[0].Status); got != name {
				t.Errorf("%s is recorded as %q", name, got)
			}
			if len(d.Requests[0].ResponseBody) > 8<<10*3 || d.Requests[0].Truncated != (name == " 200") {
				t.Errorf("%s: %d bytes of the answer are stored", name, len(d.Requests[0].ResponseBody))
			}
		}
		gone, err := store.Webhooks.Webhook(t.Context(), by, all["status 410"].ID)
		if err != nil || gone.State != webhooks.Disabled || gone.Reason != webhooks.Gone {
			t.Errorf("after 410 it is %s (%s); %v", gone.State, gone.Reason, err)
		}
	})
}

func TestURLsOfWebhooks(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		for url, says := range map[string]string{
			"":                             "Enter the URL",
			"ftp://example.com":            "full URL",
			"http://example.com/":          "https",
			"https://user:pw@example.com/": "username",
			"https://example.com:0/":       "port",
			"https://example.com:70000/":   "port",
			"https://localhost/":           "own machine",
			"https://127.0.0.1/":           "own machine",
			"https://[::1]/":               "own machine",
			"https://[::ffff:127.0.0.1]/":  "own machine",
			"https://10.1.2.3/":            "private network",
			"https://[::ffff:10.1.2.3]/":   "private network",
			"https://169.254.169.254/":     "private network",
			"https://[fe80::1]/":           "private network",
			"https://0.0.0.0/":             "private network",
			"https://example.com/#here":    "#fragment",
			"https://" + strings.Repeat("a", 2100) + ".example.com/": "at most 2,048",
		} {
			_, _, err := store.Webhooks.Create(t.Context(), by, webhooks.Change{Name: ptr("A"), URL: &url, Events: &[]string{"*"}}, nil)
			if problems, _ := err.(access.Invalid); !strings.Contains(problems.For("url"), says) { //nolint:errorlint // as it is returned
				t.Errorf("%q: %v, want %q", url, err, says)
			}
		}
		name := strings.Repeat("x", 81)
		_, _, err := store.Webhooks.Create(t.Context(), by, webhooks.Change{Name: &name, URL: ptr("https://example.com"), Events: &[]string{"group.burned"}}, nil)
		if problems, _ := err.(access.Invalid); problems.For("name") == "" || problems.For("events") == "" { //nolint:errorlint // as it is returned
			t.Errorf("a long name and an unknown event: %v", err)
		}
	})
}

// TestTwoConsolesSendEachDeliveryOnce has two stores send at once, of which one stops silently.
func TestTwoConsolesSendEachDeliveryOnce(t *testing.T) {
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, _ func(time.Duration)) {
		second := modelstest.Second(t, store, time.Now())
		second.Webhooks.SetReach(webhooks.Reach{Loopback: true})
		second.DB.Now = time.Now
		store.Webhooks.LeaseTime, second.Webhooks.LeaseTime = 2*time.Second, 2*time.Second // a busy machine renews in time
		rc := newReceiver(t)
		w, _ := newWebhook(t, store, by, rc.URL, "*")
		const n = 60
		for i := range n {
			modelstest.Contact(t, store, by, fmt.Sprint("contact", i))
		}
		if err := store.RelayEvents(t.Context()); err != nil {
			t.Fatal(err)
		}
		// A third program holds the lease, and was killed.
		modelstest.Exec(t, store, "UPDATE webhooks SET lease_owner = 'killed'")
		var both sync.WaitGroup
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		for _, s := range []*models.Store{store, second} {
			both.Go(func() {
				for ctx.Err() == nil && len(rc.types()) < n {
					if err := s.Webhooks.Run(ctx); err != nil {
						t.Error(err)
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		both.Wait()
		if got := rc.types(); len(got) != n {
			t.Errorf("%d events were sent %d times", n, len(got))
		}
		for _, d := range deliveriesOf(t, store, by, w) {
			if d.Attempts != 1 || d.State != webhooks.Delivered {
				t.Errorf("a delivery is %s after %d requests", d.State, d.Attempts)
			}
		}
	})
}

// discarded is a log for servers that are meant to fail.
var discarded = log.New(io.Discard, "", 0)

func hexHMAC(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
