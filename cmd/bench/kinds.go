package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// kind is a kind of request. Each call is made anew.
type kind struct {
	name string
	call func() call
}

// kinds returns all kinds of requests, in the order of the table.
func (k *known) kinds() []kind {
	var kinds []kind
	add := func(name, path string) { kinds = append(kinds, kind{name, func() call { return get(path) }}) }
	addAny := func(name, before string, ids []string, after string) {
		kinds = append(kinds, kind{name, func() call { return get(before + k.any(ids) + after) }})
	}
	for _, sort := range []string{"", "-created", "name", "-name", "members", "-members"} {
		for _, status := range []string{"", "archived", "all"} {
			add("page: groups "+status+" by "+sort, "/groups?sort="+sort+"&status="+status)
		}
	}
	add("page: groups archived by archived", "/groups?sort=archived&status=archived")
	addAny("page: groups after", "/groups?after=", k.groups, "")
	addAny("page: archived groups after", "/groups?status=archived&after=", k.groups, "")
	add("page: groups, 100 rows", "/groups?limit=100")
	add("page: groups, last", "/groups?status=all&after="+k.deep)
	for _, text := range searches {
		for _, sort := range []string{"", "name", "-members"} {
			for _, status := range []string{"", "archived"} {
				add(fmt.Sprintf("page: search %s %s by %s", text.name, status, sort),
					"/groups?q="+url.QueryEscape(text.text)+"&sort="+sort+"&status="+status)
			}
		}
	}
	addAny("page: search common after", "/groups?q=the&after=", k.groups, "")
	addAny("page: groups of a member", "/groups?status=all&member=", k.contacts, "")
	add("page: all filters", "/groups?q=the&status=archived&sort=name&created_after=2024-01-01&created_before=2030-01-01&member="+k.member)
	addAny("page: group", "/groups/", k.groups, "")
	add("page: large group", "/groups/"+k.large)
	addAny("page: members", "/groups/", k.groups, "/members")
	add("page: members of a large group", "/groups/"+k.large+"/members")
	for _, q := range []string{"hector", "a", "an", "zzqx", "%"} {
		add("page: search "+q+" in a large group", "/groups/"+k.large+"/members?q="+url.QueryEscape(q))
	}
	addAny("page: edit", "/groups/", k.groups, "/edit")
	add("page: ask to delete a large group", "/groups/"+k.large+"/delete")
	kinds = append(kinds, k.contactKinds()...)
	kinds = append(kinds, k.apiKinds()...)
	return append(kinds, k.changes()...)
}

// searches are words of every frequency and length, and the search's operators.
var searches = []struct{ name, text string }{
	{"common", manyWord},
	{"city", "zurich"},
	{"some", someWord},
	{"rare", rareWord},
	{"none", noWord},
	{"one letter", "a"},
	{"two letters", "pl"},
	{"rare letters", "zx"},
	{"symbol", "%"},
	{"underscore", "_"},
	{"emoji", "🎉"},
	{"200 characters", strings.Repeat("ab ", 66)},
	{"200 letters", strings.Repeat("abcdefghij", 20)},
	// From here on the API would take them literally.
	{"two words", "the team"},
	{"without", "the -team"},
	{"member", "member:hector"},
	{"members", "member:a"},
	{"empty", "is:empty"},
	{"undescribed", "no:description"},
	{"created", "created:>2024-01-01 the"},
}

// literal is how many of the searches mean the same to the API.
const literal = 13

func (k *known) contactKinds() []kind {
	var kinds []kind
	add := func(name, path string) { kinds = append(kinds, kind{name, func() call { return get(path) }}) }
	add("page: contacts", "/contacts")
	add("page: contacts by name", "/contacts?sort=name")
	for _, q := range []string{"an", "a", "hector", "zzqx", "555", "%", strings.Repeat("abcdefghij", 20)} {
		name := q[:min(len(q), 10)]
		q = url.QueryEscape(q)
		add("page: contacts, search "+name, "/contacts?q="+q)
		add("page: contacts by name, search "+name, "/contacts?sort=name&q="+q)
		add("picker: "+name, "/contacts/pick?q="+q+"&group="+k.large)
	}
	kinds = append(kinds,
		kind{"page: contact", func() call { return get("/contacts/" + k.any(k.contacts)) }},
		kind{"page: ask to delete a contact", func() call { return get("/contacts/" + k.any(k.contacts) + "/delete") }})
	add("page: tokens", "/settings/tokens")
	return kinds
}

func (k *known) apiKinds() []kind {
	var kinds []kind
	add := func(name, path string) { kinds = append(kinds, kind{name, func() call { return get(path) }}) }
	addAny := func(name, before string, ids []string) {
		kinds = append(kinds, kind{name, func() call { return get(before + k.any(ids)) }})
	}
	add("api: list", "/v1/groups")
	add("api: list 100", "/v1/groups?limit=100")
	addAny("api: list after", "/v1/groups?starting_after=", k.groups)
	addAny("api: list before", "/v1/groups?limit=100&ending_before=", k.groups)
	addAny("api: list archived after", "/v1/groups?archived=true&starting_after=", k.groups)
	for _, text := range searches[:literal] {
		add("api: search "+text.name, "/v1/groups?q="+url.QueryEscape(text.text))
	}
	addAny("api: groups of a member", "/v1/groups?contact=", k.contacts)
	addAny("api: group", "/v1/groups/", k.groups)
	add("api: large group", "/v1/groups/"+k.large)
	add("api: members of a large group", "/v1/groups/"+k.large+"/contacts?limit=100")
	add("api: search hector in a large group", "/v1/groups/"+k.large+"/contacts?q=hector")
	add("api: contacts", "/v1/contacts?limit=100")
	return kinds
}

// changes returns the kinds that write.
func (k *known) changes() []kind {
	body := func(method string, path func() string, members int) func() call {
		return func() call { return call{method: method, path: path(), body: k.form(members)} }
	}
	all := func() string { return "/v1/groups" }
	one := func() string { return "/v1/groups/" + k.any(k.made) }
	last := func() call {
		id := k.made[len(k.made)-1]
		k.made = k.made[:len(k.made)-1]
		return call{method: http.MethodDelete, path: "/v1/groups/" + id}
	}
	page := func(action string) func() call {
		return func() call { return call{method: http.MethodPost, path: "/groups/" + k.any(k.made) + action} }
	}
	return []kind{
		{"api: create", body(http.MethodPost, all, 0)},
		{"api: create with 20 members", body(http.MethodPost, all, 20)},
		{"api: update", body(http.MethodPut, one, 0)},
		{"api: replace members", body(http.MethodPut, one, 20)},
		{"page: archive", page("/archive")},
		{"page: restore", page("/restore")},
		{"page: create", body(http.MethodPost, func() string { return "/groups/new" }, 0)},
		{"api: delete", last},
	}
}
