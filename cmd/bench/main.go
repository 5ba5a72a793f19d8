// Bench measures the console against a program written by hand for the same
// addresses, cmd/baseline, on databases that it seeds once and keeps:
//
//	bench -sizes 1000,100000,1000000 -engines sqlite,postgres
//
// Both are programs in processes of their own, on a fresh copy of the same
// database. They take turns, so that whatever else the machine does befalls both:
// the ratios within one run count, more than the figures. At the end it says
// which of the targets are met; it fails only if it could not measure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"protocol.chat/console/models/modelstest"
)

// bench holds the options.
type bench struct {
	console, baseline, data string
	sizes                   []int
	engines                 []string
	jobs                    string
	round                   time.Duration
	conns, calls            int
	markdown                bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b, err := readFlags()
	if err == nil {
		err = b.runAll(ctx)
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func readFlags() (*bench, error) {
	b := new(bench)
	var sizes, engines string
	flag.StringVar(&sizes, "sizes", "1000,100000,1000000", "`NUMBERS` of groups, ascending")
	flag.StringVar(&engines, "engines", strings.Join(modelstest.Engines, ","), "`NAMES` of the engines to measure")
	flag.StringVar(&b.jobs, "jobs", "", "only jobs and kinds of requests whose names contain this `TEXT`")
	flag.DurationVar(&b.round, "round", time.Second, "`TIME` that console and baseline each have in a round")
	flag.IntVar(&b.conns, "conns", 16, "`NUMBER` of connections that are asked over at once")
	flag.IntVar(&b.calls, "calls", 1000, "`NUMBER` of requests of each kind, by one client; 0 leaves the kinds out")
	flag.StringVar(&b.data, "data", "data/bench", "`FOLDER` that keeps the seeded databases")
	flag.StringVar(&b.console, "console", "bin/console", "`FILE` of the console")
	flag.StringVar(&b.baseline, "baseline", "bin/baseline", "`FILE` of the baseline")
	flag.BoolVar(&b.markdown, "markdown", false, "print the targets and the main tables as Markdown")
	flag.Parse()
	for _, size := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil || n < 1000 {
			return nil, fmt.Errorf("-sizes takes numbers from 1000, separated by commas, not %q", size)
		}
		b.sizes = append(b.sizes, n)
	}
	slices.Sort(b.sizes)
	b.engines = strings.Split(engines, ",")
	for _, name := range b.engines {
		if !slices.Contains(modelstest.Engines, name) {
			return nil, fmt.Errorf("-engines knows %s, not %q", strings.Join(modelstest.Engines, " and "), name)
		}
	}
	if b.round <= 0 || b.conns < 1 || b.calls < 0 || flag.NArg() > 0 {
		return nil, errors.New("-round, -conns and -calls take amounts, and there are no arguments after the flags")
	}
	return b, nil
}

// say prints progress to standard error.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (b *bench) runAll(ctx context.Context) error {
	var err error
	if b.data, err = filepath.Abs(b.data); err != nil {
		return err
	}
	if err := os.MkdirAll(b.data, 0o755); err != nil {
		return err
	}
	var results []*result
	for _, name := range b.engines {
		part, err := b.runEngine(ctx, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results = append(results, part...)
	}
	return b.report(results)
}

func (b *bench) runEngine(ctx context.Context, name string) (results []*result, err error) {
	var e engine = sqlite{b.data}
	if name == modelstest.Postgres {
		e, err = openPostgres(ctx, b.data)
		if errors.Is(err, modelstest.ErrNotInstalled) {
			say("%s, so it is left out.", err)
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	defer func() { err = errors.Join(err, e.close()) }()
	for _, size := range b.sizes {
		result, err := b.runSize(ctx, e, size)
		if err != nil {
			return nil, fmt.Errorf("%s groups: %w", thousands(size), err)
		}
		results = append(results, result)
	}
	return results, nil
}

// run is one engine and size under measurement.
type run struct {
	*bench
	engine            engine
	console, baseline *server
	known             *known
}

func (b *bench) runSize(ctx context.Context, e engine, size int) (res *result, err error) {
	database, err := b.database(ctx, e, size)
	if err != nil {
		return nil, err
	}
	token, err := b.makeToken(ctx, database)
	if err != nil {
		return nil, err
	}
	r := &run{bench: b, engine: e}
	defer func() { err = errors.Join(err, r.console.stop(), r.baseline.stop()) }()
	if r.console, err = b.startConsole(ctx, database); err != nil {
		return nil, err
	}
	if r.baseline, err = b.startBaseline(ctx, database); err != nil {
		return nil, err
	}
	r.console.token = token
	if err := r.console.signIn(); err != nil {
		return nil, err
	}
	if r.known, err = learn(r.console, size); err != nil {
		return nil, err
	}
	return r.measure(ctx, size)
}

// measure does the jobs and, at the largest size, the kinds of requests.
func (r *run) measure(ctx context.Context, size int) (*result, error) {
	res := &result{engine: r.engine.name(), size: size, members: r.known.members, started: r.console.started}
	var err error
	if res.wire, err = weigh(r.console); err != nil { // while the list is still the sample's
		return nil, err
	}
	for _, j := range r.known.jobs() {
		if !strings.Contains(j.name, r.jobs) {
			continue
		}
		if err := r.measureJob(ctx, res, j); err != nil {
			return nil, fmt.Errorf("%s: %w", j.name, err)
		}
	}
	res.memory, res.baselineMemory = memoryOf(r.console.pid), memoryOf(r.baseline.pid)
	if size == r.sizes[len(r.sizes)-1] && r.calls > 0 {
		if err := r.measureKinds(ctx, res); err != nil {
			return nil, err
		}
	}
	if size == r.sizes[len(r.sizes)-1] && size >= manyFrom && strings.Contains(jobMany, r.jobs) {
		if err := r.measureMany(ctx, res); err != nil {
			return nil, err
		}
	}
	return res, nil
}

func (r *run) measureJob(ctx context.Context, res *result, j job) error {
	say("%s, %s groups: %s", res.engine, thousands(res.size), j.name)
	if err := r.check(j); err != nil {
		return err
	}
	alone, err := r.alone(j)
	if err != nil {
		return err
	}
	console, baseline, err := r.compare(ctx, j)
	res.jobs = append(res.jobs, jobResult{j.name, console, baseline, alone})
	return err
}

func (r *run) measureKinds(ctx context.Context, res *result) error {
	// Groups to be changed and deleted, whichever kinds are left out.
	create := func(int) call { return call{method: http.MethodPost, path: "/v1/groups", body: r.known.form(0)} }
	if _, _, err := timeCalls(r.console, r.calls, create, r.known.remember); err != nil {
		return err
	}
	for _, k := range r.known.kinds() {
		if !strings.Contains(k.name, r.jobs) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		say("%s, %s groups, one client: %s", res.engine, thousands(res.size), k.name)
		took, size, err := timeCalls(r.console, r.calls, func(int) call { return k.call() }, r.known.remember)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		res.kinds = append(res.kinds, kindResult{
			k.name, percentile(took, 50), percentile(took, 99), took[len(took)-1], size / len(took),
		})
	}
	return nil
}

// remember keeps the ids of groups that an answer says were made over the API.
func (k *known) remember(a answer) {
	if a.status == http.StatusCreated {
		k.made = append(k.made, idOf(a.body))
	}
}
