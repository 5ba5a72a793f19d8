package audit

import (
	"encoding/json"
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// JobField is the field of a line's changes with the id of the job that made them.
const JobField = "job"

// Job returns the id of the job that made the change; "" if no job did.
func (l Line) Job() string {
	var changes struct {
		Job string `json:"job"`
	}
	_ = json.Unmarshal([]byte(l.Changes), &changes) // unreadable changes name no job
	return changes.Job
}

// RuleField is the field of a line's changes with the name of the archive rule whose job made
// them; "" if that was planned for the object alone.
const RuleField = "rule"

// Rule returns the name of the archive rule that made the change, as RuleField has it, and
// whether one did.
func (l Line) Rule() (name string, by bool) {
	var changes struct {
		Rule *string `json:"rule"`
	}
	if json.Unmarshal([]byte(l.Changes), &changes) != nil || changes.Rule == nil {
		return "", false
	}
	return *changes.Rule, true
}

// NewLine returns a line for Add.
func (s *Log) NewLine(by access.Actor, action Action) Line { return s.line(by, action) }

// Add signs and stores lines within a transaction that has checked the actor's rights as
// Write does. It is for bulk changes of many objects; everything else uses Write.
func (s *Log) Add(tx *gorm.DB, lines []Line) error { return s.add(tx, lines, s.Announce) }

// AddLast is Add for a transaction that is committed right afterwards: others may wait for it.
func (s *Log) AddLast(tx *gorm.DB, lines []Line) error { return s.add(tx, lines, s.AnnounceLast) }

func (s *Log) add(tx *gorm.DB, lines []Line, announce func(*gorm.DB, []Line) error) error {
	if len(lines) == 0 {
		return nil
	}
	rows := make([][]any, len(lines))
	for i := range lines {
		lines[i].MAC = s.Keyring.Sign(lines[i].macInput())
		rows[i] = lines[i].row()
	}
	if err := s.db.InsertLater(tx, db.Insert{Table: "audit_lines", Columns: stored, Rows: rows}); err != nil {
		return err
	}
	return announce(tx, lines)
}

// stored are the columns of row.
var stored = strings.Split(strings.TrimPrefix(lineColumns, "audit_lines."), ", ")

// row returns the line's values as they are stored.
func (l *Line) row() []any {
	return []any{
		l.ID, l.CreatedAt, string(l.ActorKind), l.ActorID, l.ActorName, l.UserID, string(l.Action),
		l.ObjectKind, l.ObjectID, l.ObjectName, l.Changes, l.IP, l.UserAgent, l.RequestID, l.MAC,
	}
}
