package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver itself, without the console's wrapper of it
)

// sqlite is one connection that writes and a few that read, as the console has
// them, with every statement prepared.
type sqlite struct {
	write, read *sql.DB
	prepared    sync.Map // SQL -> *sql.Stmt on read
	writes      map[string]*sql.Stmt
}

func openSQLite(ctx context.Context, file string) (*sqlite, error) {
	const pragmas = "&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=cache_size(-8000)&_pragma=temp_store(MEMORY)"
	open := func(option string, conns int) (*sql.DB, error) {
		db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?"+option+pragmas)
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
		return db, db.PingContext(ctx)
	}
	write, err := open("_txlock=immediate", 1)
	if err != nil {
		return nil, err
	}
	read, err := open("_pragma=query_only(1)", max(4, runtime.NumCPU()))
	if err != nil {
		return nil, err
	}
	d := &sqlite{write: write, read: read, writes: map[string]*sql.Stmt{}}
	return d, d.prepareWrites(ctx)
}

func (d *sqlite) prepareWrites(ctx context.Context) error {
	for _, text := range []string{
		sqliteNewest, sqliteWanted, sqliteGroup, sqliteConversation, sqliteMembers, sqliteLine,
		sqliteLock, sqliteBefore, sqliteLeave, sqliteUpdate, sqliteUnindex, sqliteIndex, sqliteIndexed,
	} {
		stmt, err := d.write.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		d.writes[text] = stmt
	}
	return nil
}

func (d *sqlite) statement() statement { return statement{} }

func (d *sqlite) query(ctx context.Context, s *statement) (*sql.Rows, error) {
	stmt, err := d.prepare(ctx, string(s.sql))
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, s.args...)
}

func (d *sqlite) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if known, ok := d.prepared.Load(text); ok {
		return known.(*sql.Stmt), nil
	}
	stmt, err := d.read.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	d.prepared.Store(text, stmt)
	return stmt, nil
}

// members is the first members of a group as JSON objects. The join is written
// as CROSS JOIN so that it runs in the order of memberships.
const members = `, (SELECT json_group_array(json_object('id', c.id, 'username', c.username, 'phone_number', c.phone_number,
	'avatar_url', c.avatar_url, 'display_name', coalesce(c.display_name, c.username), 'conversation_id', c.conversation_id,
	'last_active_at', c.last_active_at, 'created_at', c.created_at))
	FROM (SELECT contact_id FROM memberships WHERE group_id = g.id ORDER BY contact_id LIMIT 100) first
	CROSS JOIN contacts c ON c.id = first.contact_id)`

func (d *sqlite) groups(ctx context.Context, q groupQuery) ([]group, error) {
	var s statement
	s.add("SELECT ", groupColumns)
	if q.withContacts {
		s.add(members)
	} else {
		s.add(", NULL")
	}
	s.fromSQLiteGroups(q)
	s.order(q, s.idColumn(q))
	s.limit(q.limit + 1)
	rows, err := d.query(ctx, &s)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	groups := make([]group, 0, q.limit+1)
	for rows.Next() {
		g, err := scanSQLite(rows)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return groups, rows.Err()
}

// scanSQLite reads a group with its members as one JSON array.
func scanSQLite(row interface{ Scan(...any) error }) (group, error) {
	var g group
	var array []byte
	err := row.Scan(append(g.fields(), &array)...)
	g.contacts = unwrapped(array)
	return g, err
}

// unwrapped returns an array without its brackets.
func unwrapped(array []byte) []byte {
	if len(array) < 2 {
		return nil
	}
	return array[1 : len(array)-1]
}

// fromSQLiteGroups adds the tables and the conditions of a query on SQLite. The full-text
// index lists matches by row number, the order of ids. In other orders few matches are
// sorted, and otherwise the order is scanned. The groups of one contact are always scanned:
// they are fewer than the matches of most words.
func (s *statement) fromSQLiteGroups(q groupQuery) {
	switch {
	case q.byIndex():
		s.add(" FROM groups_fts CROSS JOIN groups g ON g.seq = groups_fts.rowid")
		s.and("groups_fts MATCH ")
		s.arg(matchAll(q.terms))
	case q.member != "":
		s.add(" FROM memberships m CROSS JOIN groups g ON g.id = m.group_id")
		s.andContains("g", q.terms)
	default:
		s.add(" FROM groups g")
		s.andContains("g", q.terms)
	}
	s.andGroups(q)
	switch {
	case q.after == "":
	case s.idColumn(q) == "groups_fts.rowid":
		s.and("groups_fts.rowid <= (SELECT seq FROM groups WHERE id < ")
		s.arg(q.after)
		s.add(" ORDER BY id DESC LIMIT 1)")
	default:
		s.and(s.idColumn(q) + " < ")
		s.arg(q.after)
	}
}

// byIndex reports whether groups are found by the full-text index.
func (q groupQuery) byIndex() bool {
	return len(q.terms) > 0 && q.member == "" && (q.byID() || q.few)
}

// andContains looks at each row for the terms.
func (s *statement) andContains(table string, terms []string) {
	for _, term := range terms {
		s.and("instr(" + table + ".search, ")
		s.arg(term)
		s.add(") > 0")
	}
}

// idColumn returns the column by which the order of ids is scanned.
func (s *statement) idColumn(q groupQuery) string {
	switch {
	case q.byIndex():
		return "groups_fts.rowid"
	case q.member != "":
		return "m.group_id"
	}
	return "g.id"
}

func matchAll(terms []string) string {
	quoted := make([]string, len(terms))
	for i, term := range terms {
		quoted[i] = `"` + strings.ReplaceAll(term, `"`, `""`) + `"`
	}
	return strings.Join(quoted, " AND ")
}

// sorted is the maximum number of matches that are collected and sorted.
const sorted = 2000

func (d *sqlite) fewer(ctx context.Context, table string, terms []string) (bool, error) {
	var s statement
	s.add("SELECT 1 FROM ", table, "_fts")
	s.and(table + "_fts MATCH ")
	s.arg(matchAll(terms))
	n, err := d.count(ctx, s, sorted)
	return n <= sorted, err
}

func (d *sqlite) count(ctx context.Context, q statement, most int) (int, error) {
	q.limit(most + 1)
	stmt, err := d.prepare(ctx, "SELECT count(*) FROM ("+string(q.sql)+")")
	if err != nil {
		return 0, err
	}
	var n int
	err = stmt.QueryRowContext(ctx, q.args...).Scan(&n)
	return n, err
}

func (d *sqlite) group(ctx context.Context, id string) (group, error) {
	stmt, err := d.prepare(ctx, "SELECT "+groupColumns+members+" FROM groups g WHERE g.id = ?")
	if err != nil {
		return group{}, err
	}
	g, err := scanSQLite(stmt.QueryRowContext(ctx, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = errNotFound
	}
	return g, err
}

func (d *sqlite) contacts(ctx context.Context, q contactQuery) ([]contact, error) {
	var s statement
	s.selectContacts(q)
	s.fromSQLiteContacts(q)
	s.limit(q.limit + 1)
	rows, err := d.query(ctx, &s)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
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

// fromSQLiteContacts scans the members of a group if many match or there are few of them,
// and uses the full-text index otherwise.
func (s *statement) fromSQLiteContacts(q contactQuery) {
	switch {
	case q.group == "" && len(q.terms) == 0:
		s.add(" FROM contacts c ORDER BY c.id DESC")
	case q.group == "":
		s.add(" FROM contacts_fts CROSS JOIN contacts c ON c.seq = contacts_fts.rowid WHERE contacts_fts MATCH ")
		s.arg(matchAll(q.terms))
		s.add(" ORDER BY contacts_fts.rowid DESC")
	case q.few:
		s.add(" FROM contacts_fts CROSS JOIN contacts c ON c.seq = contacts_fts.rowid")
		s.add(" CROSS JOIN memberships m ON m.group_id = ")
		s.arg(q.group)
		s.add(" AND m.contact_id = c.id WHERE contacts_fts MATCH ")
		s.arg(matchAll(q.terms))
		s.add(" ORDER BY m.contact_id")
	default:
		s.add(" FROM memberships m CROSS JOIN contacts c ON c.id = m.contact_id")
		s.and("m.group_id = ")
		s.arg(q.group)
		s.andContains("c", q.terms)
		s.add(" ORDER BY m.contact_id")
	}
}

// The statements that write, as on PostgreSQL. Triggers note what the full-text index lacks.
const (
	sqliteNewest = "SELECT id FROM groups ORDER BY id DESC LIMIT 1"
	sqliteWanted = "SELECT " + contactColumns + " FROM contacts c WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY c.id"
	sqliteGroup  = `INSERT INTO groups (id, name, name_key, conversation_id, contacts_count, search, created_at, updated_at,
		last_active_at, created_by_kind, created_by_id, created_by_name)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7, 'token', '0000000000000000', 'Baseline')`
	sqliteConversation = "INSERT INTO conversations (id, group_id, created_at) VALUES (?, ?, ?)"
	sqliteMembers      = "INSERT INTO memberships (group_id, contact_id, created_at) SELECT ?1, value, ?3 FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING"
	sqliteLine         = `INSERT INTO audit_lines (id, created_at, actor_kind, actor_id, actor_name, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id)
		VALUES (?, ?, 'token', '0000000000000000', 'Baseline', ?, 'group', ?, ?, ?, '127.0.0.1', 'bench', '')`
	sqliteLock    = "SELECT " + groupColumns + " FROM groups g WHERE g.id = ?"
	sqliteBefore  = "SELECT json_group_array(contact_id) FROM (SELECT contact_id FROM memberships WHERE group_id = ? ORDER BY contact_id)"
	sqliteLeave   = "DELETE FROM memberships WHERE group_id = ?1 AND contact_id NOT IN (SELECT value FROM json_each(?2))"
	sqliteUnindex = "INSERT INTO groups_fts (groups_fts, rowid, search) SELECT 'delete', seq, was FROM unindexed_groups WHERE was IS NOT NULL"
	sqliteIndex   = "INSERT INTO groups_fts (rowid, search) SELECT seq, search FROM unindexed_groups CROSS JOIN groups USING (seq)"
	sqliteIndexed = "DELETE FROM unindexed_groups"
	sqliteUpdate  = "UPDATE groups SET name = ?2, name_key = ?3, search = ?4, contacts_count = ?5, updated_at = ?6 WHERE id = ?1"
)

// sqliteTx is a transaction that runs prepared statements one after the other,
// until one fails.
type sqliteTx struct {
	d   *sqlite
	ctx context.Context
	tx  *sql.Tx
	err error
}

func (t *sqliteTx) exec(text string, args ...any) {
	if t.err == nil {
		_, t.err = t.tx.StmtContext(t.ctx, t.d.writes[text]).ExecContext(t.ctx, args...)
	}
}

func (t *sqliteTx) row(text string, into []any, args ...any) {
	if t.err == nil {
		t.err = t.tx.StmtContext(t.ctx, t.d.writes[text]).QueryRowContext(t.ctx, args...).Scan(into...)
	}
}

func (d *sqlite) change(ctx context.Context, do func(*sqliteTx)) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	t := &sqliteTx{d: d, ctx: ctx, tx: tx}
	do(t)
	for _, text := range []string{sqliteUnindex, sqliteIndex, sqliteIndexed} {
		t.exec(text)
	}
	if t.err != nil {
		return errors.Join(t.err, tx.Rollback())
	}
	return tx.Commit()
}

func (d *sqlite) create(ctx context.Context, c change) (group, error) {
	var g group
	err := d.change(ctx, func(t *sqliteTx) {
		var newest string
		t.row(sqliteNewest, []any{&newest})
		now := time.Now()
		g = group{id: newIDAfter(newest), name: c.name, conversation: newID(now), created: now.Unix(), updated: now.Unix()}
		ids := t.members(&g, c.contacts)
		t.exec(sqliteGroup, g.id, g.name, strings.ToLower(g.name), g.conversation, g.count, searchKey(g.name), g.created)
		t.exec(sqliteConversation, g.conversation, g.id, g.created)
		t.exec(sqliteMembers, g.id, idArray(ids), g.created)
		t.exec(sqliteLine, newID(now), g.created, "group.create", g.id, g.name, auditChanges(nil, &g.name, "null", idArray(ids)))
	})
	return g, err
}

func (d *sqlite) update(ctx context.Context, id string, c change) (group, error) {
	var g group
	err := d.change(ctx, func(t *sqliteTx) {
		t.row(sqliteLock, g.fields(), id)
		var before string
		t.row(sqliteBefore, []any{&before}, id)
		ids := t.members(&g, c.contacts)
		now, old := time.Now(), g.name
		g.name, g.updated = c.name, now.Unix()
		t.exec(sqliteLeave, id, idArray(ids))
		t.exec(sqliteMembers, id, idArray(ids), g.updated)
		t.exec(sqliteUpdate, id, g.name, strings.ToLower(g.name), searchKey(g.name+"\n"+deref(g.description)), g.count, g.updated)
		t.exec(sqliteLine, newID(now), g.updated, "group.update", id, g.name, auditChanges(&old, &g.name, before, idArray(ids)))
	})
	return g, err
}

// members reads the contacts that a group is to have into it.
func (t *sqliteTx) members(g *group, wanted []string) []string {
	if t.err != nil {
		return nil
	}
	rows, err := t.tx.StmtContext(t.ctx, t.d.writes[sqliteWanted]).QueryContext(t.ctx, idArray(wanted))
	if t.err = err; err != nil {
		return nil
	}
	defer rows.Close()
	var ids []string
	g.count, g.contacts = 0, nil
	for rows.Next() {
		var c contact
		if t.err = rows.Scan(c.fields()...); t.err != nil {
			return nil
		}
		ids = append(ids, c.id)
		g.join(&c)
	}
	t.err = rows.Err()
	return ids
}
