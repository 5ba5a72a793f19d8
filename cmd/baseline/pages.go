package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

var (
	frameHTML = cut("frame", "title", "groups", "contacts", "path", divide, "body")

	groupsHeadHTML  = cut("groups-head")
	groupsHTML      = cut("groups", "title", "summary", "active", "actives", "archived", "archives", "all", "q", "carried", "from", "save", "chips", "hint", divide, "list")
	saveHTML        = cut("save", "href")
	tallyHTML       = cut("tally", "n")
	placeHTML       = cut("place", "last", "n")
	jumpHTML        = cut("jump", "carried", "to", "type")
	lastHTML        = cut("last", "href")
	carriedHTML     = cut("carried", "name", "value")
	chipHTML        = cut("chip", "href", "words")
	clearHTML       = cut("clear", "href")
	hintHTML        = cut("hint", "href", "q")
	groupsTableHTML = cut("groups-table", "summary", "name", "members", "created", "status", "origin", divide, "rows")
	columnHTML      = cut("column", "class", "order", "href", "name", "label", "icon")
	groupsRowHTML   = cut("groups-row", "id", "state", "hue", "initials", "marked", "name", "description", "members",
		"created", "status", "hideActive", "hideArchived", "here", "from", "after")
	statusHTML     = cut("status", "hideActive", "hideArchived")
	archivedAtHTML = cut("archived-at", "archived")
	groupsNoneHTML = cut("groups-none", "q", "note", "include")
	includeHTML    = cut("include", "href")

	belowHTML = cut("pages", "place", "jump", divide, "pager")
	pagerHTML = cut("pager", "next", "last", "sizes")
	nextHTML  = cut("next", "href", "region")
	sizesHTML = cut("sizes", "links")
	sizeHTML  = cut("size", "href", "current", "n")

	contactsHeadHTML  = cut("contacts-head")
	contactsHTML      = cut("contacts", "title", "summary", "q", "chips", divide, "list")
	contactsTableHTML = cut("contacts-table", "summary", "name", "created", divide, "rows")
	contactsRowHTML   = cut("contacts-row", "id", "hue", "initials", "marked", "username", "phone", "groups", "active", "created", "name", "here", "from", "after")
	contactsNoneHTML  = cut("contacts-none", "q")

	groupHTML        = cut("group", "id", "name", "hue", "initials", "conversation", "members", "origin", "description", "created", "updated", divide, "people")
	personHTML       = cut("person", "id", "hue", "initials", "name")
	membersHTML      = cut("members", "id", "name", "hue", "initials", "conversation", "members", "origin", "q", divide, "list")
	membersTableHTML = cut("members-table", "members", divide, "rows")
	membersRowHTML   = cut("members-row", "id", "remove", "hue", "initials", "name", "username", "active")
	membersNoneHTML  = cut("members-none", "q", "group")
	pickHTML         = cut("pick", "id", "name", "hue", "initials", "username", "state", "disabled")
)

const (
	rows    = 25 // of a list
	people  = 10 // of a group's overview and of a picker
	counted = 10_000
	found   = 1_000 // how far the matches of a search are counted
	flashes = `<div id="flashes"></div>`
)

// framed appends a page, or only its region if htmx requests that.
func (b *buffer) framed(r *http.Request, title string, current string, head *template, region func()) {
	if r.Header.Get("HX-Request-Type") == "partial" {
		region()
		b.out = append(b.out, flashes...)
		return
	}
	const here = ` aria-current="page"`
	groups, contacts := []byte(here), []byte(nil)
	if current == "Contacts" {
		groups, contacts = contacts, groups
	}
	values := [][]byte{b.text(title), groups, contacts, b.text(r.URL.RequestURI())}
	b.head(frameHTML, values...)
	if head != nil {
		b.head(head)
	}
	region()
	b.foot(frameHTML, values...)
}

func title(parts ...string) string {
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(append(kept, "Protocol Console"), " – ")
}

// attribute returns an attribute, or "" if it is off.
func attribute(on bool, name string) []byte {
	if !on {
		return nil
	}
	return []byte(" " + name)
}

// groupsList is the list of groups as its page shows it.
type groupsList struct {
	groupQuery
	rows   []group
	more   bool
	total  int
	hinted bool
	here   string
	// tabs are how many active and archived groups there are, if the list has no filter.
	tabs []int
}

func (s *server) groupsPage(r *http.Request, b *buffer) error {
	values := r.URL.Query()
	q := readGroupQuery(values, rows)
	switch q.status {
	case "":
		q.status = "active"
	case "all":
		q.status = ""
	}
	l, err := s.groupsList(r.Context(), q, values)
	if err != nil {
		return err
	}
	b.framed(r, title(q.text, "Groups"), "Groups", groupsHeadHTML, func() { b.groups(l, values.Get("status"), s.origin) })
	return nil
}

func (s *server) groupsList(ctx context.Context, q groupQuery, values url.Values) (*groupsList, error) {
	var err error
	if len(q.terms) > 0 && !q.byID() {
		if q.few, err = s.db.fewer(ctx, "groups", q.terms); err != nil {
			return nil, err
		}
	}
	found, err := s.db.groups(ctx, q)
	if err != nil {
		return nil, err
	}
	l := &groupsList{groupQuery: q, rows: found[:min(len(found), q.limit)], more: len(found) > q.limit, here: groupsURL(values)}
	if l.total = len(l.rows); l.more {
		l.total, err = s.countGroups(ctx, q)
	}
	if err == nil && q.text == "" && q.member == "" {
		l.tabs, err = s.tabs(ctx)
	}
	if err == nil && len(q.terms) > 0 {
		var like []contact
		like, err = s.db.contacts(ctx, contactQuery{terms: q.terms, limit: 1})
		l.hinted = len(like) > 0
	}
	return l, err
}

func (s *server) tabs(ctx context.Context) (tabs []int, err error) {
	for _, status := range []string{"active", "archived"} {
		n, err := s.countGroups(ctx, groupQuery{status: status})
		if err != nil {
			return nil, err
		}
		tabs = append(tabs, n)
	}
	return tabs, nil
}

func groupsURL(v url.Values) string {
	return link("/groups", "q", v.Get("q"), "status", v.Get("status"), "member", v.Get("member"), "sort", v.Get("sort"), "limit", v.Get("limit"))
}

func (s *server) countGroups(ctx context.Context, q groupQuery) (int, error) {
	q.sort, q.few = "", false
	statement := s.db.statement()
	statement.add("SELECT 1")
	if statement.numbered {
		statement.fromGroups(q)
	} else {
		statement.fromSQLiteGroups(q)
	}
	if len(q.terms) == 0 && q.member == "" {
		return s.totals.get("groups "+q.status, func() (int, error) { return s.db.count(ctx, statement, counted) })
	}
	return s.db.count(ctx, statement, found)
}

// summary returns how many there are, as far as they were counted.
func (b *buffer) summary(n, most int, kind string) []byte {
	switch {
	case n == 0:
		return b.raw("No " + kind + "s found")
	case n > most:
		return b.raw("More than " + string(b.number(most)) + " " + kind + "s")
	case n == 1:
		return b.raw("1 " + kind)
	}
	return b.raw(string(b.number(n)) + " " + kind + "s")
}

func (l *groupsList) most() int {
	if len(l.terms) > 0 || l.member != "" {
		return found
	}
	return counted
}

func (b *buffer) groups(l *groupsList, status, origin string) {
	kind := strings.TrimSpace(l.status + " group")
	summary := b.summary(l.total, l.most(), kind)
	var carried, hint []byte
	if l.sort != "" {
		carried = b.part(carriedHTML, b.raw("sort"), b.raw(l.sort))
	}
	if l.hinted {
		hint = b.part(hintHTML, b.text(link("/groups", "q", "member:"+l.text, "status", status)), b.text(l.text))
	}
	var save []byte
	if view := link("/groups/views/new", "q", l.text, "status", status, "member", l.member, "sort", l.sort); strings.Contains(view, "?") {
		save = b.part(saveHTML, b.text(view))
	}
	values := [][]byte{
		b.text(title(l.text, "Groups")), summary,
		attribute(status == "", "checked"), b.tab(l, 0), attribute(status == "archived", "checked"), b.tab(l, 1), attribute(status == "all", "checked"),
		b.text(l.text), carried, b.fromList(l.here), save, b.chips(l, status), hint,
	}
	b.head(groupsHTML, values...)
	if len(l.rows) == 0 {
		b.noGroups(l, status)
	} else {
		b.groupsTable(l, status, summary, origin)
	}
	b.foot(groupsHTML, values...)
}

// tab returns the number beside the choice of a status.
func (b *buffer) tab(l *groupsList, i int) []byte {
	if l.tabs == nil {
		return nil
	}
	return b.part(tallyHTML, b.tally(l.tabs[i]))
}

// tally returns a number that was counted up to counted.
func (b *buffer) tally(n int) []byte {
	if n > counted {
		return b.raw("10k+")
	}
	return b.number(n)
}

func (b *buffer) chips(l *groupsList, status string) []byte {
	var chips []byte
	on := 0
	if l.text != "" {
		on++
		chips = append(chips, b.part(chipHTML, b.text(link("/groups", "status", status, "member", l.member, "sort", l.sort)), b.text("“"+l.text+"”"))...)
	}
	if status != "" {
		words := map[string]string{"archived": "Archived", "all": "Active and archived"}[status]
		on++
		chips = append(chips, b.part(chipHTML, b.text(link("/groups", "q", l.text, "member", l.member, "sort", l.sort)), b.raw(words))...)
	}
	if l.member != "" {
		on++
		chips = append(chips, b.part(chipHTML, b.text(link("/groups", "q", l.text, "status", status, "sort", l.sort)), b.raw("Member "+l.member))...)
	}
	if len(chips) == 0 {
		return nil
	}
	if on > 1 {
		chips = append(chips, b.part(clearHTML, b.raw("/groups"))...)
	}
	return []byte(`<div class="chips">` + string(chips) + `</div>`)
}

func (b *buffer) noGroups(l *groupsList, status string) {
	var note, include []byte
	if status == "" {
		note = []byte("<p>Archived groups not searched</p>")
		include = b.part(includeHTML, b.text(link("/groups", "q", l.text, "status", "all", "sort", l.sort)))
	}
	b.head(groupsNoneHTML, b.text(l.text), note, include)
}

func (b *buffer) groupsTable(l *groupsList, status string, summary []byte, origin string) {
	column := func(name, label, class string) []byte {
		sort := map[bool]string{true: "", false: name}[name == "created"]
		order, picture := "", "sort"
		if l.sort == sort {
			order, picture = ` aria-sort="descending"`, "arrow-down"
			if sort = "-" + name; name == "name" {
				order, picture = ` aria-sort="ascending"`, "arrow-up"
			}
		}
		href := link("/groups", "q", l.text, "status", status, "member", l.member, "sort", sort)
		return b.part(columnHTML, b.raw(class), b.raw(order), b.text(href), b.raw(name), b.raw(label), b.icon(picture))
	}
	state := b.raw(`<th scope="col" class="c-status">Status</th>`)
	if status == "archived" {
		state = column("archived", "Archived", "c-when")
	}
	values := [][]byte{
		summary, column("name", "Name", "c-name"), column("members", "Members", "c-num num"), column("created", "Created", "c-when"), state,
		b.raw(origin),
	}
	b.head(groupsTableHTML, values...)
	b.groupRows(l, status)
	b.foot(groupsTableHTML, values...)
	b.head(belowHTML, b.place(l), b.jump(l, status))
	b.pager("/groups", l.here, l.nextPage(), "q", l.text, "status", status, "member", l.member, "sort", l.sort)
	b.foot(belowHTML)
}

// place says which rows of the list the first page has; for others that would have to be counted.
func (b *buffer) place(l *groupsList) []byte {
	if l.after != "" {
		return nil
	}
	return b.part(placeHTML, b.number(len(l.rows)), b.tally(l.total))
}

// jump returns the form that goes to a place in the list.
func (b *buffer) jump(l *groupsList, status string) []byte {
	if !l.more {
		return nil
	}
	to, kind := "date", "date"
	switch strings.TrimPrefix(l.sort, "-") {
	case "name":
		to, kind = "letters", "text"
	case "members":
		to, kind = "number", "number"
	}
	var carried []byte
	for _, field := range [][2]string{{"q", l.text}, {"status", status}, {"member", l.member}, {"sort", l.sort}} {
		if field[1] != "" {
			carried = append(carried, b.part(carriedHTML, b.raw(field[0]), b.text(field[1]))...)
		}
	}
	return b.part(jumpHTML, carried, b.raw(to), b.raw(kind))
}

func (b *buffer) icon(name string) []byte {
	return b.raw(`<svg class="icon" aria-hidden="true"><use href="/static/icons.0123456789abcdef.svg#` + name + `"></use></svg>`)
}

// fromList returns the end of the address of a page that leads back to a list.
func (b *buffer) fromList(list string) []byte {
	if !strings.Contains(list, "?") {
		return nil
	}
	return b.raw("?list=" + url.QueryEscape(list))
}

func (b *buffer) groupRows(l *groupsList, status string) {
	next := url.QueryEscape(l.here)
	here, from := b.raw(next), b.fromList(l.here)
	none := []byte(`<span class="none faint" aria-hidden="true">–</span>`)
	for i := range l.rows {
		g := &l.rows[i]
		description := none
		if g.description != nil {
			description = b.snippet(*g.description, l.terms)
		}
		state, hideActive, hideArchived := "active", []byte(nil), []byte(" hidden")
		if g.archived != nil {
			state, hideActive, hideArchived = "archived", hideArchived, hideActive
		}
		cell := b.part(statusHTML, hideActive, hideArchived)
		if status == "archived" {
			cell = b.part(archivedAtHTML, b.moment(*g.archived))
		}
		after := next
		if i+1 < len(l.rows) {
			after += "%23open-" + l.rows[i+1].id
		}
		b.head(groupsRowHTML, b.raw(g.id), b.raw(state), b.hue(g.name), b.initials(g.name), b.marked(g.name, l.terms), b.text(g.name),
			description, b.number(g.count), b.moment(g.created), cell, hideActive, hideArchived, here, from, b.raw(after))
	}
}

// snippet returns a description as a cell shows it: from shortly before the first
// word that was searched for.
func (b *buffer) snippet(s string, terms []string) []byte {
	const lead, most = 12, 200
	open := `<p class="line">`
	for _, term := range terms {
		if at, _ := find(strings.ToLower(s), 0, term); at > 2*lead {
			s, open = s[at-lead:], open+"… "
			_, s, _ = strings.Cut(s, " ")
			break
		}
	}
	s = strings.ToValidUTF8(s[:min(len(s), most)], "")
	return b.raw(open + string(b.marked(s, terms)) + "</p>")
}

// nextPage returns the cursor of the page after this one, or "".
func (l *groupsList) nextPage() string {
	if !l.more {
		return ""
	}
	return l.rows[len(l.rows)-1].id
}

// pager appends the links to other pages and page sizes.
func (b *buffer) pager(path, here, next string, parameters ...string) {
	var link1, last []byte
	if next != "" {
		link1 = b.part(nextHTML, b.text(link(path, append(parameters, "after", next)...)), b.raw("results"))
		if path == "/groups" {
			last = b.part(lastHTML, b.text(link(path, append(parameters, "last", "1")...)))
		}
	}
	var sizes []byte
	for _, n := range []int{10, 25, 50, 100} {
		href := here
		if n != rows {
			href = link(path, append(parameters, "limit", strconv.Itoa(n))...)
		}
		sizes = append(sizes, b.part(sizeHTML, b.text(href), attribute(n == rows, `aria-current="true"`), b.number(n))...)
	}
	b.head(pagerHTML, link1, last, b.part(sizesHTML, sizes))
}

func (s *server) contactsPage(r *http.Request, b *buffer) error {
	text := r.URL.Query().Get("q")
	q := contactQuery{text: text, limit: rows, terms: terms(text), withGroups: true}
	contacts, err := s.db.contacts(r.Context(), q)
	if err != nil {
		return err
	}
	more := len(contacts) > q.limit
	contacts = contacts[:min(len(contacts), q.limit)]
	n := len(contacts)
	if more {
		if n, err = s.countContacts(r.Context(), q); err != nil {
			return err
		}
	}
	b.framed(r, title(text, "Contacts"), "Contacts", contactsHeadHTML, func() { b.contacts(q, contacts, more, n) })
	return nil
}

func (s *server) countContacts(ctx context.Context, q contactQuery) (int, error) {
	statement := s.db.statement()
	statement.add("SELECT 1")
	if statement.numbered {
		statement.add(" FROM contacts c")
		statement.andTerms("c", q.terms)
	} else {
		statement.fromSQLiteContacts(q)
	}
	if len(q.terms) == 0 {
		return s.totals.get("contacts", func() (int, error) { return s.db.count(ctx, statement, counted) })
	}
	return s.db.count(ctx, statement, found)
}

func (b *buffer) contacts(q contactQuery, contacts []contact, more bool, n int) {
	most, here := counted, link("/contacts", "q", q.text)
	var chips []byte
	if q.text != "" {
		most = found
		chips = []byte(`<div class="chips">` + string(b.part(chipHTML, b.raw("/contacts"), b.text("“"+q.text+"”"))) + `</div>`)
	}
	summary := b.summary(n, most, "contact")
	values := [][]byte{b.text(title(q.text, "Contacts")), summary, b.text(q.text), chips}
	b.head(contactsHTML, values...)
	if len(contacts) == 0 {
		b.head(contactsNoneHTML, b.text(q.text))
	} else {
		b.contactsTable(q, contacts, summary, here)
		next := ""
		if more {
			next = contacts[len(contacts)-1].id
		}
		b.pager("/contacts", here, next, "q", q.text)
	}
	b.foot(contactsHTML, values...)
}

func (b *buffer) contactsTable(q contactQuery, contacts []contact, summary []byte, here string) {
	name := b.part(columnHTML, b.raw("c-name"), nil, b.text(link("/contacts", "q", q.text, "sort", "name")), b.raw("name"), b.raw("Name"), b.icon("sort"))
	created := b.part(columnHTML, b.raw("c-when"), b.raw(` aria-sort="descending"`), b.text(link("/contacts", "q", q.text, "sort", "-created")),
		b.raw("created"), b.raw("Created"), b.icon("arrow-down"))
	b.head(contactsTableHTML, summary, name, created)
	next, from, none := url.QueryEscape(here), b.fromList(here), []byte(`<span class="none faint" aria-hidden="true">–</span>`)
	for i := range contacts {
		c := &contacts[i]
		phone, after := none, next
		if c.phone != nil {
			phone = b.text(*c.phone)
		}
		if i+1 < len(contacts) {
			after += "%23open-" + contacts[i+1].id
		}
		b.head(contactsRowHTML, b.raw(c.id), b.hue(c.name()), b.initials(c.name()), b.marked(c.name(), q.terms), b.marked(c.username, q.terms),
			phone, b.number(c.groups), b.active(c), b.moment(c.created), b.text(c.name()), b.raw(next), from, b.raw(after))
	}
	b.foot(contactsTableHTML)
}

func (b *buffer) active(c *contact) []byte {
	if c.active == nil {
		return b.raw(`<span class="faint">Never</span>`)
	}
	return b.moment(*c.active)
}

// groupPage shows a group, with ten of its members.
func (s *server) groupPage(r *http.Request, b *buffer) error {
	g, err := s.groupRow(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	members, err := s.db.contacts(r.Context(), contactQuery{group: g.id, limit: people - 1})
	if err != nil {
		return err
	}
	description := b.raw(`<span class="faint">None</span>`)
	if g.description != nil {
		description = b.raw(`<p class="text">` + string(b.text(*g.description)) + `</p>`)
	}
	values := [][]byte{
		b.raw(g.id), b.text(g.name), b.hue(g.name), b.initials(g.name), b.raw(g.conversation), b.number(g.count), b.raw(s.origin),
		description, b.exactly(g.created), b.exactly(g.updated),
	}
	b.framed(r, title(g.name, "Groups"), "Groups", nil, func() {
		b.head(groupHTML, values...)
		for i := range members {
			c := &members[i]
			b.head(personHTML, b.raw(c.id), b.hue(c.name()), b.initials(c.name()), b.text(c.name()))
		}
		b.foot(groupHTML, values...)
	})
	return nil
}

// groupRow returns a group without its members.
func (s *server) groupRow(ctx context.Context, id string) (group, error) {
	groups, err := s.db.groups(ctx, groupQuery{id: id})
	if err == nil && len(groups) == 0 {
		err = errNotFound
	}
	if err != nil {
		return group{}, err
	}
	return groups[0], nil
}

// membersPage shows the members of a group, or those who are searched for.
func (s *server) membersPage(r *http.Request, b *buffer) error {
	g, err := s.groupRow(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text := r.URL.Query().Get("q")
	q := contactQuery{group: g.id, text: text, limit: 25, terms: terms(text)}
	if q.few = false; len(q.terms) > 0 && g.count > sorted {
		if q.few, err = s.db.fewer(r.Context(), "contacts", q.terms); err != nil {
			return err
		}
	}
	members, err := s.db.contacts(r.Context(), q)
	if err != nil {
		return err
	}
	values := [][]byte{b.raw(g.id), b.text(g.name), b.hue(g.name), b.initials(g.name), b.raw(g.conversation), b.number(g.count), b.raw(s.origin), b.text(text)}
	b.framed(r, title(g.name+" members", "Groups"), "Groups", nil, func() {
		b.head(membersHTML, values...)
		b.members(&g, q, members)
		b.foot(membersHTML, values...)
	})
	return nil
}

func (b *buffer) members(g *group, q contactQuery, members []contact) {
	if len(members) == 0 {
		b.head(membersNoneHTML, b.text(q.text), b.raw(g.id))
		return
	}
	path := "/groups/" + g.id + "/members"
	remove := b.text(link(path+"/remove", "next", link(path, "q", q.text)))
	b.head(membersTableHTML, b.number(g.count))
	for i := range members[:min(len(members), q.limit)] {
		c := &members[i]
		b.head(membersRowHTML, b.raw(c.id), remove, b.hue(c.name()), b.initials(c.name()), b.text(c.name()), b.text(c.username), b.active(c))
	}
	b.foot(membersTableHTML)
	var next []byte
	if len(members) > q.limit {
		next = b.part(nextHTML, b.text(link(path, "q", q.text, "after", members[q.limit-1].id)), b.raw("members"))
	}
	b.head(pagerHTML, next, nil, nil)
}

// pick serves the contacts that a picker offers.
func (s *server) pick(r *http.Request, b *buffer) error {
	values := r.URL.Query()
	q := contactQuery{terms: terms(values.Get("q")), limit: people - 1, pickFor: values.Get("group")}
	found, err := s.db.contacts(r.Context(), q)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		b.out = append(b.out, `<li class="none" role="presentation">No matching contacts</li>`...)
	}
	for i := range found {
		c := &found[i]
		var username, state []byte
		if c.display != nil {
			username = b.raw(" <small><bdi>" + c.username + "</bdi></small>")
		}
		switch {
		case c.member:
			state = []byte(`<span class="pill">Already a member</span>`)
		case c.active != nil:
			state = b.raw("<small>Active 24 Oct 2025</small>")
		}
		b.head(pickHTML, b.raw(c.id), b.text(c.name()), b.hue(c.name()), b.initials(c.name()), username, state, attribute(c.member, `aria-disabled="true"`))
	}
	return nil
}
