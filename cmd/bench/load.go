package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// round is what one server did in one round of a job.
type round struct {
	rate     float64 // requests per second
	p50, p99 time.Duration
	cpu      float64 // microseconds per request
	dbCPU    float64
}

// figures returns the medians over a server's rounds.
func figures(rounds []round) round {
	return round{
		rate:  median(rounds, func(r round) float64 { return r.rate }),
		p50:   median(rounds, func(r round) time.Duration { return r.p50 }),
		p99:   median(rounds, func(r round) time.Duration { return r.p99 }),
		cpu:   median(rounds, func(r round) float64 { return r.cpu }),
		dbCPU: median(rounds, func(r round) float64 { return r.dbCPU }),
	}
}

func median[T cmp.Ordered](rounds []round, of func(round) T) T {
	values := make([]T, len(rounds))
	for i, r := range rounds {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// percentile returns the value that percent of the sorted values do not exceed.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100]
}

// load drives one server with the requests of one job.
type load struct {
	server   *server
	database int // the first process of the database, or 0
	conns    []*conn
	requests [][]byte
	status   int
	next     atomic.Int64 // the place of the next one; none is made twice before all have been
}

func newLoad(s *server, database, conns int, calls []call) (*load, error) {
	l := &load{server: s, database: database, status: calls[0].status()}
	l.next.Store(warmCalls + aloneCalls) // those before have been made
	for _, c := range calls {
		l.requests = append(l.requests, c.bytes(s))
	}
	for range conns {
		c, err := dial(s.address)
		if err != nil {
			l.close()
			return nil, err
		}
		l.conns = append(l.conns, c)
	}
	return l, nil
}

func (l *load) close() {
	for _, c := range l.conns {
		c.close()
	}
}

// run drives the server from every connection for a time.
func (l *load) run(ctx context.Context, length time.Duration) (round, error) {
	cpu, dbCPU := cpuOf(l.server.pid), cpuOfFamily(l.database)
	from := time.Now()
	parts := make([][]time.Duration, len(l.conns))
	errs := make([]error, len(l.conns))
	var all sync.WaitGroup
	for i, c := range l.conns {
		all.Go(func() { parts[i], errs[i] = l.drive(ctx, c, from.Add(length)) })
	}
	all.Wait()
	took := time.Since(from)
	for _, err := range errs {
		if err != nil {
			return round{}, err
		}
	}
	calls := slices.Concat(parts...)
	slices.Sort(calls)
	n := float64(len(calls))
	return round{
		rate: n / took.Seconds(), p50: percentile(calls, 50), p99: percentile(calls, 99),
		cpu:   float64((cpuOf(l.server.pid) - cpu).Microseconds()) / n,
		dbCPU: float64((cpuOfFamily(l.database) - dbCPU).Microseconds()) / n,
	}, nil
}

// drive makes requests on one connection until a deadline, and at least one: a server
// closes idle connections.
func (l *load) drive(ctx context.Context, c *conn, until time.Time) ([]time.Duration, error) {
	took := make([]time.Duration, 0, 1<<14)
	for start := time.Now(); len(took) == 0 || start.Before(until); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		place := int(l.next.Add(1)-1) % len(l.requests)
		a, err := c.do(l.requests[place])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.server.name, err)
		}
		if a.status != l.status {
			return nil, fmt.Errorf("%s answers %d, not %d: %.300s", l.server.name, a.status, l.status, a.body)
		}
		end := time.Now()
		took = append(took, end.Sub(start))
		start = end
	}
	return took, nil
}

// rounds is how often console and baseline take turns in a job.
const rounds = 3

// compare lets console and baseline take turns at a job.
func (r *run) compare(ctx context.Context, j job) (console, baseline round, err error) {
	var loads [2]*load
	for i, s := range []*server{r.console, r.baseline} {
		if loads[i], err = newLoad(s, r.engine.pid(), r.conns, j.calls); err != nil {
			return console, baseline, err
		}
		defer loads[i].close()
		if _, err := loads[i].run(ctx, r.round/4); err != nil { // to warm up
			return console, baseline, err
		}
	}
	var done [2][]round
	for range rounds {
		for i, l := range loads {
			part, err := l.run(ctx, r.round)
			if err != nil {
				return console, baseline, err
			}
			done[i] = append(done[i], part)
		}
	}
	return figures(done[0]), figures(done[1]), nil
}

// aloneCalls is how many calls tell how long one client waits, and warmCalls how
// many come before them.
const (
	aloneCalls = 300
	warmCalls  = 50
)

// alone returns the median time that one client waits for the console.
func (r *run) alone(j job) (time.Duration, error) {
	place := -1
	next := func(int) call {
		place++
		return j.calls[place%len(j.calls)]
	}
	if _, _, err := timeCalls(r.console, warmCalls, next, nil); err != nil {
		return 0, err
	}
	took, _, err := timeCalls(r.console, aloneCalls, next, nil)
	return percentile(took, 50), err
}

// timeCalls makes calls one after the other on one connection. It returns how
// long each took, sorted, and the size of all answers. Each answer goes to seen.
func timeCalls(s *server, n int, next func(i int) call, seen func(answer)) (took []time.Duration, size int, err error) {
	c, err := dial(s.address)
	if err != nil {
		return nil, 0, err
	}
	defer c.close()
	for i := range n {
		call := next(i)
		request := call.bytes(s)
		start := time.Now()
		a, err := c.do(request)
		if err != nil {
			return nil, 0, err
		}
		took = append(took, time.Since(start))
		if a.status != call.status() {
			return nil, 0, fmt.Errorf("%s %s answers %d, not %d", call.method, call.path, a.status, call.status())
		}
		size += a.size
		if seen != nil {
			seen(a)
		}
	}
	slices.Sort(took)
	return took, size, nil
}
