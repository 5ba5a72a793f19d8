package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// writer is several clients that make one group after the other, each until that was acknowledged.
type writer struct {
	url, token string
	mu         sync.Mutex
	made       map[string]time.Time // by their names: when they were acknowledged
	strange    map[int]int          // statuses that no outage explains
	end        chan struct{}
	running    sync.WaitGroup
}

// startWriters starts eight clients of a console, and returns what they come to.
func startWriters(t *testing.T, database, url string) *writer {
	t.Helper()
	mustRun(t, database, password, "user", "create", "-email", "ada@example.com", "-name", "Ada", "-role", "owner", "-password-stdin")
	w := &writer{url: url, made: map[string]time.Time{}, strange: map[int]int{}, end: make(chan struct{})}
	w.token = strings.TrimSpace(mustRun(t, database, "", "token", "create", "-name", "writer", "-scopes", "write"))
	for n := range 8 {
		w.running.Go(func() { w.write(w.end, n) })
	}
	return w
}

func (w *writer) stop() {
	close(w.end)
	w.running.Wait()
}

// around returns how many groups were acknowledged before a moment, and when the first was after.
func (w *writer) around(moment time.Time) (before int, first time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, when := range w.made {
		if when.Before(moment) {
			before++
		} else if first.IsZero() || when.Before(first) {
			first = when
		}
	}
	return before, first
}

// check fails the test unless everything that was acknowledged is in the database, once, and no
// answer was strange.
func (w *writer) check(t *testing.T, store *models.Store) {
	t.Helper()
	if len(w.strange) > 0 {
		t.Errorf("no outage explains these answers, by their status: %v", w.strange)
	}
	has := map[string]int{}
	for name := range strings.SplitSeq(modelstest.List(t, store, "groups", "name"), ",") {
		has[name]++
	}
	for name := range w.made {
		if has[name] != 1 {
			t.Errorf("%q was acknowledged, and is there %d times", name, has[name])
		}
	}
	if err := store.Audit.Seal(t.Context()); err != nil {
		t.Error(err)
	}
	if proof, err := store.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
		t.Errorf("the activity is not intact: %v, %v", proof.Broken, err)
	}
}

// nightly skips what takes too long for every run.
func nightly(t *testing.T) {
	t.Helper()
	if modelstest.Rounds(0, 1) == 0 {
		t.Skip("not run without NIGHTLY=1")
	}
}

func startUnlimited(t *testing.T, database, listen string, log *logged) process {
	t.Helper()
	p := newProcess(t, database, log, nil, "-listen", listen, "-rate-limit", "0", "-log-level", "warn")
	p.start(t)
	return p
}

func (w *writer) write(end <-chan struct{}, n int) {
	client := &http.Client{Timeout: 10 * time.Second}
	for i := 0; ; i++ {
		name := fmt.Sprintf("Group %d of %d", i, n)
		for !w.make(client, name) {
			select {
			case <-end:
				return // it may be there or not
			case <-time.After(20 * time.Millisecond):
			}
		}
		select {
		case <-end:
			return
		default:
		}
	}
}

func (w *writer) make(client *http.Client, name string) bool {
	request, err := http.NewRequest(http.MethodPost, w.url+"/v1/groups", strings.NewReader(url.Values{"name": {name}}.Encode()))
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Idempotency-Key", name)
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	var group struct{ Name string }
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case response.StatusCode == http.StatusOK || response.StatusCode == http.StatusCreated:
		if json.NewDecoder(response.Body).Decode(&group) != nil || group.Name != name {
			return false
		}
		w.made[name] = time.Now()
		return true
	case response.StatusCode != http.StatusServiceUnavailable && response.StatusCode != http.StatusConflict:
		w.strange[response.StatusCode]++
	}
	return false
}

// TestFailover kills a primary with a synchronous standby under writers, and promotes the standby:
// the console goes on with that by itself, and nothing is lost that it acknowledged, or made twice. It
// takes a quarter of a minute, so it runs with NIGHTLY=1.
func TestFailover(t *testing.T) {
	nightly(t)
	primary := modelstest.StartCluster(t)
	standby := modelstest.StartReplica(t, primary)
	primary.Exec(t, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
	at := primary.With(standby)
	var log logged
	p := startUnlimited(t, at, "127.0.0.1:0", &log)
	w := startWriters(t, at, p.url)
	time.Sleep(3 * time.Second)
	killed := time.Now()
	if err := primary.Stop(); err != nil {
		t.Log(err) // killed, as it should be
	}
	time.Sleep(time.Second) // until somebody notices
	promoted := time.Now()
	standby.Exec(t, "SELECT pg_promote()")
	time.Sleep(6 * time.Second)
	w.stop()
	before, first := w.around(killed)
	t.Logf("%d groups acknowledged before the primary was killed and %d after; the first %s after the promotion", before, len(w.made)-before, first.Sub(promoted))
	if before == 0 || first.IsZero() || first.Sub(promoted) > 5*time.Second {
		t.Errorf("it doesn't heal: %s", &log)
	}
	w.check(t, modelstest.OpenURL(t, standby.URL()))
	stop(t, p)
}

// TestKillsLoseNoWrite kills the program under writers, and starts it again.
func TestKillsLoseNoWrite(t *testing.T) {
	nightly(t)
	eachDatabase(t, func(t *testing.T, database string) {
		var log logged
		p := startUnlimited(t, database, "127.0.0.1:0", &log)
		listen := strings.Replace(p.url, "http://localhost", "127.0.0.1", 1)
		w := startWriters(t, database, p.url)
		var slowest time.Duration
		for range 20 {
			time.Sleep(200*time.Millisecond + rand.N(300*time.Millisecond))
			if err := p.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = p.Wait()
			began := time.Now()
			p = startUnlimited(t, database, listen, &log)
			slowest = max(slowest, time.Since(began))
		}
		time.Sleep(time.Second)
		w.stop()
		t.Logf("20 kills under eight writers, %d groups acknowledged; up again within %s", len(w.made), slowest)
		w.check(t, modelstest.OpenURL(t, database))
		stop(t, p)
	})
}

// TestPostgresStartsAgain ends a server at once under writers, as a crash would.
func TestPostgresStartsAgain(t *testing.T) {
	nightly(t)
	cluster := modelstest.StartCluster(t)
	var log logged
	p := startUnlimited(t, cluster.URL(), "127.0.0.1:0", &log)
	w := startWriters(t, cluster.URL(), p.url)
	for range 5 {
		time.Sleep(time.Second)
		if err := cluster.Stop(); err != nil {
			t.Log(err) // killed, as it should be
		}
		time.Sleep(500 * time.Millisecond)
		if err := cluster.Start(); err != nil {
			t.Fatal(err)
		}
		again := time.Now()
		time.Sleep(3 * time.Second)
		before, first := w.around(again)
		t.Logf("%d groups acknowledged; the next %s after PostgreSQL accepted connections", before, first.Sub(again))
		if first.IsZero() {
			t.Errorf("it doesn't heal: %s", &log)
		}
	}
	w.stop()
	w.check(t, modelstest.OpenURL(t, cluster.URL()))
	stop(t, p)
}
