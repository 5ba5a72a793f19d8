package main

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
)

// flaky is a receiver that fails a third of the requests in one of three ways: with a status, by
// closing the connection, and by closing it although it has stored the event.
type flaky struct {
	*httptest.Server
	mu       sync.Mutex
	requests int
	bodies   map[string]string   // by event
	stored   map[string]bool     // events that were accepted
	order    map[string][]string // the events that each object's requests brought
	wrong    []string
}

func newFlaky(t *testing.T) *flaky {
	t.Helper()
	f := &flaky{bodies: map[string]string{}, stored: map[string]bool{}, order: map[string][]string{}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.receive))
	t.Cleanup(f.Close)
	return f
}

func (f *flaky) receive(w http.ResponseWriter, r *http.Request) {
	var event struct {
		ID      string
		Payload struct{ ID string }
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // cut off by a kill
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	if err := json.Unmarshal(body, &event); err != nil || r.Header.Get(webhooks.IDHeader) != event.ID {
		f.wrong = append(f.wrong, string(body))
	}
	if first, again := f.bodies[event.ID]; again && first != string(body) {
		f.wrong = append(f.wrong, "another body: "+string(body))
	}
	f.bodies[event.ID] = string(body)
	f.order[event.Payload.ID] = append(f.order[event.Payload.ID], event.ID)
	switch rand.N(9) {
	case 0:
		w.WriteHeader(http.StatusInternalServerError)
	case 1, 2:
		f.stored[event.ID] = f.stored[event.ID] || rand.N(2) == 0
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
	default:
		f.stored[event.ID] = true
	}
}

func (f *flaky) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests
}

// sending are jobs of whose changes a receiver is told, while something goes wrong.
type sending struct {
	*testing.T
	store *models.Store
	*flaky
	job  jobs.Job
	jobs int
}

func startSending(t *testing.T, database string, groups int) *sending {
	t.Helper()
	s := &sending{T: t, store: modelstest.OpenURL(t, database), flaky: newFlaky(t)}
	s.store.Webhooks.SetReach(webhooks.Reach{Loopback: true})
	manyGroups(t, s.store, groups)
	name, names := "Receiver", []string{"group.*"}
	_, secret, err := s.store.Webhooks.Create(t.Context(), modelstest.Owner(t, s.store), webhooks.Change{Name: &name, URL: &s.URL, Events: &names}, nil)
	if err != nil {
		t.Fatal(err)
	}
	modelstest.Keep(s.store, "webhook secret", secret)
	return s
}

// start starts the program, which sends to this machine.
func (s *sending) start(database string) process {
	var log logged
	p := startProcess(s.T, database, &log, "env", "WEBHOOK_ALLOW_LOOPBACK=true")
	log.await(s.T, "msg=started")
	return p
}

// work waits until the program has sent something, and starts the next job if there is nothing left.
func (s *sending) work() {
	for before := s.count(); s.count() == before; time.Sleep(5 * time.Millisecond) {
		s.retryNow()
		if !s.done() {
			continue
		}
		var err error
		if s.jobs++; s.jobs%2 == 1 {
			s.job, err = startArchive(s.T, s.store)
		} else {
			s.job, err = s.store.BulkChanges.Undo(s.Context(), access.System("test"), s.job.ID)
		}
		if err != nil {
			s.Fatal(err)
		}
	}
}

// retryNow makes due what waits to be tried again, as if the time had passed.
func (s *sending) retryNow() {
	s.exec("UPDATE webhook_deliveries SET next_at = 1 WHERE next_at > 1")
}

// exec runs a statement, and waits while the program writes.
func (s *sending) exec(statement string) {
	s.Helper()
	if err := s.store.DB.Writer.WithContext(s.Context()).Exec(statement).Error; err != nil {
		s.Fatal(err)
	}
}

// forgetLease makes known that the program is gone which sent; in the long run it must be found out.
func (s *sending) forgetLease() {
	if modelstest.Rounds(1, 0) == 1 {
		s.exec("UPDATE webhooks SET lease_owner = ''")
	}
}

// done reports whether the job is finished and all of its events are delivered.
func (s *sending) done() bool {
	const left = "SELECT (SELECT count(*) FROM webhook_deliveries WHERE state <> 'delivered') + (SELECT count(*) FROM events WHERE number IS NULL)"
	return (s.jobs == 0 || finished(s.T, s.store, s.job)) && modelstest.Value(s.T, s.store, left) == "0"
}

// finish waits until all is delivered, and checks what arrived.
func (s *sending) finish(groups int) {
	for end := time.Now().Add(2 * time.Minute); !s.done(); time.Sleep(20 * time.Millisecond) {
		if s.retryNow(); time.Now().After(end) {
			s.Fatal("not everything is delivered")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	place := map[string]int64{}
	for q := (events.Query{Limit: 500}); ; {
		found, more, err := s.store.Events.List(s.Context(), q)
		if err != nil {
			s.Fatal(err)
		}
		for _, e := range found {
			place[e.ID], q.After = e.Number, e.Number
			if !s.stored[e.ID] {
				s.Errorf("event %s of %s was lost", e.ID, e.ObjectID)
			}
		}
		if !more {
			break
		}
	}
	if len(place) != s.jobs*groups || len(s.bodies) != len(place) || len(s.wrong) > 0 {
		s.Errorf("%d jobs of %d groups made %d events, of which %d arrived; wrong are %q", s.jobs, groups, len(place), len(s.bodies), s.wrong)
	}
	for object, ids := range s.order {
		if !slices.IsSortedFunc(ids, func(a, b string) int { return int(place[a] - place[b]) }) {
			s.Errorf("the events of %s arrived in the order %v", object, ids)
		}
	}
	s.Logf("%d events in %d requests", len(place), s.requests)
}

// atWork is how long the program sends before it is interrupted: with NIGHTLY=1, long enough for
// 10,000 events in all.
func atWork() time.Duration {
	return rand.N(time.Duration(modelstest.Rounds(100, 400)) * time.Millisecond)
}

// TestKillsLoseNoDelivery kills the program at random moments while jobs change groups and a
// receiver that fails a third is told: once here, a hundred times with NIGHTLY=1.
func TestKillsLoseNoDelivery(t *testing.T) {
	modelstest.Slow(t)
	kills, groups := modelstest.Rounds(1, 100), modelstest.Rounds(50, 1000)
	eachDatabase(t, func(t *testing.T, database string) {
		s := startSending(t, database, groups)
		for range kills {
			p := s.start(database)
			s.work()
			time.Sleep(atWork())
			if err := p.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			_ = p.Wait()
			s.forgetLease()
		}
		s.start(database)
		s.finish(groups)
	})
}

// TestKillsOfPostgresLoseNoDelivery ends the server at once, as a crash of it would, while the
// program sends.
func TestKillsOfPostgresLoseNoDelivery(t *testing.T) {
	kills, groups := modelstest.Rounds(1, 100), modelstest.Rounds(50, 1000)
	cluster := modelstest.StartCluster(t)
	modelstest.OpenEmpty(t, cluster.URL())
	s := startSending(t, cluster.URL(), groups)
	s.start(cluster.URL())
	for range kills {
		s.work()
		time.Sleep(atWork())
		if err := cluster.Stop(); err != nil {
			t.Log(err) // killed, as it should be
		}
		if err := cluster.Start(); err != nil {
			t.Fatal(err)
		}
		s.store = modelstest.OpenURL(t, cluster.URL()) // without broken connections in its pool
	}
	s.finish(groups)
}
