package main

import (
	"context"
	"errors"
	"net/url"
	"strconv"
)

// database is what differs between the engines. Its lists return one row more
// than the limit if there are more.
type database interface {
	groups(ctx context.Context, q groupQuery) ([]group, error)
	group(ctx context.Context, id string) (group, error)
	contacts(ctx context.Context, q contactQuery) ([]contact, error)
	// count counts up to most.
	count(ctx context.Context, q statement, most int) (int, error)
	// fewer reports whether fewer than a few thousand rows of table match, if the
	// engine has to be told how to search.
	fewer(ctx context.Context, table string, terms []string) (bool, error)
	statement() statement
	create(ctx context.Context, c change) (group, error)
	update(ctx context.Context, id string, c change) (group, error)
}

var errNotFound = errors.New("not found")

// group is a row of groups, with its members as a JSON array if they were requested.
type group struct {
	id, name            string
	description, avatar *string
	conversation        string
	count               int
	created, updated    int64
	archived            *int64
	contacts            []byte
}

const groupColumns = "g.id, g.name, g.description, g.avatar_url, g.conversation_id, g.contacts_count, g.created_at, g.updated_at, g.archived_at"

func (g *group) fields() []any {
	return []any{&g.id, &g.name, &g.description, &g.avatar, &g.conversation, &g.count, &g.created, &g.updated, &g.archived}
}

// contact is a row of contacts, with the number of its groups if that was requested.
type contact struct {
	id, username           string
	phone, avatar, display *string
	conversation           string
	active                 *int64
	created                int64
	groups                 int
	member                 bool  // of the group that a picker is for
	added                  int64 // to the group whose members are listed
}

const contactColumns = "c.id, c.username, c.phone_number, c.avatar_url, c.display_name, c.conversation_id, c.last_active_at, c.created_at"

func (c *contact) fields() []any {
	return []any{&c.id, &c.username, &c.phone, &c.avatar, &c.display, &c.conversation, &c.active, &c.created}
}

func (c *contact) name() string {
	if c.display != nil {
		return *c.display
	}
	return c.username
}

// change is what a form of the API asks for.
type change struct {
	name     string
	contacts []string
}

// groupQuery selects groups.
type groupQuery struct {
	id                                string // of the only one to return, or ""
	text, status, sort, member, after string
	limit                             int
	terms                             []string
	withContacts                      bool
	few                               bool // fewer found than SQLite can sort
}

func readGroupQuery(v url.Values, limit int) groupQuery {
	q := groupQuery{
		text: v.Get("q"), status: v.Get("status"), sort: v.Get("sort"), member: v.Get("contact") + v.Get("member"),
		after: v.Get("starting_after") + v.Get("after"), limit: limit, terms: terms(v.Get("q")),
	}
	if n, err := strconv.Atoi(v.Get("limit")); err == nil {
		q.limit = n
	}
	return q
}

// byID reports whether the order is that of creation.
func (q groupQuery) byID() bool { return q.sort == "" || q.sort == "created" }

// contactQuery selects contacts: all, or the members of a group.
type contactQuery struct {
	text, group string
	limit       int
	terms       []string
	few         bool
	withGroups  bool   // count the groups of each
	pickFor     string // the group whose members are marked
}

// statement is SQL on its way, with its arguments. numbered reports whether
// placeholders are $1, $2 and so on, and not question marks.
type statement struct {
	numbered bool
	sql      []byte
	args     []any
	where    bool
}

func (s *statement) add(parts ...string) {
	for _, p := range parts {
		s.sql = append(s.sql, p...)
	}
}

// arg adds a placeholder.
func (s *statement) arg(value any) {
	s.args = append(s.args, value)
	if !s.numbered {
		s.sql = append(s.sql, '?')
		return
	}
	s.sql = strconv.AppendInt(append(s.sql, '$'), int64(len(s.args)), 10)
}

// and begins another condition.
func (s *statement) and(condition string) {
	if s.where {
		s.add(" AND ", condition)
		return
	}
	s.where = true
	s.add(" WHERE ", condition)
}

// andGroups adds the conditions that the engines share; columns are g's.
func (s *statement) andGroups(q groupQuery) {
	if q.id != "" {
		s.and("g.id = ")
		s.arg(q.id)
	}
	switch q.status {
	case "active":
		s.and("g.archived_at IS NULL")
	case "archived":
		s.and("g.archived_at IS NOT NULL")
	}
	if q.member != "" {
		s.and("m.contact_id = ")
		s.arg(q.member)
	}
}

// order adds the order of a list of groups, from after on. id is the column
// that stands for the id.
func (s *statement) order(q groupQuery, id string) {
	switch q.sort {
	case "name":
		s.add(" ORDER BY g.name_key, g.id")
	case "members":
		s.add(" ORDER BY g.contacts_count DESC, g.id DESC")
	default:
		s.add(" ORDER BY ", id, " DESC")
	}
}

func (s *statement) limit(n int) {
	s.add(" LIMIT ")
	s.arg(n)
}
