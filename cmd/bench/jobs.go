package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// job is what console and baseline do in turn.
type job struct {
	name  string
	calls []call
}

// writes reports whether the job changes the database.
func (j job) writes() bool { return j.calls[0].method != http.MethodGet }

// The names of jobs that have targets.
const (
	jobList        = "list"
	jobAfter       = "page after a random id"
	jobDeepest     = "deepest page"
	jobGet         = "get"
	jobCreate      = "create with 5 members"
	jobUpdate      = "update with members"
	jobSearch      = "search: " // the prefix of searches of the API
	jobRare        = jobSearch + "rare word"
	jobListPage    = "console: list"
	jobListRegion  = "console: list, fragment"
	jobSmallDetail = "console: group of 5"
	jobLargeDetail = "console: largest group"
)

const (
	// variety is the number of different requests of a job, if they differ.
	variety = 512
	// updates is the number of different updates: more than are made, because a repeated
	// one changes nothing, and the console then writes nothing.
	updates = 1 << 15
)

// jobs returns all jobs, those that write at the end.
func (k *known) jobs() []job {
	var jobs []job
	add := func(name string, calls ...call) { jobs = append(jobs, job{name, calls}) }
	add(jobList, get("/v1/groups"))
	add("list 100", get("/v1/groups?limit=100"))
	add(jobAfter, k.each(variety, func() call { return get("/v1/groups?starting_after=" + k.any(k.groups)) })...)
	add(jobDeepest, get("/v1/groups?starting_after="+k.deep))
	add(jobGet, k.each(variety, func() call { return get("/v1/groups/" + k.any(k.groups)) })...)
	add("groups of a contact", get("/v1/groups?contact="+k.member))
	for _, s := range k.apiSearches() {
		add(jobSearch+s.name, get("/v1/groups?"+s.query.Encode()))
	}
	add(jobListPage, get("/groups"))
	add(jobListRegion, call{method: http.MethodGet, path: "/groups", region: "results"})
	for _, word := range []struct{ name, text string }{{"common", manyWord}, {"rare", rareWord}} {
		for _, sort := range []string{"created", "name", "members"} {
			add(fmt.Sprintf("console: search %s by %s", word.name, sort), get("/groups?q="+word.text+"&sort="+sort))
		}
	}
	jobs = append(jobs, k.contactJobs()...)
	add(jobCreate, k.each(variety, func() call { return call{method: http.MethodPost, path: "/v1/groups", body: k.form(5)} })...)
	add(jobUpdate, k.each(updates, func() call {
		return call{method: http.MethodPut, path: "/v1/groups/" + k.any(k.groups), body: k.form(5)}
	})...)
	return jobs
}

func (k *known) each(n int, next func() call) []call {
	calls := make([]call, n)
	for i := range calls {
		calls[i] = next()
	}
	return calls
}

// form returns the body of a group with so many members.
func (k *known) form(members int) string {
	form := url.Values{"name": {fmt.Sprintf("Made to measure %d", k.random.IntN(10_000))}}
	for range members {
		form.Add("contacts[]", k.any(k.contacts))
	}
	return form.Encode()
}

// apiSearch is a search by q, with other filters.
type apiSearch struct {
	name  string
	query url.Values
}

func (k *known) apiSearches() []apiSearch {
	q := func(text string) url.Values { return url.Values{"q": {text}} }
	return []apiSearch{
		{"common word", q(manyWord)},
		{"one in a thousand", q(someWord)},
		{"rare word", q(rareWord)},
		{"no find", q(noWord)},
		{"one letter", q("a")},
		{"two letters", q("pl")},
		{"common word, archived", url.Values{"q": {manyWord}, "archived": {"true"}}},
		{"rare word, archived", url.Values{"q": {rareWord}, "archived": {"true"}}},
		{"200 characters", q(strings.Repeat("abcdefghij", 20))},
		{"percent sign", q("%")},
		{"underscore", q("_")},
		{"emoji", q("🎉")},
		{"in everything", q("e")},
		{"all filters at once", url.Values{
			"q": {manyWord}, "archived": {"false"}, "contact": {k.member}, "starting_after": {k.groups[0]}, "limit": {"100"},
		}},
	}
}

// contactJobs returns the jobs on one group and on contacts.
func (k *known) contactJobs() []job {
	var jobs []job
	add := func(name, path string) { jobs = append(jobs, job{name, []call{get(path)}}) }
	add(jobSmallDetail, "/groups/"+k.small)
	add(jobLargeDetail, "/groups/"+k.large)
	for _, q := range []string{"hector", "an", noWord} {
		add("console: search "+q+" in a group of 5", "/groups/"+k.small+"/members?q="+q)
		add("console: search "+q+" in the largest", "/groups/"+k.large+"/members?q="+q)
	}
	add("console: contacts", "/contacts")
	for _, q := range []string{"hannah", "an", noWord} {
		add("console: contacts, search "+q, "/contacts?q="+q)
	}
	for _, q := range []string{"h", "he", "hec", "hect"} {
		add("console: picker, "+q, "/contacts/pick?group="+k.small+"&q="+q)
	}
	return jobs
}
