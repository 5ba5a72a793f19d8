package models

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Overviews are the numbers of groups over time.
type Overviews struct{ store *Store }

// KeptCounts is for how long numbers of groups are kept: a little longer than the longest chart.
const KeptCounts = 400 * 24 * time.Hour

// countPeriod is how exact they are: days begin at one of these in each time zone.
const countPeriod = 15 * 60

// GroupCount is what happened in a quarter of an hour. Active and Archived are how many groups there
// were at its end, on PostgreSQL estimated if there are many.
type GroupCount struct {
	// Period is its first second, in Unix seconds.
	Period                    int64 `gorm:"primaryKey"`
	Created, Active, Archived int
}

// GroupDay is GroupCount for a day in some time zone, which begins at Start.
type GroupDay struct {
	Start                     time.Time
	Created, Active, Archived int
}

// Count writes how many groups there are now, and how many were created since it was last called. The
// first time it writes the past, too, as far as it can be read from the groups that there are.
func (s *Overviews) Count(ctx context.Context) error {
	last, err := s.last(ctx)
	if err != nil {
		return err
	}
	oldest := s.store.DB.Now().Add(-KeptCounts).Unix()
	rows, err := s.since(ctx, cmp.Or(last.Period, periodOf(oldest)))
	if err != nil {
		return err
	}
	if last.Period > 0 {
		rows = rows[1:] // what there was before is known
	}
	rows = slices.DeleteFunc(rows, func(row GroupCount) bool {
		idle := row.Created == 0 && row.Active == last.Active && row.Archived == last.Archived
		return row == last || idle && last.Period > 0
	})
	if len(rows) == 0 {
		return nil
	}
	return s.store.DB.Transaction(ctx, func(tx *gorm.DB) error {
		// The newest of the old ones tells what there was when the others begin.
		old := tx.Where("period < (SELECT max(period) FROM group_counts WHERE period < ?)", oldest)
		if err := old.Delete(&GroupCount{}).Error; err != nil {
			return err
		}
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).CreateInBatches(rows, 200).Error
	})
}

func periodOf(at int64) int64 { return at - at%countPeriod }

// last returns the newest row, or a zero one.
func (s *Overviews) last(ctx context.Context) (GroupCount, error) {
	query := db.SelectFrom("group_counts", "period, created, active, archived", "period > 0")
	query.Tail = " ORDER BY period DESC"
	found, err := db.First(s.store.DB.Read(ctx), query, 1, (*GroupCount).columns)
	if err != nil || len(found) == 0 {
		return GroupCount{}, s.store.DB.Failed(ctx, err)
	}
	return found[0], nil
}

func (c *GroupCount) columns() []any { return []any{&c.Period, &c.Created, &c.Active, &c.Archived} }

// since returns a row for what there was before a period, and then one for each from that on in which
// groups were created or archived, and for the current one. How many there were at the end of each is
// counted back from now.
func (s *Overviews) since(ctx context.Context, first int64) ([]GroupCount, error) {
	r := s.store.DB.Read(ctx)
	now, err := s.current(r)
	if err != nil {
		return nil, s.store.DB.Failed(ctx, err)
	}
	created, err := perPeriod(r, "created_at", "id >= ?", text.FirstID(time.Unix(first, 0)))
	if err != nil {
		return nil, s.store.DB.Failed(ctx, err)
	}
	archived, err := perPeriod(r, "archived_at", "archived_at >= ?", first)
	return countBack(now, first, created, archived), s.store.DB.Failed(ctx, err)
}

// current returns the row of now, without what was created.
func (s *Overviews) current(r db.Reader) (GroupCount, error) {
	active, err := s.store.countFound(r, GroupQuery{Status: Active})
	if err != nil {
		return GroupCount{}, err
	}
	archived, err := s.store.countFound(r, GroupQuery{Status: Archived})
	return GroupCount{Period: periodOf(s.store.DB.Now().Unix()), Active: active.N, Archived: archived.N}, err
}

// perPeriod counts groups by the period of a column.
func perPeriod(r db.Reader, column, condition string, from any) (map[int64]int, error) {
	type counted struct {
		period int64
		n      int
	}
	query := db.SelectFrom("groups", column+" - "+column+" % 900 AS period, count(*)", condition, from)
	rows, err := db.Collect(r, query.SQL()+" GROUP BY 1", false, query.Args, func(c *counted) []any { return []any{&c.period, &c.n} })
	all := make(map[int64]int, len(rows))
	for _, row := range rows {
		all[row.period] = row.n
	}
	return all, err
}

// countBack returns a row for what there was before the period first, and the rows from that on up to
// now, given what there is now and when it was created and archived.
func countBack(now GroupCount, first int64, created, archived map[int64]int) []GroupCount {
	rows := []GroupCount{now}
	for _, some := range []map[int64]int{created, archived} {
		for period := range some {
			rows = append(rows, GroupCount{Period: period})
		}
	}
	slices.SortFunc(rows, func(a, b GroupCount) int { return cmp.Compare(a.Period, b.Period) })
	rows = slices.CompactFunc(rows, func(a, b GroupCount) bool { return a.Period == b.Period })
	for i := len(rows) - 1; i >= 0; i-- {
		row := &rows[i]
		row.Created, row.Active, row.Archived = created[row.Period], max(now.Active, 0), max(now.Archived, 0)
		now.Active += archived[row.Period] - created[row.Period]
		now.Archived -= archived[row.Period]
	}
	return append([]GroupCount{{Period: first - countPeriod, Active: max(now.Active, 0), Archived: max(now.Archived, 0)}}, rows...)
}

// Days returns the last days, the day of now last. Days begin in the zone of now. Today has what was
// created up to now.
func (s *Overviews) Days(ctx context.Context, now time.Time, n int) ([]GroupDay, error) {
	days := make([]GroupDay, n)
	for i := range days {
		days[i].Start = text.StartOfDay(time.Date(now.Year(), now.Month(), now.Day()-n+1+i, 0, 0, 0, 0, time.UTC), now.Location())
	}
	return db.ReadList(ctx, s.store.DB, func(r db.Reader) ([]GroupDay, error) { return s.filled(r, days) })
}

// filled returns days with what happened in them.
func (s *Overviews) filled(r db.Reader, empty []GroupDay) ([]GroupDay, error) {
	days := slices.Clone(empty)
	// Where a chart begins, the newest row before it tells what there was.
	query := db.SelectFrom("group_counts", "period, created, active, archived",
		"period >= coalesce((SELECT max(period) FROM group_counts WHERE period < ?), 0)", days[0].Start.Unix())
	query.Tail = " ORDER BY period"
	rows, err := db.Collect(r, query.SQL(), false, query.Args, (*GroupCount).columns)
	if err != nil {
		return nil, err
	}
	latest, err := s.latest(r, rows)
	if err != nil {
		return nil, err
	}
	addUp(days, append(rows, latest))
	return days, nil
}

// latest returns what the newest rows don't have yet, because Count was last called some time ago.
func (s *Overviews) latest(r db.Reader, rows []GroupCount) (GroupCount, error) {
	now, err := s.current(r)
	if err != nil || len(rows) == 0 {
		return now, err
	}
	newest := rows[len(rows)-1]
	from, counted := newest.Period+countPeriod, 0
	if newest.Period == now.Period {
		from, counted = newest.Period, newest.Created
	}
	n, err := db.CountUpTo(r, db.SelectFrom("groups", "", "id >= ?", text.FirstID(time.Unix(from, 0))), db.MaxCounted)
	now.Created = max(n.N-counted, 0)
	return now, err
}

// addUp adds rows in their order to the days in which they are.
func addUp(days []GroupDay, rows []GroupCount) {
	var before GroupCount
	for i := range days {
		day := &days[i]
		for len(rows) > 0 && (i == len(days)-1 || rows[0].Period < days[i+1].Start.Unix()) {
			if rows[0].Period >= day.Start.Unix() {
				day.Created += rows[0].Created
			}
			before, rows = rows[0], rows[1:]
		}
		day.Active, day.Archived = before.Active, before.Archived
	}
}

// checklistSetting says whether the first steps with a new console were skipped.
const checklistSetting = "checklist"

// ChecklistField is whether the first steps are shown in the line of SkipChecklist.
const ChecklistField = "checklist"

// ChecklistSkipped reports whether SkipChecklist was called.
func (s *Overviews) ChecklistSkipped(ctx context.Context) (bool, error) {
	found, err := db.First(s.store.DB.Read(ctx), db.SelectFrom("settings", "value", "key = ?", checklistSetting), 1, db.OneColumn[string])
	return len(found) > 0, s.store.DB.Failed(ctx, err)
}

// SkipChecklist puts the first steps with a new console away. Errors: Denied.
func (s *Overviews) SkipChecklist(ctx context.Context, by access.Actor) error {
	return s.store.Audit.Write(ctx, by, access.ManageSettings, audit.ChangedSettings, func(tx *gorm.DB, line *audit.Line) error {
		added := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&db.Setting{Key: checklistSetting, Value: "skipped"})
		if added.Error == nil && added.RowsAffected == 0 {
			return audit.ErrNothing
		}
		line.SetObject("settings", "", "")
		return errors.Join(added.Error, line.SetChanges(map[string]audit.Change{ChecklistField: {Before: true, After: false}}))
	})
}
