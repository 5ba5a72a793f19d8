package models

import (
	"cmp"
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// The actions on the date of a group and on its exemption.
const (
	ScheduledGroup   audit.Action = "group.schedule"
	UnscheduledGroup audit.Action = "group.unschedule"
	StoppedSchedule  audit.Action = "group.schedule_stop"
	ExemptedGroup    audit.Action = "group.exempt"
	UnexemptedGroup  audit.Action = "group.end_exemption"
)

// ruleExemption is a group that rules leave alone.
type ruleExemption struct {
	GroupID string `gorm:"primaryKey"`
}

// TableName returns the table of the exemptions.
func (ruleExemption) TableName() string { return "rule_exemptions" }

// GroupPlan is what rules have in store for a group.
type GroupPlan struct {
	// Exempt says that rules leave the group alone. Its own date counts nevertheless.
	Exempt bool
	// ArchiveAt is the beginning of the day on which the group is archived, in Unix
	// seconds; 0 if it has none.
	ArchiveAt int64
	// Note is why, and ActorName who set the date.
	Note, ActorName string
	// Stopped is why the group won't be archived, as ArchiveRule.Reason has it, or "".
	Stopped string
}

// OfGroup returns what rules have in store for a group; the zero GroupPlan if there is no
// such group.
func (s *ArchiveRules) OfGroup(ctx context.Context, id string) (GroupPlan, error) {
	q := db.Selection{
		Columns: "rule_exemptions.group_id IS NOT NULL, coalesce(next_run_at, 0), coalesce(note, ''), coalesce(actor_name, ''), coalesce(reason, '')",
		From:    "groups LEFT JOIN rule_exemptions ON rule_exemptions.group_id = groups.id LEFT JOIN archive_rules ON archive_rules.group_id = groups.id",
	}
	q.Where("groups.id = ?", id)
	found, err := db.First(s.store.DB.Read(ctx), q, 1, func(p *GroupPlan) []any {
		return []any{&p.Exempt, &p.ArchiveAt, &p.Note, &p.ActorName, &p.Stopped}
	})
	return append(found, GroupPlan{})[0], s.store.DB.Failed(ctx, err)
}

// Schedule archives a group at the beginning of a day, such as 2026-01-31, in place of the
// one it had. Errors: ErrNotFound, Invalid, Denied, Conflict if it is archived.
func (s *ArchiveRules) Schedule(ctx context.Context, by access.Actor, id, date, note string, zone *time.Location) (GroupPlan, error) {
	now := s.store.DB.Now()
	r := ArchiveRule{ID: s.store.DB.IDs.Next(now, ""), GroupID: &id, Zone: zone.String(), State: RuleOn, CreatedAt: now.Unix()}
	var problems, wrong access.Invalid
	r.NextRunAt, problems = readRunDate(date, now, zone)
	r.Note = text.Deref(wrong.Check("note", &note, ruleNote))
	if problems = problems.And(wrong); len(problems) > 0 {
		return GroupPlan{}, problems
	}
	err := s.write(ctx, by, ScheduledGroup, func(tx *gorm.DB, line *audit.Line) error {
		g, err := s.store.lockGroup(tx, id, nil)
		if err != nil {
			return err
		}
		if g.Archived() {
			return access.Conflict{Message: "This group is already archived."}
		}
		was, err := dateOf(tx, id)
		if err != nil {
			return err
		}
		r.setActor(*line.By)
		line.SetObject("group", g.ID, g.Name)
		err = cmp.Or(tx.Where("group_id = ?", id).Delete(&ArchiveRule{}).Error, tx.Create(&r).Error)
		return cmp.Or(err, line.SetChanges(dateChanges(was, r)))
	})
	return GroupPlan{ArchiveAt: r.NextRunAt, Note: r.Note, ActorName: r.ActorName}, err
}

// Unschedule takes back the date of a group. Errors: ErrNotFound, Denied.
func (s *ArchiveRules) Unschedule(ctx context.Context, by access.Actor, id string) error {
	return s.write(ctx, by, UnscheduledGroup, func(tx *gorm.DB, line *audit.Line) error {
		g, err := s.store.lockGroup(tx, id, nil)
		if err != nil {
			return err
		}
		was, err := dateOf(tx, id)
		if err != nil {
			return err
		}
		if was.ID == "" {
			return audit.ErrNothing
		}
		line.SetObject("group", g.ID, g.Name)
		return cmp.Or(tx.Where("id = ?", was.ID).Delete(&was).Error, line.SetChanges(dateChanges(was, ArchiveRule{})))
	})
}

// SetExempt makes rules leave a group alone, or not. Errors: ErrNotFound, Denied.
func (s *ArchiveRules) SetExempt(ctx context.Context, by access.Actor, id string, exempt bool) error {
	action := ExemptedGroup
	if !exempt {
		action = UnexemptedGroup
	}
	return s.write(ctx, by, action, func(tx *gorm.DB, line *audit.Line) error {
		g, err := s.store.lockGroup(tx, id, nil)
		if err != nil {
			return err
		}
		line.SetObject("group", g.ID, g.Name)
		did := tx.Where("group_id = ?", id).Delete(&ruleExemption{})
		if exempt {
			did = tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&ruleExemption{GroupID: id})
		}
		if did.Error == nil && did.RowsAffected == 0 {
			return audit.ErrNothing
		}
		return did.Error
	})
}

// dateOf returns the rule of one group; the zero ArchiveRule if it has none.
func dateOf(tx *gorm.DB, groupID string) (ArchiveRule, error) {
	var found []ArchiveRule
	err := tx.Where("group_id = ?", groupID).Find(&found).Error
	return append(found, ArchiveRule{})[0], err
}

// dateChanges returns what differs between two dates of a group for the audit line; the
// zero ArchiveRule is none.
func dateChanges(was, is ArchiveRule) map[string]audit.Change {
	return audit.Changes([]audit.Difference{
		{Field: "archive_on", Before: was.runs(), After: is.runs()},
		{Field: "note", Before: text.OrNil(was.Note), After: text.OrNil(is.Note)},
	})
}
