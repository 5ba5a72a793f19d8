package models

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
)

// runner is the actor who stops rules.
const runner = "the console"

// ranAtOnce is how many rules one Run starts.
const ranAtOnce = 1000

// Run starts the jobs of the rules whose time has come by the trusted time: a wrong clock
// archives nothing. It also deletes what is left of the groups that were deleted for good.
// Any number of programs may call it at once.
func (s *ArchiveRules) Run(ctx context.Context) error {
	err := s.forget(ctx)
	due := db.SelectFrom("archive_rules", "id", "state = 'on' AND next_run_at <= ?", s.store.DB.Now().Unix())
	due.Tail = " ORDER BY next_run_at"
	ids, failed := db.First(s.store.DB.Read(ctx), due, ranAtOnce, db.OneColumn[string])
	if err = errors.Join(err, s.store.DB.Failed(ctx, failed)); len(ids) == 0 {
		return err
	}
	at, failed := s.store.Audit.TrustedTime(ctx)
	if failed != nil {
		return errors.Join(err, failed)
	}
	for _, id := range ids {
		err = errors.Join(err, s.run(ctx, id, at))
	}
	return err
}

// forget deletes the dates and exemptions of groups that are neither there nor on hold.
func (s *ArchiveRules) forget(ctx context.Context) error {
	return s.store.DB.Transaction(ctx, func(tx *gorm.DB) error {
		for _, table := range []string{"rule_exemptions", "archive_rules"} {
			gone := "DELETE FROM " + table + " WHERE group_id IS NOT NULL" +
				" AND NOT EXISTS (SELECT 1 FROM groups WHERE id = group_id) AND NOT EXISTS (SELECT 1 FROM held_groups WHERE id = group_id)"
			if err := tx.Exec(gone).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// run runs one rule if it is still due. Its job and its next time are stored together, so
// that nobody runs it twice.
func (s *ArchiveRules) run(ctx context.Context, id string, at time.Time) error {
	err := s.store.DB.Atomic(ctx, func(ctx context.Context, tx *gorm.DB) error {
		free := clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}
		var found []ArchiveRule
		err := tx.Clauses(free).Where("id = ? AND state = ? AND next_run_at <= ?", id, RuleOn, at.Unix()).Find(&found).Error
		if err != nil || len(found) == 0 {
			return err
		}
		r := found[0]
		by, err := s.store.Audit.Reload(tx, r.actor())
		if err != nil {
			return err
		}
		if why := jobs.StopReason(by, access.ArchiveGroups); why != "" {
			return s.stop(ctx, r, why)
		}
		return s.start(ctx, tx, by, r, at)
	})
	return s.store.DB.Failed(ctx, err)
}

func (r ArchiveRule) actor() access.Actor {
	return access.Actor{Kind: r.ActorKind, ID: r.ActorID, Name: r.ActorName, UserID: r.UserID}
}

// start starts the job of a locked rule, if there is anything to archive.
func (s *ArchiveRules) start(ctx context.Context, tx *gorm.DB, by access.Actor, r ArchiveRule, at time.Time) error {
	bulk := r.bulk(at)
	some, err := s.some(ctx, bulk)
	if err != nil {
		return err
	}
	if some {
		job, err := s.store.BulkChanges.StartBulk(ctx, by, bulk, r.Note)
		if err != nil {
			return err
		}
		r.LastJobID = &job.ID
	}
	if r.GroupID != nil {
		return tx.Where("id = ?", r.ID).Delete(&r).Error
	}
	r.LastRunAt = new(at.Unix())
	if r.Daily {
		r.NextRunAt = nextDay(at, r.zone())
	} else {
		r.State = RuleFinished
	}
	return tx.Save(&r).Error
}

// some reports whether a rule has anything to archive.
func (s *ArchiveRules) some(ctx context.Context, b Bulk) (bool, error) {
	r := s.store.DB.Read(ctx)
	if b.IDs != nil {
		active := db.SelectFrom("groups", "id", "id = ? AND archived_at IS NULL", b.IDs[0])
		found, err := db.First(r, active, 1, db.OneColumn[string])
		return len(found) > 0, err
	}
	b.Query.Range = db.Range{Limit: 1, Whole: true}
	page, err := s.store.groups(r, b.Query)
	return len(page.Groups) > 0, err
}

// stop pauses a locked rule whose actor may not go on.
func (s *ArchiveRules) stop(ctx context.Context, r ArchiveRule, why string) error {
	action := StoppedRule
	if r.GroupID != nil {
		action = StoppedSchedule
	}
	return s.write(ctx, access.System(runner), action, func(tx *gorm.DB, line *audit.Line) error {
		line.SetObject("rule", r.ID, r.Name)
		if r.GroupID != nil {
			g, err := readGroup(s.store.DB.ReadIn(tx), *r.GroupID, 0)
			if err != nil {
				return err
			}
			line.SetObject("group", g.ID, g.Name)
		}
		r.State, r.Reason = RulePaused, why
		if err := tx.Save(&r).Error; err != nil {
			return err
		}
		return line.SetChanges(map[string]audit.Change{"stopped": {Before: nil, After: why}})
	})
}
