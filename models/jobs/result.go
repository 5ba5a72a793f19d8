package jobs

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// jobResult is a Result as it is stored.
type jobResult struct {
	JobID    string `gorm:"primaryKey"`
	ObjectID string `gorm:"primaryKey"`
	Name     string
	Result   Outcome
	Reason   string
	Undo     string
	Key      string
	Detail   string
}

const resultColumns = "object_id, name, result, reason, undo, detail"

func (r *Result) columns() []any {
	return []any{&r.ObjectID, &r.Name, &r.Result, &r.Reason, &r.Undo, &r.Detail}
}

// ResultQuery says which results of a job are wanted: all that it has, or those with one
// outcome.
type ResultQuery struct {
	Outcome Outcome
	db.Range
}

// ResultPage is a part of a job's results, by object id. More says that there are others in
// the direction of the range.
type ResultPage struct {
	Results []Result
	More    bool
}

// resultsOf selects the results that a job has so far.
func resultsOf(job Job, outcome Outcome) db.Selection {
	q := db.SelectFrom("job_results", resultColumns, "job_id = ?", job.ID)
	switch outcome {
	case Unfit:
		q.Where("result = 'failed'") // as the index has it
	case "":
		q.Where("result <> ''")
	default:
		q.Where("result = ?", string(outcome))
	}
	if !job.Counted {
		q.Where("1 = 0")
	} else if job.Remaining() > 0 && job.Expected == nil { // beyond it are those that it has not come to
		q.Where("object_id <= ?", job.Checkpoint)
	}
	return q
}

// Results returns a page of a job's results. Errors: Invalid, ErrNotFound.
func (s *Store) Results(ctx context.Context, id string, q ResultQuery) (ResultPage, error) {
	if err := q.Check().OrNil(); err != nil {
		return ResultPage{}, err
	}
	job, err := s.Job(ctx, id)
	if err != nil {
		return ResultPage{}, err
	}
	order := db.Keyset{Columns: []string{"object_id"}, Below: "< ?", Above: "> ?"}
	rows, more, err := db.Find(s.db.Read(ctx), resultsOf(job, q.Outcome), order, q.Range,
		func(c db.Cursor) []any { return []any{c.ID} }, (*Result).columns)
	return ResultPage{rows, more}, s.db.Failed(ctx, err)
}

// EachResult returns all results of a job with an outcome, "" for any, in constant memory.
// It ends with an error as its last pair, if there is one.
func (s *Store) EachResult(ctx context.Context, id string, outcome Outcome) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		job, err := s.Job(ctx, id)
		after := ""
		for err == nil {
			var part []Result
			if part, err = s.resultsAfter(ctx, job, outcome, after, streamed); err != nil || len(part) == 0 {
				break
			}
			for _, r := range part {
				if !yield(r, nil) {
					return
				}
			}
			after = part[len(part)-1].ObjectID
		}
		if err != nil {
			yield(Result{}, s.db.Failed(ctx, err))
		}
	}
}

// streamed is how many results are read at a time.
const streamed = 1000

func (s *Store) resultsAfter(ctx context.Context, job Job, outcome Outcome, after string, limit int) ([]Result, error) {
	q := resultsOf(job, outcome)
	q.Where("object_id > ?", after)
	q.Tail = " ORDER BY object_id"
	return db.First(s.db.Read(ctx), q, limit, (*Result).columns)
}

// GatherFrom is a Kind.Gather for a job about the objects of another one that had an
// outcome there.
func (s *Store) GatherFrom(ctx context.Context, id string, outcome Outcome, after string, limit int) (found []Object, next string, err error) {
	job, err := s.Job(ctx, id)
	if err != nil {
		return nil, "", err
	}
	results, err := s.resultsAfter(ctx, job, outcome, after, limit)
	for _, r := range results {
		found = append(found, Object{ID: r.ObjectID, Name: r.Name, Detail: r.Detail})
	}
	if len(found) == limit {
		next = found[limit-1].ID
	}
	return found, next, s.db.Failed(ctx, err)
}

// GatherUndone is a Kind.Gather for a job that undoes another one: it finds what that has
// changed.
func (s *Store) GatherUndone(ctx context.Context, job Job, after string, limit int) ([]Object, string, error) {
	return s.GatherFrom(ctx, text.Deref(job.UndoOf), Changed, after, limit)
}

// ResultsAmong returns the results that a job has of some objects, by object id, as a
// transaction sees them.
func (s *Store) ResultsAmong(tx *gorm.DB, id string, objects []Object) (map[string]Result, error) {
	q := db.SelectFrom("job_results", resultColumns, "job_id = ?", id)
	q.Where(s.db.Dialect.Among("object_id", objectIDs(objects)))
	rows, err := db.Collect(s.db.ReadIn(tx), q.SQL(), false, q.Args, (*Result).columns)
	found := make(map[string]Result, len(rows))
	for _, r := range rows {
		found[r.ObjectID] = r
	}
	return found, err
}

func objectIDs(objects []Object) []string {
	ids := make([]string, len(objects))
	for i, o := range objects {
		ids[i] = o.ID
	}
	return ids
}

// add stores objects of a job, and returns how many are new.
func (s *Store) add(tx *gorm.DB, job Job, objects []Object) (int, error) {
	if len(objects) == 0 {
		return 0, nil
	}
	if objects[0].Detail != "" {
		return addRows(tx, job, objects)
	}
	rows := make([]string, len(objects))
	for i, o := range objects {
		rows[i] = fmt.Sprintf("%02d:%s%s", len(o.ID), o.ID, o.Name)
	}
	// One value for each row, so that any number of them makes the same statement.
	each, values := s.db.Dialect.Each(rows)
	insert := "INSERT INTO job_results (job_id, object_id, name) SELECT ?, " + idIn + ", " + nameIn + " FROM " + each + " WHERE true ON CONFLICT DO NOTHING"
	n, err := s.db.ExecIn(tx, insert, job.ID, values)
	return int(n), err
}

// addRows is add for objects with all that they can have.
func addRows(tx *gorm.DB, job Job, objects []Object) (int, error) {
	rows := make([]jobResult, len(objects))
	for i, o := range objects {
		rows[i] = jobResult{JobID: job.ID, ObjectID: o.ID, Name: o.Name, Result: o.Result, Reason: o.Reason, Key: o.Key, Detail: o.Detail}
	}
	done := tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows, resultsInStatement)
	return int(done.RowsAffected), done.Error
}

// idIn and nameIn take the id and the name out of a value that begins with the length of
// the id, of two digits.
const (
	idIn   = "substr(value, 4, CAST(substr(value, 1, 2) AS integer))"
	nameIn = "substr(value, 4 + CAST(substr(value, 1, 2) AS integer))"
)

// next returns the objects that a job has to change next.
func (s *Store) next(tx *gorm.DB, job Job, limit int) (found []Object, err error) {
	q := db.SelectFrom("job_results", "object_id, name, detail", "job_id = ? AND object_id > ? AND result = ''", job.ID, job.Checkpoint)
	q.Tail = " ORDER BY object_id"
	err = s.db.Dialect.InOrder(tx, func() error {
		found, err = db.First(s.db.ReadIn(tx), q, limit, func(o *Object) []any { return []any{&o.ID, &o.Name, &o.Detail} })
		return err
	})
	return found, err
}

// put stores results, each of an object that the job, which is locked, had not come to, and counts
// them.
func (s *Store) put(tx *gorm.DB, job *Job, objects []Object, results []Result) error {
	due := make(map[string]string, len(objects))
	for _, o := range objects {
		due[o.ID] = o.Name
	}
	rows := make([][]any, 0, len(results))
	for _, r := range results {
		name, ok := due[r.ObjectID]
		if !ok {
			return errResults
		}
		delete(due, r.ObjectID)
		rows = append(rows, []any{job.ID, r.ObjectID, name, string(r.Result), r.Reason, r.Undo, r.Detail})
		job.count(r.Result)
	}
	if len(due) > 0 {
		return errResults
	}
	return s.db.InsertLater(tx, db.Insert{
		Table: "job_results", Columns: strings.Split("job_id, object_id, name, result, reason, undo, detail", ", "), Rows: rows,
		OnConflict: " ON CONFLICT (job_id, object_id) DO UPDATE SET result = excluded.result, reason = excluded.reason," +
			" undo = excluded.undo, detail = excluded.detail WHERE job_results.result = ''",
	})
}

// resultsInStatement is how many results one statement of addRows writes.
const resultsInStatement = 50

// count counts an object that the job is done with.
func (j *Job) count(o Outcome) {
	switch o {
	case Changed:
		j.Done++
	case Skipped:
		j.Skipped++
	case Unfit:
		j.Failed++
	case untilNow:
	}
}

// stopped returns why a job may not go on for its actor, as they are now; "" if it may.
func (s *Store) stopped(by access.Actor, job Job) string { return StopReason(by, s.rights(job)...) }

// StopReason returns why an actor, as they are now, may not go on with what takes some rights;
// "" if they may.
func StopReason(by access.Actor, rights ...access.Right) string {
	if by.Kind == "" {
		return ActorGone
	}
	if by.CheckAll(rights...) != nil {
		return RightLost
	}
	return ""
}

// rights returns all rights that a job takes.
func (s *Store) rights(job Job) []access.Right {
	rights := []access.Right{job.Needs}
	if more := s.kinds[job.Kind].Rights; more != nil {
		rights = append(rights, more(job)...)
	}
	return rights
}

// KeysAmong returns the details of the objects of a job that have one of some keys, by key.
func (s *Store) KeysAmong(r db.Reader, id string, keys []string) (map[string]string, error) {
	q := db.SelectFrom("job_results", "key, detail", "job_id = ? AND key <> ''", id)
	q.Where(s.db.Dialect.Among("key", keys))
	rows, err := db.Collect(r, q.SQL(), false, q.Args, func(o *Object) []any { return []any{&o.Key, &o.Detail} })
	found := make(map[string]string, len(rows))
	for _, o := range rows {
		found[o.Key] = o.Detail
	}
	return found, err
}
