package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models/modelstest"
)

// TestCommandsThatReadWorkOnAStandby checks that the others say what is wrong.
func TestCommandsThatReadWorkOnAStandby(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	at := cluster.URL()
	mustRun(t, at, password, "user", "create", "-email", "ada@example.com", "-name", "Ada", "-role", "owner", "-password-stdin")
	if err := cluster.Stop(); err != nil {
		t.Log(err) // ended at once, as it should be
	}
	if err := cluster.Follow(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	for line, says := range map[string]string{
		"user list": "ada@example.com", "token list": "CREATED", "job list": "PROGRESS", "audit verify": "tail",
		"backup -": "\x28\xb5\x2f\xfd", // as zstd begins
	} {
		if r := console(t, at, "", strings.Fields(line)...); r.code != 0 || !strings.Contains(r.stdout, says) {
			t.Errorf("%s: exit %d, %.200s, %s", line, r.code, r.stdout, r.stderr)
		}
	}
	mustRun(t, at, "", "copy", "-from", at, "-to", "sqlite:"+filepath.Join(t.TempDir(), "copy.db"))
	for _, line := range []string{"serve -listen 127.0.0.1:0", "migrate", "user disable -email ada@example.com", "doctor"} {
		r := console(t, at, "", strings.Fields(line)...)
		if r.code != 1 || !strings.Contains(r.stderr+r.stdout, "the server is a standby, which only reads: give the address of the primary") {
			t.Errorf("%s: exit %d, %s%s", line, r.code, r.stdout, r.stderr)
		}
	}
}

// writer is a client that makes one group after the other, each until that was acknowledged.
type writer struct {
	url, token string
	mu         sync.Mutex
	made       map[string]time.Time // by their names: when they were acknowledged
	strange    map[int]int          // statuses that no outage explains
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
	if modelstest.Rounds(0, 1) == 0 {
		t.Skip("not run without NIGHTLY=1")
	}
	primary := modelstest.StartCluster(t)
	standby := modelstest.StartReplica(t, primary)
	primary.Exec(t, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
	at := primary.With(standby)
	mustRun(t, at, password, "user", "create", "-email", "ada@example.com", "-name", "Ada", "-role", "owner", "-password-stdin")
	var log logged
	p := newProcess(t, at, &log, nil, "-listen", "127.0.0.1:0", "-rate-limit", "0", "-log-level", "warn")
	p.start(t)
	w := writer{url: p.url, made: map[string]time.Time{}, strange: map[int]int{}}
	w.token = strings.TrimSpace(mustRun(t, at, "", "token", "create", "-name", "writer", "-scopes", "write"))
	end := make(chan struct{})
	var writers sync.WaitGroup
	for n := range 8 {
		writers.Go(func() { w.write(end, n) })
	}
	time.Sleep(3 * time.Second)
	killed := time.Now()
	if err := primary.Stop(); err != nil {
		t.Log(err) // killed, as it should be
	}
	time.Sleep(time.Second) // until somebody notices
	promoted := time.Now()
	standby.Exec(t, "SELECT pg_promote()")
	time.Sleep(6 * time.Second)
	close(end)
	writers.Wait()

	first, before := time.Time{}, 0
	for _, when := range w.made {
		if when.Before(killed) {
			before++
		} else if first.IsZero() || when.Before(first) {
			first = when
		}
	}
	t.Logf("%d groups acknowledged before the primary was killed and %d after; the first %s after the promotion", before, len(w.made)-before, first.Sub(promoted))
	if before == 0 || first.IsZero() || first.Sub(promoted) > 5*time.Second || len(w.strange) > 0 {
		t.Errorf("it doesn't heal; answers that no outage explains: %v; %s", w.strange, &log)
	}
	store := modelstest.OpenURL(t, standby.URL())
	has := map[string]int{}
	for _, name := range strings.Split(modelstest.List(t, store, "groups", "name"), ",") {
		has[name]++
	}
	for name := range w.made {
		if has[name] != 1 {
			t.Errorf("%q was acknowledged, and is there %d times", name, has[name])
		}
	}
	if proof, err := store.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
		t.Errorf("the activity is not intact: %v, %v", proof.Broken, err)
	}
	stop(t, p)
}
