package models_test

import (
	"context"
	"errors"
	"testing"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// TestLater looks that statements nobody waits for are a part of their transaction like all
// others.
func TestLater(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		set := func(tx *gorm.DB, key string) error {
			return db.Later(tx).Create(&db.Setting{Key: key, Value: "set"}).Error
		}
		kept := func(key string) bool {
			return modelstest.Value(t, store, "SELECT count(*) FROM settings WHERE key = '"+key+"'") == "1"
		}
		err := store.DB.Transaction(t.Context(), func(tx *gorm.DB) error {
			return errors.Join(set(tx, "first"), set(tx, "first"))
		})
		if !errors.Is(err, gorm.ErrDuplicatedKey) || kept("first") {
			t.Errorf("what fails with the commit: %v, kept %t", err, kept("first"))
		}
		err = store.DB.Transaction(t.Context(), func(tx *gorm.DB) error {
			if err := errors.Join(set(tx, "read"), tx.Where("key = ?", "read").Take(&db.Setting{}).Error); err != nil {
				return err
			}
			_, err := db.Take(store.DB.ReadIn(tx), db.SelectFrom("settings", "key", "key = ?", "read"), db.OneColumn[string])
			return err
		})
		if err != nil || !kept("read") {
			t.Errorf("what is read before the commit: %v, kept %t", err, kept("read"))
		}
		err = store.DB.Atomic(t.Context(), func(ctx context.Context, tx *gorm.DB) error {
			failed := store.DB.Transaction(ctx, func(tx *gorm.DB) error { return errors.Join(set(tx, "part"), set(tx, "read")) })
			if !errors.Is(failed, gorm.ErrDuplicatedKey) {
				t.Errorf("the part that fails: %v", failed)
			}
			return errors.Join(set(tx, "whole"), store.DB.Transaction(ctx, func(tx *gorm.DB) error { return set(tx, "other part") }))
		})
		if err != nil || kept("part") || !kept("whole") || !kept("other part") {
			t.Errorf("a part that fails: %v, kept %t, the rest %t, %t", err, kept("part"), kept("whole"), kept("other part"))
		}
		ctx, cancel := context.WithCancel(t.Context())
		err = store.DB.Transaction(ctx, func(tx *gorm.DB) error {
			defer cancel()
			return set(tx, "cancelled")
		})
		if !errors.Is(err, context.Canceled) && kept("cancelled") != (err == nil) {
			t.Errorf("cancelled: %v, kept %t", err, kept("cancelled"))
		}
		func() {
			defer func() { _ = recover() }()
			_ = store.DB.Transaction(t.Context(), func(tx *gorm.DB) error { panic(set(tx, "panic")) })
		}()
		if err := store.DB.Transaction(t.Context(), func(tx *gorm.DB) error { return set(tx, "after") }); err != nil || kept("panic") || !kept("after") {
			t.Errorf("after a panic: %v, kept %t and %t", err, kept("panic"), kept("after"))
		}
	})
}
