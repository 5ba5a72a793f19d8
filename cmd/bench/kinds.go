package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// kinds are all kinds of requests, in the order of the table.
func (b *bench) kinds() []kind {
	var kinds []kind
	get := func(name string, path func() string) {
		kinds = append(kinds, kind{name: name, method: http.MethodGet, path: path})
	}
	always := func(path string) func() string { return func() string { return path } }
	after := func(path string) func() string { return func() string { return path + "after=" + b.any(b.groups) } }

	for _, sort := range []string{"", "-created", "name", "-name", "members", "-members"} {
		for _, status := range []string{"", "archived", "all"} {
			get("page: groups "+status+" by "+sort, always("/groups?sort="+sort+"&status="+status))
		}
	}
	get("page: groups archived by archived", always("/groups?sort=archived&status=archived"))
	get("page: groups after", after("/groups?"))
	get("page: archived groups after", after("/groups?status=archived&"))
	get("page: groups, 100 rows", always("/groups?limit=100"))
	for _, text := range searches {
		for _, sort := range []string{"", "name", "-members"} {
			for _, status := range []string{"", "archived"} {
				get(fmt.Sprintf("page: search %s %s by %s", text.name, status, sort),
					always("/groups?q="+url.QueryEscape(text.text)+"&sort="+sort+"&status="+status))
			}
		}
	}
	get("page: search common after", after("/groups?q=the&"))
	get("page: groups of a member", func() string { return "/groups?status=all&member=" + b.any(b.contacts) })
	get("page: group", func() string { return "/groups/" + b.any(b.groups) })
	get("page: large group", func() string { return "/groups/" + b.any(b.members) })
	get("page: members", func() string { return "/groups/" + b.any(b.groups) + "/members" })
	get("page: members of a large group", func() string { return "/groups/" + b.any(b.members) + "/members" })
	for _, q := range []string{"hector", "a", "zzqx"} {
		get("page: search "+q+" in a large group", func() string { return "/groups/" + b.any(b.members) + "/members?q=" + q })
	}
	get("page: edit", func() string { return "/groups/" + b.any(b.groups) + "/edit" })
	get("page: ask to delete a large group", func() string { return "/groups/" + b.any(b.members) + "/delete" })
	get("page: contacts", always("/contacts"))
	get("page: contacts by name", always("/contacts?sort=name"))
	for _, q := range []string{"an", "a", "hector", "zzqx", "555"} {
		get("page: contacts, search "+q, always("/contacts?q="+q))
		get("page: contacts by name, search "+q, always("/contacts?sort=name&q="+q))
		get("picker: "+q, always("/contacts/pick?q="+q+"&group="+b.members[0]))
	}
	get("page: contact", func() string { return "/contacts/" + b.any(b.contacts) })
	get("page: ask to delete a contact", func() string { return "/contacts/" + b.any(b.contacts) + "/delete" })
	get("page: tokens", always("/settings/tokens"))

	get("api: list", always("/v1/groups"))
	get("api: list 100", always("/v1/groups?limit=100"))
	get("api: list after", func() string { return "/v1/groups?starting_after=" + b.any(b.groups) })
	get("api: list before", func() string { return "/v1/groups?limit=100&ending_before=" + b.any(b.groups) })
	get("api: list archived after", func() string { return "/v1/groups?archived=true&starting_after=" + b.any(b.groups) })
	for _, text := range searches[:8] {
		get("api: search "+text.name, always("/v1/groups?q="+url.QueryEscape(text.text)))
	}
	get("api: groups of a member", func() string { return "/v1/groups?contact=" + b.any(b.contacts) })
	get("api: group", func() string { return "/v1/groups/" + b.any(b.groups) })
	get("api: large group", func() string { return "/v1/groups/" + b.any(b.members) })
	get("api: members of a large group", func() string { return "/v1/groups/" + b.any(b.members) + "/contacts?limit=100" })
	get("api: contacts", always("/v1/contacts?limit=100"))
	return append(kinds, b.changes()...)
}

// searches are words of every frequency and length, and the search's operators.
var searches = []struct{ name, text string }{
	{"common", "the"},
	{"rare", "zurich"},
	{"none", "zzqxv"},
	{"one letter", "a"},
	{"two letters", "pl"},
	{"rare letters", "zx"},
	{"symbol", "%"},
	{"emoji", "🎉"},
	{"two words", "the team"},
	{"without", "the -team"},
	{"member", "member:hector"},
	{"members", "member:a"},
	{"empty", "is:empty"},
	{"undescribed", "no:description"},
	{"created", "created:>2024-01-01 the"},
	{"200 characters", strings.Repeat("ab ", 66)},
}

// changes are the kinds that write.
func (b *bench) changes() []kind {
	n := 0
	name := func() string { n++; return fmt.Sprintf("name=Made+to+measure+%d", n) }
	contacts := func() string {
		form := url.Values{"name": {"Made to measure"}}
		for range 20 {
			form.Add("contacts[]", b.any(b.contacts))
		}
		return form.Encode()
	}
	all := func() string { return "/v1/groups" }
	one := func() string { return "/v1/groups/" + b.any(b.made) }
	last := func() string {
		id := b.made[len(b.made)-1]
		b.made = b.made[:len(b.made)-1]
		return "/v1/groups/" + id
	}
	return []kind{
		{name: "api: create", method: http.MethodPost, path: all, body: name, status: http.StatusCreated},
		{name: "api: create with 20 members", method: http.MethodPost, path: all, body: contacts, status: http.StatusCreated},
		{name: "api: update", method: http.MethodPut, path: one, body: name},
		{name: "api: replace members", method: http.MethodPut, path: one, body: contacts},
		{name: "page: archive", method: http.MethodPost, path: func() string { return "/groups/" + b.any(b.made) + "/archive" }, status: http.StatusSeeOther},
		{name: "page: restore", method: http.MethodPost, path: func() string { return "/groups/" + b.any(b.made) + "/restore" }, status: http.StatusSeeOther},
		{name: "page: create", method: http.MethodPost, path: func() string { return "/groups/new" }, body: name, status: http.StatusSeeOther},
		{name: "api: delete", method: http.MethodDelete, path: last, status: http.StatusNoContent},
	}
}

func (b *bench) any(ids []string) string { return ids[b.random.IntN(len(ids))] }
