package models

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Holds are deletions on hold. A group that somebody deletes in the console disappears at
// once, as any deleted group: its row, with which it is found, is moved to held_groups, and
// its members and messages stay where they are, hidden by a clearing. Until its time is over
// it can be put back, the same as before; then Release lets Deletions.Purge have it. Whoever
// locks the row in held_groups first decides.
type Holds struct{ store *Store }

// heldGroup is a group on hold.
type heldGroup struct {
	Group   `gorm:"embedded"`
	UntilAt int64
}

// TableName returns the table of groups on hold.
func (heldGroup) TableName() string { return "held_groups" }

const (
	// DefaultHold is how long deletions are on hold if no owner has said otherwise.
	DefaultHold = time.Minute
	// MaxHold is how long they can be.
	MaxHold = 30 * 24 * time.Hour

	holdSetting = "deletion_hold"
)

// Period returns for how long deletions in the console are on hold; 0 for not at all.
func (s *Holds) Period(ctx context.Context) (time.Duration, error) {
	found, err := db.First(s.store.DB.Read(ctx), db.SelectFrom("settings", "value", "key = ?", holdSetting), 1, db.OneColumn[string])
	if err != nil || len(found) == 0 {
		return DefaultHold, s.store.DB.Failed(ctx, err)
	}
	seconds, err := strconv.ParseInt(found[0], 10, 64)
	return time.Duration(seconds) * time.Second, err
}

// SetPeriod sets for how long deletions are on hold from now on. Errors: Denied, Invalid.
func (s *Holds) SetPeriod(ctx context.Context, by access.Actor, period time.Duration) error {
	if err := by.Check(access.ManageRetention); err != nil {
		return err
	}
	if period < 0 || period > MaxHold || period%time.Second != 0 {
		return access.Refused("hold", "Choose how long deleted groups can be restored, up to 30 days.")
	}
	return s.store.Audit.Write(ctx, by, access.ManageRetention, audit.ChangedHold, func(tx *gorm.DB, line *audit.Line) error {
		if err := s.store.DB.Dialect.Lock(tx, "retention"); err != nil {
			return err
		}
		var now []string
		if err := tx.Model(&db.Setting{}).Where("key = ?", holdSetting).Pluck("value", &now).Error; err != nil {
			return err
		}
		was := strings.Join(append(now, inSeconds(DefaultHold))[:1], "")
		if was == inSeconds(period) {
			return audit.ErrNothing
		}
		line.SetObject("activity", "", "")
		changes := map[string]audit.Change{HoldField: {Before: was, After: inSeconds(period)}}
		row := db.Setting{Key: holdSetting, Value: inSeconds(period)}
		return errors.Join(line.SetChanges(changes), tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error)
	})
}

// HoldField is the period in seconds in the line of its change.
const HoldField = "hold"

// inSeconds returns a period as its setting has it.
func inSeconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// until returns until when what is deleted now is on hold; 0 without a period.
func (s *Holds) until(period time.Duration) int64 {
	if period <= 0 {
		return 0
	}
	return s.store.Audit.LatestTime().Add(period).Unix()
}

// Delete is DeleteGroup on hold, and returns for how long it can be undone: not at all if
// that is 0. Errors: ErrNotFound, Denied.
func (s *Holds) Delete(ctx context.Context, by access.Actor, id string) (time.Duration, error) {
	period, err := s.Period(ctx)
	if err != nil {
		return 0, err
	}
	return period, s.store.deleteGroup(ctx, by, id, nil, s.until(period))
}

// Undo puts a group back that is on hold, the same as before but for contacts that were
// deleted meanwhile, and returns it. One that is back already stays as it is. Errors:
// ErrNotFound, also if it was deleted for good; Denied.
func (s *Holds) Undo(ctx context.Context, by access.Actor, id string) (g Group, err error) {
	err = s.store.Audit.Write(ctx, by, access.DeleteGroups, audit.UndeletedGroup, func(tx *gorm.DB, line *audit.Line) error {
		back, err := s.putBack(tx, text.Valid([]string{id}))
		if err != nil {
			return err
		}
		if g, err = readGroup(s.store.DB.ReadIn(tx), id, PreviewContacts); err == nil && len(back) == 0 {
			return audit.ErrNothing
		}
		line.SetObject("group", g.ID, g.Name)
		return err
	})
	return g, s.store.DB.Failed(ctx, err)
}

// keep puts a locked group on hold; the caller deletes it.
func (s *Holds) keep(tx *gorm.DB, id string, until int64) error {
	columns, err := s.columns(tx)
	if err != nil {
		return err
	}
	held := "INSERT INTO held_groups (" + columns + ", until_at) SELECT " + columns + ", ? FROM groups WHERE id = ?"
	if err := tx.Exec(held, until, id).Error; err != nil {
		return err
	}
	return tx.Exec("INSERT INTO held_imported_ids (foreign_id, group_id) SELECT foreign_id, group_id FROM imported_ids WHERE group_id = ?", id).Error
}

// putBack puts those of the groups back that are on hold, and returns them.
func (s *Holds) putBack(tx *gorm.DB, ids []string) ([]heldGroup, error) {
	var held []heldGroup
	err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id IN ?", ids).Order("id").Find(&held).Error
	if err != nil || len(held) == 0 {
		return nil, err
	}
	columns, err := s.columns(tx)
	if err != nil {
		return nil, err
	}
	ids = make([]string, len(held))
	for i, h := range held {
		ids[i] = h.ID
	}
	for _, statement := range []string{
		"INSERT INTO groups (" + columns + ") SELECT " + columns + " FROM held_groups WHERE id IN ?",
		"INSERT INTO conversations (id, group_id, created_at) SELECT conversation_id, id, created_at FROM held_groups WHERE id IN ?",
		"INSERT INTO imported_ids (foreign_id, group_id) SELECT foreign_id, group_id FROM held_imported_ids WHERE group_id IN ? ON CONFLICT DO NOTHING",
		"DELETE FROM clearings WHERE group_id IN ?",
		"DELETE FROM tombstones WHERE group_id IN ?",
		"DELETE FROM held_groups WHERE id IN ?",
	} {
		if err := tx.Exec(statement, ids).Error; err != nil {
			return nil, err
		}
	}
	return held, s.derive(tx, held)
}

// derive brings what follows from other values, or from other groups, up to date in groups
// that are back: another may have got the same name, and a newer version of the console may
// sort and search by other columns.
func (s *Holds) derive(tx *gorm.DB, back []heldGroup) error {
	if err := storeFolds[Group](tx, refolds(back)); err != nil {
		return err
	}
	for _, h := range back {
		shared, err := s.store.shareName(tx, h.Name, h.ID)
		if err == nil && shared && !h.SameName {
			err = tx.Model(&Group{}).Where("id = ?", h.ID).UpdateColumn("same_name", true).Error
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refolds returns the columns for sorting and searching that a newer version of the console
// makes otherwise.
func refolds(held []heldGroup) (changed [][2]folds) {
	for _, h := range held {
		was := folds{h.ID, h.NameKey, h.Search}
		if h.derive(); was != (folds{h.ID, h.NameKey, h.Search}) {
			changed = append(changed, [2]folds{was, {h.ID, h.NameKey, h.Search}})
		}
	}
	return changed
}

// columns returns the columns that groups and held_groups have in common: all that a group
// has.
func (s *Holds) columns(tx *gorm.DB) (string, error) {
	rows, err := tx.Raw("SELECT * FROM held_groups WHERE 1 = 0").Rows()
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	columns = slices.DeleteFunc(columns, func(name string) bool { return name == "until_at" })
	return strings.Join(columns, ", "), errors.Join(err, rows.Err())
}

// releasedAtOnce is how many groups one transaction releases.
const releasedAtOnce = 500

// Release ends the hold of the groups whose time is over, those of other processes included,
// for Deletions.Purge to delete what is left of them. It goes by the trusted time: a wrong clock
// deletes nothing. It is housekeeping and has no audit line.
func (s *Holds) Release(ctx context.Context) error {
	due := db.SelectFrom("held_groups", "id", "until_at <= ?", s.store.DB.Now().Unix())
	if found, err := db.First(s.store.DB.Read(ctx), due, 1, db.OneColumn[string]); err != nil || len(found) == 0 {
		return s.store.DB.Failed(ctx, err)
	}
	at, err := s.store.Audit.TrustedTime(ctx)
	for n := releasedAtOnce; err == nil && n == releasedAtOnce; {
		if n, err = s.releaseSome(ctx, at); n > 0 {
			s.store.Deletions.requestPurge()
		}
	}
	return err
}

// releaseSome releases some of the groups whose time was over at a moment, and returns how
// many. It leaves alone what another transaction holds: somebody may be putting it back.
func (s *Holds) releaseSome(ctx context.Context, at time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	var ids []string
	err := s.store.DB.Transaction(ctx, func(tx *gorm.DB) error {
		free := clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}
		due := tx.Model(&heldGroup{}).Clauses(free).Where("until_at <= ?", at.Unix()).Order("until_at, id").Limit(releasedAtOnce)
		if err := due.Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
			return err
		}
		if err := tx.Where("id IN ?", ids).Delete(&heldGroup{}).Error; err != nil {
			return err
		}
		return tx.Model(&clearing{}).Where("group_id IN ?", ids).Update("held", false).Error
	})
	if err != nil {
		return 0, err
	}
	return len(ids), nil
}
