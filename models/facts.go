package models

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Who archived a group, and which line reverted which, is stored separately: the audit
// lines that also say so may be deleted, or take long to search.

// ArchivedBy returns who archived a group; the zero ActorRef if it is active or no one
// knows.
func (s *Reverts) ArchivedBy(ctx context.Context, groupID string) (access.ActorRef, error) {
	query := db.SelectFrom("groups", "archived_by_kind, archived_by_id, archived_by_name", "id = ? AND archived_at IS NOT NULL", groupID)
	found, err := db.First(s.store.DB.Read(ctx), query, 1, func(a *access.ActorRef) []any { return []any{&a.Kind, &a.ID, &a.Name} })
	if err != nil || len(found) == 0 {
		return access.ActorRef{}, s.store.DB.Failed(ctx, err)
	}
	return found[0], nil
}

// Revert says which line reverted the change of another.
type Revert struct {
	// LineID is the line that was reverted, and ID the one that did it.
	LineID string `gorm:"primaryKey"`
	ID     string `gorm:"primaryKey"`
	// By is who reverted it. CreatedAt is in Unix seconds.
	By        access.ActorRef `gorm:"embedded;embeddedPrefix:by_"`
	CreatedAt int64
}

// RevertOf returns the newest revert of a line; the zero Revert if there is none.
func (s *Reverts) RevertOf(ctx context.Context, lineID string) (Revert, error) {
	query := db.SelectFrom("reverts", "line_id, id, by_kind, by_id, by_name, created_at", "line_id = ?", lineID)
	query.Tail = " ORDER BY id DESC"
	found, err := db.First(s.store.DB.Read(ctx), query, 1, func(r *Revert) []any {
		return []any{&r.LineID, &r.ID, &r.By.Kind, &r.By.ID, &r.By.Name, &r.CreatedAt}
	})
	if err != nil || len(found) == 0 {
		return Revert{}, s.store.DB.Failed(ctx, err)
	}
	return found[0], nil
}

// revertBy returns the revert that a line is about to report.
func revertBy(line *audit.Line, reverted string) *Revert {
	return &Revert{LineID: reverted, ID: line.ID, By: line.Actor(), CreatedAt: line.CreatedAt}
}

const (
	// factsSetting is the id of the oldest line that findFacts has looked at, or factsFound.
	factsSetting = "facts"
	factsFound   = "found"
	// linesPerPiece is how many lines one transaction looks at: a writer that waits for it
	// hardly notices.
	linesPerPiece = 1000
)

// findFacts stores the facts of lines that were written before there was a place for them.
// It looks at the newest line first and continues where it was interrupted, while others
// may write.
func (s *Reverts) findFacts(ctx context.Context) error {
	for {
		var done bool
		err := s.store.DB.Transaction(ctx, func(tx *gorm.DB) (err error) {
			done, err = findPiece(tx)
			return err
		})
		if err != nil || done {
			return err
		}
	}
}

// findPiece looks at the next linesPerPiece lines, and reports whether those were all.
func findPiece(tx *gorm.DB) (done bool, err error) {
	var at []string
	if err := tx.Model(&db.Setting{}).Where("key = ?", factsSetting).Pluck("value", &at).Error; err != nil {
		return false, err
	}
	lines := tx.Model(&audit.Line{}).Select("id, created_at, actor_kind, actor_id, actor_name, object_id, " +
		`CASE WHEN changes LIKE '%"archived_at":{%' OR changes LIKE '%"` + audit.RevertedField + `":{%' THEN changes ELSE '{}' END AS changes`)
	switch {
	case len(at) > 0 && at[0] == factsFound:
		return true, nil
	case len(at) > 0:
		lines = lines.Where("id < ?", at[0])
	}
	var found []audit.Line
	if err := lines.Order("id DESC").Limit(linesPerPiece).Find(&found).Error; err != nil {
		return false, err
	}
	for _, l := range found {
		if err := storeFacts(tx, l); err != nil {
			return false, err
		}
	}
	next := db.Setting{Key: factsSetting, Value: factsFound}
	if done = len(found) < linesPerPiece; !done {
		next.Value = found[len(found)-1].ID
	}
	return done, tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&next).Error
}

// storeFacts stores the facts of a line, unless a newer line had them.
func storeFacts(tx *gorm.DB, l audit.Line) error {
	if archived := l.Field("archived_at"); archived.Name != "" && !archived.After.None {
		by := l.Actor()
		err := tx.Model(&Group{}).Where("id = ? AND archived_at IS NOT NULL AND archived_by_kind = ''", l.ObjectID).
			UpdateColumns(map[string]any{"archived_by_kind": by.Kind, "archived_by_id": by.ID, "archived_by_name": by.Name}).Error
		if err != nil {
			return err
		}
	}
	if reverted := l.Reverts(); text.ValidID(reverted) {
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(revertBy(&l, reverted)).Error
	}
	return nil
}
