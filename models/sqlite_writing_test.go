package models_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// settings returns the values of the settings whose keys begin with "test", by their keys.
func settings(t *testing.T, on *gorm.DB) string {
	t.Helper()
	var found string
	err := on.Raw("SELECT coalesce(group_concat(key || '=' || value, ' ' ORDER BY key), '') FROM settings WHERE key LIKE 'test%'").Scan(&found).Error
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestKeptStatements: the connection that writes keeps statements prepared.
func TestKeptStatements(t *testing.T) {
	store := modelstest.Open(t, "sqlite")
	ctx := t.Context()
	all := "SELECT * FROM settings WHERE key = ?"
	err := store.DB.Transaction(ctx, func(tx *gorm.DB) error {
		for i := range 250 { // more than are kept
			if err := tx.Exec(fmt.Sprintf("INSERT INTO settings (key, value) VALUES (?, '%d')", i), fmt.Sprintf("test%03d", i)).Error; err != nil {
				return err
			}
		}
		outer, err := tx.Raw(all, "test007").Rows() // is read while the same statement runs again
		if err != nil {
			return err
		}
		defer outer.Close()
		var inner, key, value string
		if err := tx.Raw("SELECT value FROM ("+all+")", "test008").Scan(&inner).Error; err != nil || inner != "8" {
			t.Errorf("the inner one reads %q: %v", inner, err)
		}
		var again db.Setting
		if err := tx.Raw(all, "test009").Scan(&again).Error; err != nil || again.Value != "9" {
			t.Errorf("the same one reads %q: %v", again.Value, err)
		}
		if !outer.Next() || outer.Scan(&key, &value) != nil || value != "7" || outer.Next() {
			t.Errorf("the outer one reads %q and %q: %v", key, value, outer.Err())
		}
		return outer.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.DB.Writer.Exec("ALTER TABLE settings ADD COLUMN more text DEFAULT 'new'").Error; err != nil {
		t.Fatal(err)
	}
	var row map[string]any
	if err := store.DB.Writer.Raw(all, "test009").Scan(&row).Error; err != nil || row["more"] != "new" {
		t.Errorf("after the table has got a column: %v, %v", row, err)
	}
}

// TestBrokenTransaction: an interrupted statement rolls back its transaction, so nothing that
// comes after it may be stored.
func TestBrokenTransaction(t *testing.T) {
	store := modelstest.Open(t, "sqlite")
	save := func(tx *gorm.DB, key string) error { return tx.Create(&db.Setting{Key: key, Value: "1"}).Error }
	var after error
	err := store.DB.Transaction(t.Context(), func(tx *gorm.DB) error {
		if err := save(tx, "test before"); err != nil {
			return err
		}
		endless := "INSERT INTO settings (key, value) WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT 'test ' || x, '' FROM n"
		for wait := time.Millisecond; after == nil && wait < time.Minute; wait *= 10 { // until it has begun by then
			short, cancel := context.WithTimeout(t.Context(), wait)
			if err := tx.WithContext(short).Exec(endless).Error; err == nil {
				t.Error("an endless statement ended")
			}
			cancel()
			after = save(tx, "test after "+wait.String())
		}
		return nil
	})
	if err == nil || after == nil {
		t.Errorf("committing: %v, a statement after it: %v", err, after)
	}
	if found := settings(t, store.DB.Reader); found != "" {
		t.Errorf("stored: %s", found)
	}
	if err := store.DB.Transaction(t.Context(), func(tx *gorm.DB) error { return save(tx, "test next") }); err != nil {
		t.Error(err)
	}
}

// TestIndexFollowsTransactions: the full-text indexes are changed at the end of a transaction,
// and before it searches, to what the tables have then.
func TestIndexFollowsTransactions(t *testing.T) {
	store := modelstest.Open(t, "sqlite")
	by, wrong := access.System("test"), errors.New("wrong")
	create := func(ctx context.Context, name string) models.Group {
		g, err := store.CreateGroup(ctx, by, models.GroupChange{Name: &name}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return g.Group
	}
	search := func(ctx context.Context, name string, want ...models.Group) {
		t.Helper()
		page, err := store.Groups(ctx, models.GroupQuery{Text: name})
		if err != nil || len(page.Groups) != len(want) || len(want) == 1 && page.Groups[0].ID != want[0].ID {
			t.Errorf("%s is found %d times: %v", name, len(page.Groups), err)
		}
	}
	old := create(t.Context(), "Plaza")
	err := store.DB.Atomic(t.Context(), func(ctx context.Context, _ *gorm.DB) error {
		for _, name := range []string{"Harbor", "Plaza", "Market"} {
			if _, err := store.UpdateGroup(ctx, by, old.ID, models.GroupChange{Name: &name}); err != nil {
				return err
			}
		}
		passing := create(ctx, "Passing")
		search(ctx, "passing", passing)
		err := store.DB.Atomic(ctx, func(ctx context.Context, _ *gorm.DB) error {
			undone := create(ctx, "Undone")
			search(ctx, "undone", undone)
			return wrong
		})
		if err != wrong {
			t.Errorf("the transaction within returns %v", err)
		}
		return store.DeleteGroup(ctx, by, passing.ID, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"plaza", "harbor", "passing", "undone"} {
		search(t.Context(), gone)
	}
	search(t.Context(), "market", old)
	if err := store.DB.Writer.Exec("INSERT INTO groups_fts (groups_fts, rank) VALUES ('integrity-check', 1)").Error; err != nil {
		t.Error("the index is not what the table has:", err)
	}
}
