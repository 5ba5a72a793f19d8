package audit

import (
	"context"
	"math"
	"strings"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// ActivityQuery selects lines of the audit log. Its zero value is the newest ones.
type ActivityQuery struct {
	// Who is the id of a user, whose tokens' actions are included, or of a token.
	Who string
	// Action is an action ("group.create"), an area (its first word), or FailedSignIns.
	Action string
	// Object is the id of what was changed.
	Object string
	// Request is the id of a request.
	Request string
	// From is the first moment and To the first one after; zero for no limit.
	From, To time.Time
	db.Range
}

// Activity returns a page of the audit log, the newest line first. Errors: Invalid.
func (s *Log) Activity(ctx context.Context, q ActivityQuery) (Page, error) {
	page, err := s.activity(s.db.Read(ctx), q)
	return page, s.db.Failed(ctx, err)
}

func (s *Log) activity(r db.Reader, q ActivityQuery) (Page, error) {
	if err := q.check().OrNil(); err != nil {
		return Page{}, err
	}
	query := numberedLines()
	if err := q.narrow(r, &query); err != nil {
		return Page{}, err
	}
	order := db.IDKeyset("audit_lines")
	order.Desc = true
	lines, more, err := db.Find(r, query, order, q.Range, func(c db.Cursor) []any { return []any{c.ID} }, (*Line).numberedColumns)
	return Page{Lines: lines, More: more}, err
}

// numberedLines selects lines with their places in the chain.
func numberedLines() db.Selection {
	return db.Selection{
		From: "audit_lines", Columns: lineColumns + ", coalesce(audit_seals.number, 0)",
		Joins: " LEFT JOIN audit_seals ON audit_seals.line_id = audit_lines.id", Planned: true,
	}
}

func (l *Line) numberedColumns() []any { return append(l.columns(), &l.Number) }

// narrow adds the query's conditions. Times are compared with ids, by which the list is
// ordered.
func (q ActivityQuery) narrow(r db.Reader, query *db.Selection) error {
	if q.Who != "" {
		tokens, err := db.First(r, db.SelectFrom("tokens", "id", "id = ?", q.Who), 1, db.OneColumn[string])
		if err != nil {
			return err
		}
		column := "user_id"
		if len(tokens) > 0 {
			column = "actor_id"
		}
		query.Where(column+" = ?", q.Who)
	}
	if area, _, exact := strings.Cut(q.Action, "."); q.Action != "" {
		query.Where("area = ?", area)
		switch {
		case q.Action == FailedSignIns:
			query.Where("action IN (?, ?)", RefusedSignIn, ThrottledSignIn)
		case exact:
			query.Where("action = ?", q.Action)
		}
	}
	if q.Object != "" {
		query.Where("object_id = ?", q.Object)
	}
	if q.Request != "" {
		query.Where("request_id = ?", q.Request)
	}
	if !q.From.IsZero() {
		query.Where("audit_lines.id >= ?", text.FirstID(q.From))
	}
	if !q.To.IsZero() {
		query.Where("audit_lines.id < ?", text.FirstID(q.To))
	}
	return nil
}

// maxFilter is how long a filter can be, in bytes.
const maxFilter = 100

// check returns what is wrong with the query.
func (q ActivityQuery) check() access.Invalid {
	problems := q.Range.Check()
	for _, word := range []struct{ field, value string }{{"who", q.Who}, {"action", q.Action}, {"object", q.Object}, {"request_id", q.Request}} {
		if len(word.value) > maxFilter || len(text.Valid([]string{word.value})) == 0 {
			problems = append(problems, access.Refused(word.field, "“%s” is too long or isn't valid text.", word.field)...)
		}
	}
	return problems
}

// changedLately reports whether a user or token has changed something since a time. Signing in,
// exporting and starting a job change nothing that lists show; what a job changes has lines of its own.
func changedLately(r db.Reader, id string, since time.Time) (bool, error) {
	query := db.SelectFrom("audit_lines", "id", "actor_id = ? AND id >= ?", id, text.FirstID(since))
	query.Where("area NOT IN ('session', 'job') AND action NOT IN (?, ?, ?, ?, ?, ?)",
		ExportedActivity, ExportedGroups, ExportedGroup, ExportedMembers, ExportedContacts, ExportedContact)
	found, err := db.First(r, query, 1, db.OneColumn[string])
	return len(found) > 0, err
}

// ActivityLine returns one line of the audit log. Errors: ErrNotFound.
func (s *Log) ActivityLine(ctx context.Context, id string) (Line, error) {
	if !text.ValidID(id) {
		return Line{}, access.ErrNotFound
	}
	query := numberedLines()
	query.Where("audit_lines.id = ?", id)
	l, err := db.Take(s.db.Read(ctx), query, (*Line).numberedColumns)
	return l, s.db.Failed(ctx, err)
}

// OldestActivity returns when the oldest line was written, in Unix seconds; 0 if there is
// none.
func (s *Log) OldestActivity(ctx context.Context) (int64, error) {
	oldest := db.Selection{From: "audit_lines", Columns: "created_at", Tail: " ORDER BY id"}
	at, err := db.First(s.db.Read(ctx), oldest, 1, db.OneColumn[int64])
	if err != nil || len(at) == 0 {
		return 0, s.db.Failed(ctx, err)
	}
	return at[0], nil
}

// ActivityNames are the names of a query's Who and Object; "" if unknown or not asked for.
type ActivityNames struct{ Who, Object string }

// ActivityNames returns the names of a query's Who and Object.
func (s *Log) ActivityNames(ctx context.Context, q ActivityQuery) (names ActivityNames, err error) {
	r := s.db.Read(ctx)
	for _, ask := range []struct {
		id   string
		name *string
		db.Selection
	}{
		{q.Who, &names.Who, db.SelectFrom("users", "name", "id = ?", q.Who)},
		{q.Who, &names.Who, db.SelectFrom("tokens", "name", "id = ?", q.Who)},
		{q.Object, &names.Object, db.Selection{
			Columns: "object_name", From: "audit_lines", Clauses: db.Clauses{Conditions: []string{"object_id = ?"}, Args: []any{q.Object}}, Tail: " ORDER BY id DESC",
		}},
	} {
		if ask.id == "" || *ask.name != "" || err != nil {
			continue
		}
		var found []string
		if found, err = db.First(r, ask.Selection, 1, db.OneColumn[string]); len(found) > 0 {
			*ask.name = found[0]
		}
	}
	return names, s.db.Failed(ctx, err)
}

// ActorOption is a user or a token to filter activity by.
type ActorOption struct{ ID, Name string }

// maxActorOptions limits the users, and the tokens, that ActorOptions returns.
const maxActorOptions = 200

// ActorOptions returns the users of the console and its API tokens, by name.
func (s *Log) ActorOptions(ctx context.Context) (users, tokens []ActorOption, err error) {
	r := s.db.Read(ctx)
	columns := func(o *ActorOption) []any { return []any{&o.ID, &o.Name} }
	users, err = db.First(r, db.Selection{Columns: "id, name", From: "users", Tail: " ORDER BY name, id"}, maxActorOptions, columns)
	if err == nil {
		tokens, err = db.First(r, db.Selection{Columns: "id, name", From: "tokens", Tail: " ORDER BY name, id"}, maxActorOptions, columns)
	}
	for _, options := range [][]ActorOption{users, tokens} {
		text.SortByName(options, func(o ActorOption) string { return o.Name })
	}
	return users, tokens, s.db.Failed(ctx, err)
}

// ExportActivity passes all lines that a query matches, as they are at one moment, to each:
// the newest first. Before the first, begin, unless nil, gets their number, and a line of its own says
// with which format and filters; if begin fails, nothing was exported. Errors: Denied,
// Invalid, Conflict if too many exports are running, and what begin and each return.
func (s *Log) ExportActivity(ctx context.Context, by access.Actor, q ActivityQuery, format string, begin func(rows int) error, each func(Line) error) error {
	for _, right := range []access.Right{access.ReadActivity, access.Export} {
		if err := by.Check(right); err != nil {
			return err
		}
	}
	if err := q.check().OrNil(); err != nil {
		return err
	}
	err := s.db.Snapshot(ctx, func(r db.Reader) error {
		lines := numberedLines()
		if err := q.narrow(r, &lines); err != nil {
			return err
		}
		n, err := db.CountUpTo(r, lines, math.MaxInt32)
		if err == nil && begin != nil {
			err = begin(n.N)
		}
		if err == nil {
			err = s.exported(ctx, by, q.filters(format, n.N))
		}
		if err != nil {
			return err
		}
		return s.eachLine(r, q, each)
	})
	return s.db.Failed(ctx, err)
}

func (s *Log) exported(ctx context.Context, by access.Actor, changes map[string]Change) error {
	return s.Write(ctx, by, access.Export, ExportedActivity, func(_ *gorm.DB, line *Line) error {
		line.SetObject("activity", "", "")
		return line.SetChanges(changes)
	})
}

func (s *Log) eachLine(r db.Reader, q ActivityQuery, each func(Line) error) error {
	q.Range = db.Range{Limit: db.MaxLimit}
	for {
		page, err := s.activity(r, q)
		if err != nil {
			return err
		}
		for _, line := range page.Lines {
			if err := each(line); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		q.After.ID = page.Lines[len(page.Lines)-1].ID
	}
}

// filters returns the filters of an export, for its audit line.
func (q ActivityQuery) filters(format string, rows int) map[string]Change {
	changes := map[string]Change{"format": {nil, format}, "count": {nil, rows}}
	for field, value := range map[string]string{
		"who": q.Who, "action": q.Action, "object": q.Object, "request_id": q.Request, "from": MomentOf(q.From), "to": MomentOf(q.To),
	} {
		if value != "" {
			changes[field] = Change{nil, value}
		}
	}
	return changes
}

// MomentOf returns a filter's time as audit lines have it; "" for no limit.
func MomentOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// FailedSignIns is an ActivityQuery.Action: sign-ins that were refused or throttled.
const FailedSignIns = "session.failed"
