package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// check makes sure that console and baseline do the same work for a job: the
// same bytes from the API, the same rows in pages of about the same size.
func (r *run) check(j job) error {
	if j.writes() {
		return r.checkWrite(j.calls[0])
	}
	for _, c := range j.calls[:min(len(j.calls), 20)] {
		console, err := r.console.ask(c)
		if err != nil {
			return err
		}
		baseline, err := r.baseline.ask(c)
		if err == nil {
			err = differ(c, console.body, baseline.body)
		}
		if err != nil {
			return fmt.Errorf("console and baseline can't be compared: %s: %w", c.path, err)
		}
	}
	return nil
}

func differ(c call, console, baseline []byte) error {
	if strings.HasPrefix(c.path, "/v1/") {
		return sameBytes(console, baseline)
	}
	return samePage(console, baseline)
}

func sameBytes(console, baseline []byte) error {
	if bytes.Equal(console, baseline) {
		return nil
	}
	at := 0
	for at < min(len(console), len(baseline)) && console[at] == baseline[at] {
		at++
	}
	part := func(b []byte) []byte { return b[max(0, at-40):min(len(b), at+80)] }
	return fmt.Errorf("the answers differ from byte %d on:\n%s\n%s", at, part(console), part(baseline))
}

// rowName is the id of what a page lists, and its name.
var rowName = regexp.MustCompile(`href="/(?:groups|contacts)/([0-9A-Za-z]{16})(?:\?[^"]*)?">\s*(?:<span class="avatar[^<]*</span><span>)?(?:<bdi>)?((?:[^<]|</?mark>)+)<|data-id="([0-9A-Za-z]{16})" data-name="([^"]*)"`)

// sizes may differ by this much.
const tolerance = 0.05

func samePage(console, baseline []byte) error {
	if a, b := namesOf(console), namesOf(baseline); !slices.Equal(a, b) {
		return fmt.Errorf("the rows differ:\n%.600s\n%.600s", strings.Join(a, ", "), strings.Join(b, ", "))
	}
	if ratio := float64(len(baseline)) / float64(len(console)); ratio < 1-tolerance || ratio > 1+tolerance {
		return fmt.Errorf("the sizes differ: %d and %d bytes", len(console), len(baseline))
	}
	return nil
}

// namesOf returns what a page lists, in order: ids and names.
func namesOf(page []byte) []string {
	var names []string
	marks := strings.NewReplacer("<mark>", "", "</mark>", "")
	for _, found := range rowName.FindAllSubmatch(page, -1) {
		names = append(names, marks.Replace(string(slices.Concat(found[1], []byte(" "), found[2], found[3], []byte(" "), found[4]))))
	}
	return names
}

// checkWrite makes both servers write, and reads from both what each has written.
func (r *run) checkWrite(c call) error {
	for _, s := range []*server{r.console, r.baseline} {
		written, err := s.ask(c)
		if err != nil {
			return err
		}
		id := idOf(written.body)
		if id == "" {
			return errors.New(s.name + " does not say what it wrote")
		}
		for _, reader := range []*server{r.console, r.baseline} {
			read, err := reader.ask(get("/v1/groups/" + id))
			if err == nil {
				err = sameBytes(written.body, read.body)
			}
			if err != nil {
				return fmt.Errorf("%s reads something else than %s wrote: %w", reader.name, s.name, err)
			}
		}
	}
	return nil
}

// idOf returns the id that an object of the API begins with.
func idOf(object []byte) string {
	rest, ok := bytes.CutPrefix(object, []byte(`{"id":"`))
	if !ok || len(rest) < 16 {
		return ""
	}
	return string(rest[:16])
}
