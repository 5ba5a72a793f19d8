package models_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
)

// fillEvents stores n events of 5,000 groups, as if these had just been changed.
func fillEvents(t testing.TB, store *models.Store, n int) {
	t.Helper()
	modelstest.Exec(t, store, fmt.Sprintf(`WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < %d)
		INSERT INTO events (id, type, object_id, payload, created_at, request_id)
		SELECT '0Vb' || (1000000000000 + i), CASE WHEN i %% 10 = 0 THEN 'contact.updated' ELSE 'group.updated' END, '00000000000' || (10000 + i %% 5000),
			'{"id":"00000000000' || (10000 + i %% 5000) || '","name":"Plaza","description":"%0900d"}', 1790000000, 'REQUEST' || i FROM numbers ORDER BY i`, n, 0))
}

// openDurable opens a database that waits for the disk, as those of other tests don't.
func openDurable(b *testing.B, engine string) *models.Store {
	b.Helper()
	if engine == modelstest.SQLite {
		store := modelstest.Open(b, engine)
		if err := store.DB.Writer.Exec("PRAGMA synchronous = FULL").Error; err != nil {
			b.Fatal(err)
		}
		return store
	}
	dir, err := os.MkdirTemp("/tmp", "console-kept-") // which is open to the user that PostgreSQL runs as
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	cluster, err := modelstest.StartPersistentCluster(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cluster.Close() })
	modelstest.OpenEmpty(b, cluster.URL())
	return modelstest.OpenURL(b, cluster.URL())
}

// BenchmarkDeliveries relays events and sends them to a receiver that accepts all at once.
func BenchmarkDeliveries(b *testing.B) {
	for _, engine := range modelstest.Engines {
		b.Run(engine, func(b *testing.B) {
			store := openDurable(b, engine)
			store.Webhooks.SetReach(webhooks.Reach{Loopback: true})
			var got atomic.Int64
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				got.Add(1)
			}))
			b.Cleanup(receiver.Close)
			by := modelstest.Owner(b, store)
			w, _ := newWebhook(b, store, by, receiver.URL, "*")
			fillEvents(b, store, b.N)
			b.ResetTimer()
			send(b, store)
			b.ReportMetric(float64(got.Load())/b.Elapsed().Seconds(), "deliveries/s")
			if got.Load() != int64(b.N) {
				b.Errorf("%d of %d events were sent to %s", got.Load(), b.N, w.ID)
			}
		})
	}
}

// TestAReceiverThatHangsDelaysNoOther has one that responds only after another has everything.
func TestAReceiverThatHangsDelaysNoOther(t *testing.T) {
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, _ func(time.Duration)) {
		const n = 200
		var got atomic.Int64
		all := make(chan struct{})
		quick := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if got.Add(1) == n {
				close(all)
			}
		}))
		t.Cleanup(quick.Close)
		hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-all }))
		t.Cleanup(hanging.Close)
		slow, _ := newWebhook(t, store, by, hanging.URL, "*")
		newWebhook(t, store, by, quick.URL, "*")
		newWebhook(t, store, by, "http://127.0.0.1:1/", "*") // where nobody listens
		fillEvents(t, store, n)
		send(t, store)
		if got.Load() != n {
			t.Errorf("%d of %d were sent", got.Load(), n)
		}
		for _, d := range deliveriesOf(t, store, by, slow) {
			if d.State != webhooks.Delivered || d.Attempts != 1 {
				t.Fatalf("a request that was answered late is %s (%s) after %d", d.State, d.Error, d.Attempts)
			}
		}
	})
}
