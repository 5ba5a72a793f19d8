package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// manyResult is what was measured of changes of many groups at once. They have no counterpart
// by hand: each has a limit of its own.
type manyResult struct {
	preview         time.Duration // of a change that matches all groups, the median
	export          time.Duration // of all groups
	exportMemory    int           // the most that the console had in memory meanwhile
	check           time.Duration // of an import that creates importRows groups
	create          time.Duration
	recheck         time.Duration // of the same file, which changes nothing then
	rate            float64       // groups archived a second, with the time that finding all of them takes
	cpu             float64       // milliseconds of processor time for each, with the database's
	others          time.Duration // 99th percentile of other requests meanwhile
	cancel          time.Duration
	results, groups time.Duration // of a page of results, and of a list as long, the medians
}

const (
	jobMany = "many at once"

	importRows = 100_000
	// manyFrom is the smallest number of groups that are many.
	manyFrom = 100_000
	// archiving is how long groups are archived before the job is cancelled, for each group: much
	// less than all would take.
	archiving = 40 * time.Microsecond
)

// many measures changes of many groups. It comes last, because it changes most of the database.
type many struct {
	*run
	result *manyResult
}

func (r *run) measureMany(ctx context.Context, res *result) error {
	m := many{r, new(manyResult)}
	for _, step := range []struct {
		name    string
		measure func(context.Context) error
	}{{"preview", m.preview}, {"export", m.export}, {"import", m.imports}, {"archive", m.archive}} {
		say("%s, %s groups: %s, %s", res.engine, thousands(res.size), jobMany, step.name)
		if err := step.measure(ctx); err != nil {
			return fmt.Errorf("%s, %s: %w", jobMany, step.name, err)
		}
	}
	res.many = m.result
	return nil
}

// everyActive is the body of a change that archives every active group.
const everyActive = `{"action": "archive", "all": true, "filter": {"archived": false}}`

func (m many) preview(ctx context.Context) error {
	var took []time.Duration
	for range 5 {
		from := time.Now()
		if err := m.send(ctx, http.MethodPost, "/v1/groups/bulk", strings.NewReader(everyActive), nil, "Dry-Run", "true"); err != nil {
			return err
		}
		took = append(took, time.Since(from))
	}
	m.result.preview = middle(took)
	return nil
}

func (m many) export(ctx context.Context) error {
	watched, stop := context.WithCancel(ctx)
	most := make(chan int)
	go func() {
		n := 0
		for ; watched.Err() == nil; time.Sleep(20 * time.Millisecond) {
			n = max(n, memoryOf(m.console.pid))
		}
		most <- n
	}()
	from := time.Now()
	lines := new(lineCounter)
	err := m.send(ctx, http.MethodGet, "/v1/groups/export?format=ndjson", nil, lines)
	m.result.export = time.Since(from)
	stop()
	m.result.exportMemory = <-most
	if err == nil && lines.n < m.sizes[len(m.sizes)-1] {
		err = fmt.Errorf("the file has %d lines", lines.n)
	}
	return err
}

// imports imports new groups of three members each, and checks their file once more.
func (m many) imports(ctx context.Context) error {
	var file bytes.Buffer
	file.WriteString("name,description,members\n")
	for i := range importRows {
		fmt.Fprintf(&file, "Imported %d,\"Group %d of a file, with a description\",%s %s %s\n", i, i, m.known.any(m.known.contacts), m.known.any(m.known.contacts), m.known.any(m.known.contacts))
	}
	var err error
	var id string
	if id, m.result.check, err = m.check(ctx, file.Bytes(), "create"); err != nil {
		return err
	}
	from := time.Now()
	if err = m.send(ctx, http.MethodPost, "/v1/jobs/"+id+"/start", strings.NewReader("{}"), nil); err == nil {
		_, err = m.await(ctx, id, inState("done"))
	}
	m.result.create = time.Since(from)
	if err != nil {
		return err
	}
	_, m.result.recheck, err = m.check(ctx, file.Bytes(), "unchanged")
	return err
}

// check uploads a file and waits until it is checked: all its rows are of one kind then.
func (m many) check(ctx context.Context, file []byte, kind string) (id string, took time.Duration, err error) {
	from := time.Now()
	var j struct{ ID string }
	if err := m.send(ctx, http.MethodPost, "/v1/imports?type=groups&match=name", bytes.NewReader(file), &j, "Content-Type", "text/csv"); err != nil {
		return "", 0, err
	}
	state, err := m.await(ctx, j.ID, inState("checked"))
	if err == nil && state.Expected[kind] != importRows {
		err = fmt.Errorf("the check expects %v", state.Expected)
	}
	return j.ID, time.Since(from), err
}

// archive archives groups for a while beside other requests, cancels that, and reads its results.
func (m many) archive(ctx context.Context) error {
	var j jobState
	from := time.Now()
	if err := m.send(ctx, http.MethodPost, "/v1/groups/bulk", strings.NewReader(everyActive), &j); err != nil {
		return err
	}
	before, err := m.await(ctx, j.ID, func(j jobState) bool { return j.Done > 0 })
	if err != nil {
		return err
	}
	finding := time.Since(from)
	from, cpu := time.Now(), m.cpu()
	took, err := m.beside(ctx, archiving*time.Duration(m.sizes[len(m.sizes)-1]))
	if err != nil {
		return err
	}
	path := "/v1/jobs/" + j.ID
	if err := m.send(ctx, http.MethodGet, path, nil, &j); err != nil {
		return err
	}
	did := float64(j.Done - before.Done)
	m.result.cpu = (m.cpu() - cpu).Seconds() * 1000 / did
	total := float64(j.Total)
	m.result.rate = total / (finding.Seconds() + total*time.Since(from).Seconds()/did)
	m.result.others = percentile(took, 99)
	from = time.Now()
	if err := m.send(ctx, http.MethodPost, path+"/cancel", strings.NewReader("{}"), nil); err != nil {
		return err
	}
	if _, err := m.await(ctx, j.ID, inState("cancelled")); err != nil {
		return err
	}
	m.result.cancel = time.Since(from)
	if m.result.results, err = m.page(path + "/results?limit=100"); err == nil {
		m.result.groups, err = m.page("/v1/groups?limit=100")
	}
	return err
}

// cpu returns the processor time that the console and the database have used.
func (m many) cpu() time.Duration { return cpuOf(m.console.pid) + cpuOfFamily(m.engine.pid()) }

// beside reads groups and pages on two connections for a while, some hundred times a second, and
// returns how long each took, sorted.
func (m many) beside(ctx context.Context, length time.Duration) (took []time.Duration, err error) {
	calls := []call{get("/v1/groups"), get("/groups"), get("/v1/groups/" + m.known.small), get("/groups/" + m.known.small), get("/groups?q=" + someWord)}
	until := time.Now().Add(length)
	var mu sync.Mutex
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for i := 0; time.Now().Before(until) && ctx.Err() == nil; i++ {
				from := time.Now()
				_, failed := m.console.ask(calls[i%len(calls)])
				mu.Lock()
				took, err = append(took, time.Since(from)), errors.Join(err, failed)
				mu.Unlock()
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	readers.Wait()
	slices.Sort(took)
	return took, err
}

// page returns the median of how long a page takes.
func (m many) page(path string) (time.Duration, error) {
	var took []time.Duration
	for range 50 {
		from := time.Now()
		if _, err := m.console.ask(get(path)); err != nil {
			return 0, err
		}
		took = append(took, time.Since(from))
	}
	return middle(took), nil
}

func middle(took []time.Duration) time.Duration {
	slices.Sort(took)
	return percentile(took, 50)
}

// jobState is what the API says of a job.
type jobState struct {
	ID, State   string
	Done, Total int
	Expected    map[string]int
}

func inState(state string) func(jobState) bool {
	return func(j jobState) bool { return j.State == state }
}

// await waits until a job is as wanted. It is an error if it ends otherwise.
func (m many) await(ctx context.Context, id string, wanted func(jobState) bool) (jobState, error) {
	for {
		var j jobState
		err := m.send(ctx, http.MethodGet, "/v1/jobs/"+id, nil, &j)
		if err != nil || wanted(j) {
			return j, err
		}
		if slices.Contains([]string{"done", "failed", "cancelled"}, j.State) {
			return j, fmt.Errorf("the job is %s", j.State)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return j, ctx.Err()
		}
	}
}

// send makes a call of the API with pairs of headers, and reads its answer into a writer, or as
// JSON into another value.
func (m many) send(ctx context.Context, method, path string, body io.Reader, into any, headers ...string) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+m.console.address+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+m.console.token)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return fmt.Errorf("%s answers %d to %s %s: %s", m.console.name, response.StatusCode, method, path, said)
	}
	switch to := into.(type) {
	case nil:
		_, err = io.Copy(io.Discard, response.Body)
	case io.Writer:
		_, err = io.Copy(to, response.Body)
	default:
		err = json.NewDecoder(response.Body).Decode(to)
	}
	return err
}

// lineCounter counts the lines that are written to it.
type lineCounter struct{ n int }

func (c *lineCounter) Write(b []byte) (int, error) {
	c.n += bytes.Count(b, []byte("\n"))
	return len(b), nil
}
