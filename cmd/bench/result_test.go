package main

import (
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/modelstest"
)

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 101 {
		hundred = append(hundred, time.Duration(i))
	}
	for percent, want := range map[int]time.Duration{0: 0, 50: 50, 99: 99, 100: 100} {
		if got := percentile(hundred, percent); got != want {
			t.Errorf("of 0 to 100, the %dth percentile is %d", percent, got)
		}
	}
	if got := percentile(nil, 50); got != 0 {
		t.Errorf("the median of nothing is %d", got)
	}
}

func TestFiguresAreMedians(t *testing.T) {
	got := figures([]round{{rate: 3, p50: 30}, {rate: 100, p50: 10}, {rate: 2, p50: 20}})
	if got.rate != 3 || got.p50 != 20 {
		t.Errorf("the medians are %+v", got)
	}
}

func TestTables(t *testing.T) {
	table := &table{title: "Figures", heads: []string{"job", "µs"}}
	table.add("list", "1,000")
	table.add("a longer one", "–")
	var text, markdown strings.Builder
	if err := table.text(&text); err != nil {
		t.Fatal(err)
	}
	if err := table.markdown(&markdown); err != nil {
		t.Fatal(err)
	}
	if want := "Figures\n\njob              µs\nlist          1,000\na longer one      –\n\n"; text.String() != want {
		t.Errorf("the text is\n%s", text.String())
	}
	if want := "**Figures**\n\n| job | µs |\n| --- | ---: |\n| list | 1,000 |\n| a longer one | – |\n\n"; markdown.String() != want {
		t.Errorf("the Markdown is\n%s", markdown.String())
	}
}

func TestTargetsCanBeMissed(t *testing.T) {
	job := func(name string, rate float64, alone time.Duration) jobResult {
		return jobResult{name, round{rate: rate, cpu: 100}, round{rate: 100, cpu: 100}, alone}
	}
	results := []*result{
		{engine: modelstest.SQLite, size: 1000, jobs: []jobResult{job(jobList, 90, 10)}},
		{
			engine: modelstest.SQLite, size: 100_000, started: time.Second, wire: wire{page: 10_000},
			jobs:  []jobResult{job(jobList, 60, 20), job(jobListPage, 30, 20)},
			kinds: []kindResult{{name: "fast", p99: time.Millisecond}, {name: "slow", p99: time.Second}},
		},
	}
	met := map[string]bool{}
	for _, target := range targets(results) {
		met[target.what+" "+target.got] = target.met
	}
	for what, want := range map[string]bool{
		"console: list, rate by hand 0.30":                         false,
		"list, 4 × PocketBase 0.60":                                true,
		"fragment of the list 0.0 KB":                              true,
		"list, one client's p50 from 1,000 to 100,000 groups 2.00": false,
		"p99 of all 2 kinds; the slowest is slow 1000.0 ms":        false,
		"start to the first answer 1000 ms":                        false,
	} {
		if got, ok := met[what]; !ok || got != want {
			t.Errorf("%s: found %v, met %v", what, ok, got)
		}
	}
}

func TestPagesWithOtherRowsDiffer(t *testing.T) {
	row := func(name string) string {
		return `<tr id="row-0000000000000001"><a id="open-0000000000000001" href="/groups/0000000000000001">` + name + "</a></tr>"
	}
	plain := []byte(row("Plaza Hotel") + strings.Repeat(" ", 1000))
	for name, test := range map[string]struct {
		other string
		same  bool
	}{
		"a mark":       {row("<mark>Pla</mark>za Hotel") + strings.Repeat(" ", 1000), true},
		"another name": {row("Plaza Motel") + strings.Repeat(" ", 1000), false},
		"another size": {row("Plaza Hotel") + strings.Repeat(" ", 900), false},
		"no row":       {strings.Repeat(" ", len(plain)), false},
	} {
		if err := samePage(plain, []byte(test.other)); (err == nil) != test.same {
			t.Errorf("with %s: %v", name, err)
		}
	}
	if sameBytes([]byte("abc"), []byte("abd")) == nil || sameBytes([]byte("abc"), []byte("abc")) != nil {
		t.Error("bytes are not compared")
	}
}
