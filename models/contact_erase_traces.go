package models

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// traces are where personal data of contacts stand beside their own rows: entries of the activity,
// events, results of jobs, and answers that are kept for repeated requests.
type traces struct {
	lines   []string
	events  []int64
	results []resultID
	answers []answerID
}

type resultID struct{ job, object string }

type answerID struct{ owner, key string }

// and returns all traces of both, each once.
func (t traces) and(other traces) traces {
	return traces{
		lines: union(t.lines, other.lines), events: union(t.events, other.events),
		results: union(t.results, other.results), answers: union(t.answers, other.answers),
	}
}

func union[T comparable](a, b []T) []T {
	both := slices.Clone(a)
	for _, v := range b {
		if !slices.Contains(a, v) {
			both = append(both, v)
		}
	}
	return both
}

// findTraces finds what has traces of an erasure, as far as it was written since a time. Only a search of
// all that there is takes long.
func (s *Erasures) findTraces(r db.Reader, e audit.Erasure, since time.Time) (found traces, err error) {
	if found.lines, err = s.store.Audit.Mentions(r, e, text.FirstID(since)); err != nil {
		return found, err
	}
	mentions, ids := e.Mentioned("payload")
	events := db.SelectFrom("events", "position", "("+mentions+")", ids...)
	events.Where("position > coalesce((SELECT position FROM events WHERE created_at < ? ORDER BY position DESC LIMIT 1), 0)", since.Unix())
	if found.events, err = db.Collect(r, events.SQL(), false, events.Args, db.OneColumn[int64]); err != nil {
		return found, err
	}
	mentions, ids = e.Mentioned("detail") // of imports, whose objects are rows of a file
	about, of := s.store.DB.Dialect.Among("object_id", e.IDs)
	results := db.SelectFrom("job_results", "job_id, object_id", "("+about+" OR "+mentions+")", append([]any{of}, ids...)...)
	results.Where("job_id IN (SELECT id FROM jobs WHERE finished_at IS NULL OR finished_at >= ?)", since.Unix())
	if found.results, err = db.Collect(r, results.SQL(), false, results.Args, func(id *resultID) []any { return []any{&id.job, &id.object} }); err != nil {
		return found, err
	}
	mentions, ids = e.Mentioned("answer")
	answers := db.SelectFrom("idempotency_keys", "owner, key", "("+mentions+")", ids...)
	answers.Where("created_at >= ?", since.Unix())
	found.answers, err = db.Collect(r, answers.SQL(), false, answers.Args, func(id *answerID) []any { return []any{&id.owner, &id.key} })
	return found, err
}

// erasedAtOnce is how many events one statement changes: each can be large.
const erasedAtOnce = 20

// eraseEvents erases from the events, and from what webhooks were answered about them. It returns how
// many events it has changed.
func (x *contactErasing) eraseEvents() (n int, err error) {
	type event struct {
		position int64
		payload  string
	}
	for part := range slices.Chunk(x.events, erasedAtOnce) {
		positions := make([]string, len(part))
		for i, p := range part {
			positions[i] = strconv.FormatInt(p, 10)
		}
		each, list := x.s.DB.Dialect.Each(positions)
		events, err := db.Collect(x.s.DB.ReadIn(x.tx), "SELECT position, payload FROM events WHERE position IN (SELECT CAST(value AS bigint) FROM "+each+")",
			false, []any{list}, func(e *event) []any { return []any{&e.position, &e.payload} })
		if err != nil {
			return n, err
		}
		var rows []string
		for _, e := range events {
			if payload := x.In(e.payload); payload != e.payload {
				rows = append(rows, fmt.Sprintf("%019d%s", e.position, payload))
			}
		}
		n += len(rows)
		if err := x.updateEvents(rows); err != nil {
			return n, err
		}
	}
	return n, nil
}

// updateEvents stores payloads, each after the position of its event.
func (x *contactErasing) updateEvents(rows []string) error {
	const position = "CAST(substr(value, 1, 19) AS bigint)"
	each, list := x.s.DB.Dialect.Each(rows)
	for _, update := range []string{
		"UPDATE events SET payload = substr(value, 20) FROM " + each + " WHERE position = " + position,
		"UPDATE webhook_attempts SET response_body = '' WHERE delivery_id IN (SELECT id FROM webhook_deliveries WHERE event_id IN" +
			" (SELECT id FROM events WHERE position IN (SELECT " + position + " FROM " + each + ")))",
	} {
		if _, err := x.s.DB.ExecIn(x.tx, update, list); err != nil {
			return err
		}
	}
	return nil
}

// eraseResults erases from the results of jobs, and returns how many those are.
func (x *contactErasing) eraseResults() (int, error) {
	for _, id := range x.results {
		const of = "job_id = ? AND object_id = ?"
		undo, err := db.Take(x.s.DB.ReadIn(x.tx), db.SelectFrom("job_results", "undo", of, id.job, id.object), db.OneColumn[string])
		if err != nil {
			return 0, err
		}
		err = x.tx.Exec("UPDATE job_results SET name = ?, key = '', undo = ? WHERE "+of, audit.Erased, x.In(undo), id.job, id.object).Error
		if err != nil {
			return 0, err
		}
	}
	return len(x.results), nil
}

// eraseAnswers erases from the answers that repeated requests get.
func (x *contactErasing) eraseAnswers() error {
	for _, id := range x.answers {
		const of = "owner = ? AND key = ?"
		answer, err := db.Take(x.s.DB.ReadIn(x.tx), db.SelectFrom("idempotency_keys", "answer", of, id.owner, id.key), db.OneColumn[string])
		if err == nil {
			err = x.tx.Exec("UPDATE idempotency_keys SET answer = ? WHERE "+of, x.In(answer), id.owner, id.key).Error
		}
		if err != nil {
			return err
		}
	}
	return nil
}
