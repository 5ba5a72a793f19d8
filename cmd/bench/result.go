package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"protocol.chat/console/models/modelstest"
)

// result is what was measured on one engine at one size.
type result struct {
	engine                 string
	size                   int
	members                int // of the largest group
	jobs                   []jobResult
	kinds                  []kindResult
	started                time.Duration
	memory, baselineMemory int
	wire                   wire
	many                   *manyResult // nil if it was left out
}

type jobResult struct {
	name              string
	console, baseline round
	alone             time.Duration // the median for one client of the console
}

// share returns the console's rate as a part of the baseline's.
func (j jobResult) share() float64 { return ratio(j.console.rate, j.baseline.rate) }

// cost returns the CPU time of a request, as a multiple of the baseline's.
func (j jobResult) cost() float64 {
	return ratio(j.console.cpu+j.console.dbCPU, j.baseline.cpu+j.baseline.dbCPU)
}

type kindResult struct {
	name            string
	p50, p99, worst time.Duration
	size            int
}

// job returns the result of a job, nil if it was left out.
func (r *result) job(name string) *jobResult {
	for i := range r.jobs {
		if r.jobs[i].name == name {
			return &r.jobs[i]
		}
	}
	return nil
}

// report prints everything: the tables, then the targets.
func (b *bench) report(results []*result) error {
	show := func(t *table) error { return t.text(os.Stdout) }
	if b.markdown {
		show = func(t *table) error { return t.markdown(os.Stdout) }
	}
	for _, r := range results {
		if err := show(r.table()); err != nil {
			return err
		}
		if err := r.notes(os.Stdout); err != nil {
			return err
		}
	}
	tables := []*table{targetsTable(targets(results))}
	if !b.markdown {
		tables = append(b.others(results), tables...)
	}
	for _, t := range tables {
		if len(t.rows) == 0 {
			continue
		}
		if err := show(t); err != nil {
			return err
		}
	}
	return nil
}

func (r *result) table() *table {
	t := &table{
		title: fmt.Sprintf("%s, %s groups", engineNames[r.engine], thousands(r.size)),
		heads: []string{
			"job", "req/s", "by hand", "ratio", "p50 ms", "by hand", "p99 ms", "by hand",
			"µs server", "by hand", "µs db", "by hand", "ratio", "alone ms",
		},
	}
	for _, j := range r.jobs {
		c, h := j.console, j.baseline
		t.add(j.name, perSecond(c.rate), perSecond(h.rate), times(j.share()), ms(c.p50), ms(h.p50), ms(c.p99), ms(h.p99),
			micros(c.cpu), micros(h.cpu), micros(c.dbCPU), micros(h.dbCPU), times(j.cost()), ms(j.alone))
	}
	return t
}

var engineNames = map[string]string{modelstest.SQLite: "SQLite", modelstest.Postgres: "PostgreSQL"}

func (r *result) notes(out io.Writer) error {
	_, err := fmt.Fprintf(out, "Memory after the load: %s; by hand %s. From the start to the first answer: %s ms. The largest group has %s members.\n\n",
		megabytes(r.memory), megabytes(r.baselineMemory), ms(r.started), thousands(r.members))
	return err
}

// others returns the tables of growth and of the kinds of requests.
func (b *bench) others(results []*result) []*table {
	var tables []*table
	for _, engine := range b.engines {
		small, large := ends(results, engine)
		if large == nil {
			continue
		}
		if small != large {
			tables = append(tables, growthTable(small, large))
		}
		tables = append(tables, kindsTable(large))
	}
	return tables
}

// ends returns the results of an engine at the smallest and at the largest size, nil
// where it was left out.
func ends(results []*result, engine string) (small, large *result) {
	for _, r := range results {
		if r.engine != engine {
			continue
		}
		if small == nil {
			small = r
		}
		large = r
	}
	return small, large
}

func growthTable(small, large *result) *table {
	t := &table{
		title: fmt.Sprintf("%s, what one client waits for, p50 in ms", engineNames[large.engine]),
		heads: []string{"job", thousands(small.size), thousands(large.size), "growth"},
	}
	for _, j := range large.jobs {
		if s := small.job(j.name); s != nil {
			t.add(j.name, ms(s.alone), ms(j.alone), times(ratio(float64(j.alone), float64(s.alone))))
		}
	}
	return t
}

func kindsTable(r *result) *table {
	t := &table{
		title: fmt.Sprintf("%s, %s groups, every kind of request, one client", engineNames[r.engine], thousands(r.size)),
		heads: []string{"kind", "p50 ms", "p99 ms", "worst ms", "KB"},
	}
	for _, k := range r.kinds {
		t.add(k.name, ms(k.p50), ms(k.p99), ms(k.worst), fmt.Sprintf("%.1f", float64(k.size)/1000))
	}
	return t
}
