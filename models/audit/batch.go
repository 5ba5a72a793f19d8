package audit

import (
	"encoding/json"

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
func (s *Log) Add(tx *gorm.DB, lines []Line) error {
	if len(lines) == 0 {
		return nil
	}
	for i := range lines {
		lines[i].MAC = s.Keyring.Sign(lines[i].macInput())
	}
	if err := db.Later(tx).CreateInBatches(lines, linesInStatement).Error; err != nil {
		return err
	}
	return s.Announce(tx, lines)
}

// linesInStatement is the number of lines that one statement inserts. More gains little,
// and each number is a prepared statement of its own.
const linesInStatement = 50
