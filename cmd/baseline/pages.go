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
	groupsTableHTML = cut("groups-table", "summary", "name", "members", "created", "status", "here", "origin", "from", divide, "rows")
	columnHTML      = cut("column", "class", "order", "href", "name", "label", "icon")
	groupsRowHTML   = cut("groups-row", "id", "state", "hue", "initials", "marked", "name", "description", "members",
		"created", "status", "from")
	statusHTML     = cut("status", "hideActive", "hideArchived")
	archivedAtHTML = cut("archived-at", "archived")
	groupsNoneHTML = cut("groups-none", "q", "note", "include")
	includeHTML    = cut("include", "href")

	belowHTML = cut("pages", "place", "jump", divide, "pager")
	pagerHTML = cut("pager", "next", "last", "sizes")
	nextHTML  = cut("next", "href", "region")
	sizesHTML = cut("sizes", "links")
	sizeHTML  = cut("size", "href", "current", "n")

	contactsHTML      = cut("contacts", "title", "summary", "q", "chips", divide, "list")
	contactsTableHTML = cut("contacts-table", "summary", "name", "created", "here", "from", divide, "rows")
	contactsRowHTML   = cut("contacts-row", "id", "hue", "initials", "marked", "username", "phone", "groups", "active", "created", "name", "from")
	contactsNoneHTML  = cut("contacts-none", "q")

	groupHTML        = cut("group", "id", "name", "hue", "initials", "conversation", "members", "origin", "description", "created", "updated", divide, "people")
	personHTML       = cut("person", "id", "hue", "initials", "name", "active")
	membersHTML      = cut("members", "id", "name", "hue", "initials", "conversation", "members", "origin", "q", divide, "list")
	membersTableHTML = cut("members-table", "id", "members", divide, "rows")
	membersRowHTML   = cut("members-row", "id", "remove", "hue", "initials", "name", "username", "active", "added")
	membersNoneHTML  = cut("members-none", "q", "group")
	pickHTML         = cut("pick", "id", "name", "hue", "initials", "username", "state", "disabled")
	pickNewHTML      = cut("pick-new", "q")
)

const (
	rows    = 25 // of a list
	people  = 10 // of a group's overview and of a picker
	counted = 10_000
	found   = 1_000 // how far the matches of a search are counted
	flashes = `<div id="flashes"></div>`
)

// framed appends a page, or only its region if htmx requests that.
func (b *buffer) framed(r *http.Request, title string, current string, region func()) {
	if partial(r) {
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
	region()
	b.foot(frameHTML, values...)
}

// partial reports whether htmx requests only a region.
func partial(r *http.Request) bool { return r.Header.Get("HX-Request-Type") == "partial" }

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
	b.framed(r, title(q.text, "Groups"), "Groups", func() {
		b.groups(l, values.Get("status"), s.origin)
	})
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
	var state []byte
	switch status {
	case "all":
		state = b.raw(`<th scope="col" class="c-status">Status</th>`)
	case "archived":
		state = column("archived", "Archived", "c-when")
	}
	values := [][]byte{
		summary, column("name", "Name", "c-name"), column("members", "Members", "c-num num"), column("created", "Created", "c-when"), state,
		b.text(l.here), b.raw(origin), b.listField(l.here),
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

// listField returns the list that a page which is opened from it leads back to, as a form's field.
func (b *buffer) listField(list string) []byte {
	if !strings.Contains(list, "?") {
		return nil
	}
	return b.part(carriedHTML, b.raw("list"), b.text(list))
}

func (b *buffer) groupRows(l *groupsList, status string) {
	from := b.fromList(l.here)
	for i := range l.rows {
		g := &l.rows[i]
		var description, cell []byte
		if g.description != nil {
			description = b.snippet(*g.description, l.terms)
		}
		state, hideActive, hideArchived := "active", []byte(nil), []byte(" hidden")
		if g.archived != nil {
			state, hideActive, hideArchived = "archived", hideArchived, hideActive
		}
		switch status {
		case "all":
			cell = b.part(statusHTML, hideActive, hideArchived)
		case "archived":
			cell = b.part(archivedAtHTML, b.moment(*g.archived))
		}
		b.head(groupsRowHTML, b.raw(g.id), b.raw(state), b.hue(g.name), b.initials(g.name), b.marked(g.name, l.terms), b.text(g.name),
			description, b.number(g.count), b.moment(g.created), cell, from)
	}
}

// snippet returns a description as a cell shows it: from shortly before the first
// word that was searched for.
func (b *buffer) snippet(s string, terms []string) []byte {
	const lead, most = 12, 200
	open := `<span>`
	for _, term := range terms {
		if at, _ := find(strings.ToLower(s), 0, term); at > 2*lead {
			s, open = s[at-lead:], open+"… "
			_, s, _ = strings.Cut(s, " ")
			break
		}
	}
	s = strings.ToValidUTF8(s[:min(len(s), most)], "")
	return b.raw(open + string(b.marked(s, terms)) + "</span>")
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
