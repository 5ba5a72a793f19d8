package models

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/db"
)

// foldVersion names the form that text.Fold and text.SearchKey write. Change it with them:
// the columns made by them are then updated.
const foldVersion = "2"

const foldSetting = "fold"

// refolded is how many rows one transaction updates: a writer that waits for it hardly
// notices.
const refolded = 250

// folds are a row's columns made by Fold.
type folds struct{ id, nameKey, search string }

// refold updates the columns for sorting and searching to foldVersion. It reads each table
// once, in batches, while others may write. If interrupted it starts over, and skips rows
// that are done.
func (s *Store) refold(ctx context.Context) error {
	var have []string
	conn := s.DB.Writer.WithContext(ctx)
	err := conn.Model(&db.Setting{}).Where("key = ?", foldSetting).Pluck("value", &have).Error
	if err != nil || len(have) > 0 && have[0] == foldVersion {
		return err
	}
	err = refoldTable(ctx, s, groupFields.searched(), func(g *Group) (was, is folds) {
		was = folds{g.ID, g.NameKey, g.Search}
		g.derive()
		return was, folds{g.ID, g.NameKey, g.Search}
	})
	if err != nil {
		return err
	}
	err = refoldTable(ctx, s, contactFields.searched(), func(c *Contact) (was, is folds) {
		was = folds{c.ID, c.NameKey, c.Search}
		c.derive()
		return was, folds{c.ID, c.NameKey, c.Search}
	})
	if err != nil {
		return err
	}
	return conn.Clauses(clause.OnConflict{UpdateAll: true}).Create(&db.Setting{Key: foldSetting, Value: foldVersion}).Error
}

// refoldTable updates the folds of a table's rows, which again makes from the searched
// columns, the oldest row first. Those of ASCII text never change.
func refoldTable[T any](ctx context.Context, s *Store, searched []string, again func(*T) (was, is folds)) error {
	for last := ""; ; {
		var rows []T
		query := s.DB.Writer.WithContext(ctx).Select(append(searched, "id", "name_key", "search")).Where("id > ? AND length(search) <> octet_length(search)", last)
		if err := query.Order("id").Limit(refolded).Find(&rows).Error; err != nil || len(rows) == 0 {
			return err
		}
		var changed [][2]folds
		for i := range rows {
			was, is := again(&rows[i])
			last = is.id
			if was != is {
				changed = append(changed, [2]folds{was, is})
			}
		}
		if err := s.DB.Transaction(ctx, func(tx *gorm.DB) error { return storeFolds[T](tx, changed) }); err != nil {
			return err
		}
	}
}

// storeFolds replaces the folds of rows, unless a row was edited meanwhile, which has
// updated them.
func storeFolds[T any](tx *gorm.DB, changed [][2]folds) error {
	for _, c := range changed {
		was, is := c[0], c[1]
		row := tx.Model(new(T)).Where("id = ? AND search = ? AND name_key = ?", was.id, was.search, was.nameKey)
		if err := row.UpdateColumns(map[string]any{"name_key": is.nameKey, "search": is.search}).Error; err != nil {
			return err
		}
	}
	return nil
}
