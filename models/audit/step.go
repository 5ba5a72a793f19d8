package audit

import (
	"context"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// Step is an act of a session that can be undone, by its line. A session has its last
// MaxSteps, as a stack: what is undone is taken off it, and the undoing is no step. Steps go
// with their session.
type Step struct {
	LineID string
	// Undo is Line.Undo.
	Undo string
}

// MaxSteps is how many acts of a session can be undone.
const MaxSteps = 20

const stepColumns = "undo_steps.line_id, undo_steps.undo"

func (s *Step) columns() []any { return []any{&s.LineID, &s.Undo} }

// addStep adds an act to those of its session, unless that has ended meanwhile, and drops
// what has become too many.
func (s *Log) addStep(tx *gorm.DB, session string, line Line) error {
	add := "INSERT INTO undo_steps (session_id, line_id, undo) SELECT id, ?, ? FROM sessions WHERE id = ?" + s.db.Dialect.KeyShare()
	if err := db.Later(tx).Exec(add, line.ID, line.Undo, session).Error; err != nil {
		return err
	}
	return db.Later(tx).Exec("DELETE FROM undo_steps WHERE session_id = ? AND line_id < (SELECT min(line_id) FROM"+
		" (SELECT line_id FROM undo_steps WHERE session_id = ? ORDER BY line_id DESC LIMIT ?) AS kept)", session, session, MaxSteps).Error
}

// TakeStep takes a step off the actor's session: the newest, or that of a line, and returns
// it. The transaction that takes it undoes it, or nobody has taken it. Errors: ErrNotFound.
func (s *Log) TakeStep(tx *gorm.DB, by access.Actor, lineID string) (Step, error) {
	for {
		query := stepsOf(by)
		if lineID != "" {
			query.Where("undo_steps.line_id = ?", lineID)
		}
		found, err := db.First(s.db.ReadIn(tx), query, 1, (*Step).columns)
		if err != nil {
			return Step{}, err
		}
		if len(found) == 0 {
			return Step{}, access.ErrNotFound
		}
		taken := tx.Exec("DELETE FROM undo_steps WHERE session_id = ? AND line_id = ?", by.Session, found[0].LineID)
		if taken.Error != nil || taken.RowsAffected == 1 {
			return found[0], taken.Error
		} // else another request has taken it meanwhile
	}
}

// stepsOf selects the steps of the actor's session, the newest first.
func stepsOf(by access.Actor) db.Selection {
	query := db.SelectFrom("undo_steps", stepColumns, "undo_steps.session_id = ?", by.Session)
	query.Tail = " ORDER BY undo_steps.line_id DESC"
	return query
}

// Steps returns the lines of what the actor can undo in their session, the newest first.
func (s *Log) Steps(ctx context.Context, by access.Actor) ([]Line, error) {
	query := stepsOf(by)
	query.Columns, query.Joins = lineColumns, " JOIN audit_lines ON audit_lines.id = undo_steps.line_id"
	lines, err := db.First(s.db.Read(ctx), query, MaxSteps, (*Line).columns)
	return lines, s.db.Failed(ctx, err)
}

// StepOf returns the line of the newest act of the actor's request that they can undo; "" if
// there is none.
func (s *Log) StepOf(ctx context.Context, by access.Actor) (string, error) {
	query := stepsOf(by)
	query.Columns, query.Joins = "undo_steps.line_id", " JOIN audit_lines ON audit_lines.id = undo_steps.line_id"
	query.Where("audit_lines.request_id = ?", by.RequestID)
	found, err := db.First(s.db.Read(ctx), query, 1, db.OneColumn[string])
	if err != nil || len(found) == 0 {
		return "", s.db.Failed(ctx, err)
	}
	return found[0], nil
}
