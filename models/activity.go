package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
)

// ActivityQuery is which lines of the audit log are wanted. Its zero value is the
// newest ones.
type ActivityQuery struct {
	// Who is the id of a person, with what their tokens did, or of a token.
	Who string
	// Action is an action, an area, which is the first word of several, or FailedSignIns.
	Action string
	// Object is the id of what something was done to.
	Object string
	// Request is the id of a request.
	Request string
	// From and To are the first moment and the first one after, or zero.
	From, To time.Time
	Range
}

// Activity answers a page of the audit log, the newest line first. Errors: Invalid.
func (s *Store) Activity(ctx context.Context, q ActivityQuery) (AuditPage, error) {
	page, err := s.activity(s.reader(ctx), q)
	return page, s.failed(ctx, err)
}

func (s *Store) activity(r reader, q ActivityQuery) (AuditPage, error) {
	if err := q.check().orNil(); err != nil {
		return AuditPage{}, err
	}
	query := numberedLines()
	if err := q.narrow(r, &query); err != nil {
		return AuditPage{}, err
	}
	order := idKeyset("audit_lines")
	order.desc = true
	lines, more, err := find(r, query, order, q.Range, func(c Cursor) []any { return []any{c.ID} }, (*AuditLine).numberedColumns)
	return AuditPage{Lines: lines, More: more}, err
}

// numberedLines reads lines with their places in the chain.
func numberedLines() selection {
	return selection{
		from: "audit_lines", columns: auditColumns + ", coalesce(audit_seals.number, 0)",
		joins: " LEFT JOIN audit_seals ON audit_seals.line_id = audit_lines.id", planned: true,
	}
}

func (l *AuditLine) numberedColumns() []any { return append(l.columns(), &l.Number) }

// narrow adds what the query asks for. Times are told by ids, so that they follow the
// order of the list.
func (q ActivityQuery) narrow(r reader, query *selection) error {
	if q.Who != "" {
		tokens, err := first(r, selectFrom("tokens", "id", "id = ?", q.Who), 1, whole[string])
		if err != nil {
			return err
		}
		column := "user_id"
		if len(tokens) > 0 {
			column = "actor_id"
		}
		query.where(column+" = ?", q.Who)
	}
	if area, _, exact := strings.Cut(q.Action, "."); q.Action != "" {
		query.where("area = ?", area)
		switch {
		case q.Action == FailedSignIns:
			query.where("action IN (?, ?)", RefusedSignIn, HeldOff)
		case exact:
			query.where("action = ?", q.Action)
		}
	}
	if q.Object != "" {
		query.where("object_id = ?", q.Object)
	}
	if q.Request != "" {
		query.where("request_id = ?", q.Request)
	}
	if !q.From.IsZero() {
		query.where("audit_lines.id >= ?", FirstID(q.From))
	}
	if !q.To.IsZero() {
		query.where("audit_lines.id < ?", FirstID(q.To))
	}
	return nil
}

// maxWord is how long what activity is narrowed by can be.
const maxWord = 100

// check is what is wrong with the query.
func (q ActivityQuery) check() Invalid {
	problems := q.Range.check()
	for _, word := range []struct{ field, value string }{{"who", q.Who}, {"action", q.Action}, {"object", q.Object}, {"request_id", q.Request}} {
		if len(word.value) > maxWord || len(valid([]string{word.value})) == 0 {
			problems = append(problems, bad(word.field, "“%s” is too long, or no text.", word.field)...)
		}
	}
	return problems
}

// ActivityLine answers one line of the audit log, or ErrNotFound.
func (s *Store) ActivityLine(ctx context.Context, id string) (AuditLine, error) {
	if !ValidID(id) {
		return AuditLine{}, ErrNotFound
	}
	query := numberedLines()
	query.where("audit_lines.id = ?", id)
	l, err := take(s.reader(ctx), query, (*AuditLine).numberedColumns)
	return l, s.failed(ctx, err)
}

// ActivitySince is when activity began to be recorded, in Unix seconds; 0 where nothing is.
func (s *Store) ActivitySince(ctx context.Context) (int64, error) {
	oldest := selection{from: "audit_lines", columns: "created_at", tail: " ORDER BY id"}
	at, err := first(s.reader(ctx), oldest, 1, whole[int64])
	if err != nil || len(at) == 0 {
		return 0, s.failed(ctx, err)
	}
	return at[0], nil
}

// ActivityNames are the names of what activity is narrowed to; "" where there is none.
type ActivityNames struct{ Who, Object string }

// ActivityNames answers the names of who and what a query asks for.
func (s *Store) ActivityNames(ctx context.Context, q ActivityQuery) (names ActivityNames, err error) {
	r := s.reader(ctx)
	for _, ask := range []struct {
		id   string
		name *string
		selection
	}{
		{q.Who, &names.Who, selectFrom("users", "name", "id = ?", q.Who)},
		{q.Who, &names.Who, selectFrom("tokens", "name", "id = ?", q.Who)},
		{q.Object, &names.Object, selection{
			columns: "object_name", from: "audit_lines", clauses: clauses{[]string{"object_id = ?"}, []any{q.Object}}, tail: " ORDER BY id DESC",
		}},
	} {
		if ask.id == "" || *ask.name != "" || err != nil {
			continue
		}
		var found []string
		if found, err = first(r, ask.selection, 1, whole[string]); len(found) > 0 {
			*ask.name = found[0]
		}
	}
	return names, s.failed(ctx, err)
}

// Doer is somebody whose activity can be looked at.
type Doer struct{ ID, Name string }

// maxDoers is how many people, and how many tokens, can be chosen from.
const maxDoers = 200

// Doers answers the people of the console and its API tokens, by name.
func (s *Store) Doers(ctx context.Context) (people, tokens []Doer, err error) {
	r := s.reader(ctx)
	columns := func(d *Doer) []any { return []any{&d.ID, &d.Name} }
	people, err = first(r, selection{columns: "id, name", from: "users", tail: " ORDER BY name, id"}, maxDoers, columns)
	if err == nil {
		tokens, err = first(r, selection{columns: "id, name", from: "tokens", tail: " ORDER BY name, id"}, maxDoers, columns)
	}
	for _, doers := range [][]Doer{people, tokens} {
		sortByName(doers, func(d Doer) string { return d.Name })
	}
	return people, tokens, s.failed(ctx, err)
}

// ExportActivity gives all lines that a query finds, the newest first, to each, part by
// part. That it was asked for is a line of its own, written before the first is given.
// format is how it is exported. Errors: Denied, Invalid, and what each answers.
func (s *Store) ExportActivity(ctx context.Context, by Actor, q ActivityQuery, format string, each func([]AuditLine) error) error {
	if err := by.Check(ReadActivity); err != nil {
		return err
	}
	if err := q.check().orNil(); err != nil {
		return err
	}
	var own string
	err := s.write(ctx, by, Export, ExportedActivity, func(_ *gorm.DB, line *AuditLine) error {
		own = line.ID
		line.about("activity", "", "activity")
		return line.say(q.said(format))
	})
	if err != nil {
		return err
	}
	q.Range = Range{After: Cursor{ID: own}, Limit: MaxLimit}
	for {
		page, err := s.activity(reader{ctx, s.longReads}, q)
		if err == nil {
			err = each(page.Lines)
		}
		if err != nil || !page.More {
			return s.failed(ctx, err)
		}
		q.After.ID = page.Lines[len(page.Lines)-1].ID
	}
}

// said is what an export was narrowed to, for its audit line.
func (q ActivityQuery) said(format string) map[string]change {
	said := map[string]change{"format": {nil, format}}
	for field, value := range map[string]string{
		"who": q.Who, "action": q.Action, "object": q.Object, "request_id": q.Request, "from": dayOf(q.From), "to": dayOf(q.To),
	} {
		if value != "" {
			said[field] = change{nil, value}
		}
	}
	return said
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
