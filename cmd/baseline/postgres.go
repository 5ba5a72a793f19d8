package main

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// shown is how many members a group of the API carries.
const shown = 100

type postgres struct{ pool *pgxpool.Pool }

func openPostgres(ctx context.Context, url string) (*postgres, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &postgres{pool}, pool.Ping(ctx)
}

func (p *postgres) statement() statement { return statement{numbered: true} }

// fewer returns false: PostgreSQL's planner needs no help.
func (p *postgres) fewer(context.Context, string, []string) (bool, error) { return false, nil }

// query runs a statement: prepared, unless the best plan depends on the words or
// the person that is searched for.
func (p *postgres) query(ctx context.Context, s *statement, searched bool) (pgx.Rows, error) {
	if searched {
		return p.pool.Query(ctx, string(s.sql), append([]any{pgx.QueryExecModeCacheDescribe}, s.args...)...)
	}
	return p.pool.Query(ctx, string(s.sql), s.args...)
}

func (p *postgres) groups(ctx context.Context, q groupQuery) ([]group, error) {
	s := p.statement()
	s.add("SELECT ", groupColumns)
	s.fromGroups(q)
	s.order(q, "g.id")
	s.limit(q.limit + 1)
	rows, err := p.query(ctx, &s, len(q.terms) > 0 || q.member != "")
	if err != nil {
		return nil, err
	}
	groups := make([]group, 0, q.limit+1)
	for rows.Next() {
		var g group
		if err := rows.Scan(g.fields()...); err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	if err := rows.Err(); err != nil || !q.withContacts {
		return groups, err
	}
	return groups, p.addContacts(ctx, groups[:min(len(groups), q.limit)])
}

// fromGroups adds the tables and the conditions of a query on PostgreSQL.
func (s *statement) fromGroups(q groupQuery) {
	s.add(" FROM groups g")
	if q.member != "" {
		s.add(" JOIN memberships m ON m.group_id = g.id")
	}
	s.andTerms("g", q.terms)
	s.andGroups(q)
	if q.after != "" {
		s.and("g.id < ")
		s.arg(q.after)
	}
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// andTerms matches terms by their trigrams, and symbols, which have none, by the array of
// symbols.
func (s *statement) andTerms(table string, terms []string) {
	for _, term := range terms {
		s.and(table + ".search LIKE ")
		s.arg("%" + likeEscaper.Replace(term) + "%")
		if symbols := strings.TrimSpace(term); !strings.ContainsFunc(symbols, isWord) {
			s.and(table + ".symbols @> string_to_array(")
			s.arg(strings.Join(strings.FieldsFunc(symbols, unicode.IsSpace), ""))
			s.add("::text, NULL)")
		}
	}
}

const fewContacts = "SELECT m.group_id, " + contactColumns + ` FROM memberships m JOIN contacts c ON c.id = m.contact_id
	WHERE m.group_id = ANY($1) ORDER BY m.group_id, m.contact_id`

const firstContacts = "SELECT m.group_id, " + contactColumns + ` FROM memberships m JOIN contacts c ON c.id = m.contact_id
	WHERE m.group_id = $1 ORDER BY m.contact_id LIMIT $2`

// addContacts adds the first members of each group, with one query for all groups, except
// for those that have more than are shown.
func (p *postgres) addContacts(ctx context.Context, groups []group) error {
	var few []string
	byID := make(map[string]*group, len(groups))
	for i := range groups {
		g := &groups[i]
		byID[g.id] = g
		switch {
		case g.count > shown:
			if err := p.scanContacts(ctx, byID, firstContacts, g.id, shown); err != nil {
				return err
			}
		case g.count > 0:
			few = append(few, g.id)
		}
	}
	if len(few) == 0 {
		return nil
	}
	return p.scanContacts(ctx, byID, fewContacts, few)
}

func (p *postgres) scanContacts(ctx context.Context, byID map[string]*group, sql string, args ...any) error {
	rows, err := p.pool.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	var groupID string
	var c contact
	fields := append([]any{&groupID}, c.fields()...)
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return err
		}
		g := byID[groupID]
		if len(g.contacts) > 0 {
			g.contacts = append(g.contacts, ',')
		} else {
			g.contacts = make([]byte, 0, 256*min(g.count, shown))
		}
		g.contacts = appendContact(g.contacts, &c)
	}
	return rows.Err()
}

func (p *postgres) group(ctx context.Context, id string) (group, error) {
	groups := make([]group, 1)
	err := p.pool.QueryRow(ctx, "SELECT "+groupColumns+" FROM groups g WHERE g.id = $1", id).Scan(groups[0].fields()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return group{}, errNotFound
	}
	if err == nil {
		err = p.addContacts(ctx, groups)
	}
	return groups[0], err
}

func (p *postgres) contacts(ctx context.Context, q contactQuery) ([]contact, error) {
	s := p.statement()
	s.selectContacts(q)
	if q.group != "" {
		s.add(" FROM memberships m JOIN contacts c ON c.id = m.contact_id")
		s.and("m.group_id = ")
		s.arg(q.group)
	} else {
		s.add(" FROM contacts c")
	}
	s.andTerms("c", q.terms)
	if q.group != "" {
		s.add(" ORDER BY m.contact_id")
	} else {
		s.add(" ORDER BY c.id DESC")
	}
	s.limit(q.limit + 1)
	rows, err := p.query(ctx, &s, len(q.terms) > 0)
	if err != nil {
		return nil, err
	}
	contacts := make([]contact, 0, q.limit+1)
	for rows.Next() {
		var c contact
		if err := rows.Scan(append(c.fields(), &c.added, &c.groups, &c.member)...); err != nil {
			return nil, err
		}
		contacts = append(contacts, c)
	}
	return contacts, rows.Err()
}

// selectContacts adds the columns of a list of contacts.
func (s *statement) selectContacts(q contactQuery) {
	s.add("SELECT ", contactColumns, ", ")
	if q.group != "" {
		s.add("m.created_at, ")
	} else {
		s.add("0, ")
	}
	if q.withGroups {
		s.add("(SELECT count(*) FROM (SELECT 1 FROM memberships m WHERE m.contact_id = c.id LIMIT 1001) part)")
	} else {
		s.add("0")
	}
	s.add(", ")
	if q.pickFor == "" {
		s.add("false")
		return
	}
	s.add("EXISTS (SELECT 1 FROM memberships m WHERE m.group_id = ")
	s.arg(q.pickFor)
	s.add(" AND m.contact_id = c.id)")
}

func (p *postgres) count(ctx context.Context, q statement, most int) (int, error) {
	q.limit(most + 1)
	args := append([]any{pgx.QueryExecModeCacheDescribe}, q.args...)
	var n int
	err := p.pool.QueryRow(ctx, "SELECT count(*) FROM ("+string(q.sql)+") part", args...).Scan(&n)
	return n, err
}

// The statements that write, the same as the console's: the group, its
// conversation, its members and the line in the log of who changed what.
const (
	lockContacts = "SELECT " + contactColumns + " FROM contacts c WHERE c.id = ANY($1) ORDER BY c.id FOR KEY SHARE"
	insertGroup  = `INSERT INTO groups (id, name, name_key, conversation_id, contacts_count, search, created_at, updated_at,
		last_active_at, created_by_kind, created_by_id, created_by_name)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7, 'token', '0000000000000000', 'Baseline')`
	insertConversation = "INSERT INTO conversations (id, group_id, created_at) VALUES ($1, $2, $3)"
	insertMembers      = "INSERT INTO memberships (group_id, contact_id, created_at) SELECT $1, unnest($2::text[]), $3 ON CONFLICT DO NOTHING"
	insertLine         = `INSERT INTO audit_lines (id, created_at, actor_kind, actor_id, actor_name, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id)
		VALUES ($1, $2, 'token', '0000000000000000', 'Baseline', $3, 'group', $4, $5, $6, '127.0.0.1', 'bench', '')`
	lockGroup = "SELECT " + groupColumns + ", (SELECT array_agg(m.contact_id ORDER BY m.contact_id) FROM memberships m WHERE m.group_id = g.id)" +
		" FROM groups g WHERE g.id = $1 FOR UPDATE"
	deleteMembers = "DELETE FROM memberships WHERE group_id = $1 AND NOT contact_id = ANY($2)"
	updateGroup   = "UPDATE groups SET name = $2, name_key = $3, search = $4, contacts_count = $5, updated_at = $6 WHERE id = $1"
)

// create needs two round trips: what must be known first, and all the rest.
func (p *postgres) create(ctx context.Context, c change) (group, error) {
	now := time.Now()
	g := group{id: newID(now), name: c.name, conversation: newID(now), created: now.Unix(), updated: now.Unix()}
	err := pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		ids, err := p.members(ctx, tx, &g, c.contacts)
		if err != nil {
			return err
		}
		var b pgx.Batch
		b.Queue(insertGroup, g.id, g.name, strings.ToLower(g.name), g.conversation, g.count, searchKey(g.name), g.created)
		b.Queue(insertConversation, g.conversation, g.id, g.created)
		b.Queue(insertMembers, g.id, ids, g.created)
		b.Queue(insertLine, newID(now), g.created, "group.create", g.id, g.name, auditChanges(nil, &g.name, "null", idArray(ids)))
		return tx.SendBatch(ctx, &b).Close()
	})
	return g, err
}

func (p *postgres) update(ctx context.Context, id string, c change) (group, error) {
	var g group
	err := pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		var before []string
		if err := tx.QueryRow(ctx, lockGroup, id).Scan(append(g.fields(), &before)...); err != nil {
			return err
		}
		ids, err := p.members(ctx, tx, &g, c.contacts)
		if err != nil {
			return err
		}
		now, old := time.Now(), g.name
		g.name, g.updated = c.name, now.Unix()
		var b pgx.Batch
		b.Queue(deleteMembers, id, ids)
		b.Queue(insertMembers, id, ids, g.updated)
		b.Queue(updateGroup, id, g.name, strings.ToLower(g.name), searchKey(g.name+"\n"+deref(g.description)), g.count, g.updated)
		b.Queue(insertLine, newID(now), g.updated, "group.update", id, g.name, auditChanges(&old, &g.name, idArray(before), idArray(ids)))
		return tx.SendBatch(ctx, &b).Close()
	})
	return g, err
}

// members reads the contacts that a group is to have into it.
func (p *postgres) members(ctx context.Context, tx pgx.Tx, g *group, wanted []string) ([]string, error) {
	rows, err := tx.Query(ctx, lockContacts, wanted)
	if err != nil {
		return nil, err
	}
	var ids []string
	g.count, g.contacts = 0, nil
	for rows.Next() {
		var c contact
		if err := rows.Scan(c.fields()...); err != nil {
			return nil, err
		}
		ids = append(ids, c.id)
		g.join(&c)
	}
	return ids, rows.Err()
}

// join adds a contact to the group of the response.
func (g *group) join(c *contact) {
	if g.count++; g.count > 1 {
		g.contacts = append(g.contacts, ',')
	}
	g.contacts = appendContact(g.contacts, c)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// auditChanges returns the changes of an audit line. left and joined are
// JSON.
func auditChanges(before, after *string, left, joined string) string {
	b := append([]byte(nil), `{"name":{"before":`...)
	b = appendOptional(b, before)
	b = append(b, `,"after":`...)
	b = appendOptional(b, after)
	b = append(b, `},"contacts":{"before":`...)
	b = append(b, left...)
	b = append(b, `,"after":`...)
	b = append(b, joined...)
	return string(append(b, "}}"...))
}

// idArray returns ids as a JSON array.
func idArray(ids []string) string {
	b := []byte{'['}
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, id)
	}
	return string(append(b, ']'))
}
