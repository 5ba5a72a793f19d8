package models_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// together runs transactions on SQLite that wait for one another, in the order in which they
// are given, and returns their errors. The first runs until all others wait.
func together(t *testing.T, store *models.Store, do ...func(tx *gorm.DB) error) []error {
	t.Helper()
	errs, all := make([]error, len(do)), sync.WaitGroup{}
	waits := func() int64 { return store.DB.Pools()["write"].WaitCount }
	before := waits()
	await := func(n int) {
		for waits() < before+int64(n) && t.Context().Err() == nil {
			runtime.Gosched()
		}
	}
	err := store.DB.Transaction(t.Context(), func(tx *gorm.DB) error {
		for i, fn := range do[1:] {
			all.Go(func() {
				defer func() {
					if panicked := recover(); panicked != nil {
						errs[i+1] = fmt.Errorf("panic: %v", panicked)
					}
				}()
				errs[i+1] = store.DB.Transaction(t.Context(), fn)
			})
			await(i + 1)
		}
		return do[0](tx)
	})
	all.Wait()
	errs[0] = err
	return errs
}

// storing returns a transaction that stores a setting, and then returns an error.
func storing(key string, err error) func(tx *gorm.DB) error {
	return func(tx *gorm.DB) error {
		return errors.Join(tx.Create(&db.Setting{Key: "test" + key, Value: "1"}).Error, err)
	}
}

// TestSharedTransaction: those who wait to write share a transaction, in which each succeeds
// or fails alone.
func TestSharedTransaction(t *testing.T) {
	store := modelstest.Open(t, "sqlite")
	wrong := errors.New("wrong")
	errs := together(
		t, store,
		storing("A", nil),
		storing("B", wrong),
		storing("C", nil),
		func(tx *gorm.DB) error { // whose client hangs up between two statements
			gone, hangUp := context.WithCancel(tx.Statement.Context)
			err := storing("D", nil)(tx.WithContext(gone))
			hangUp()
			return errors.Join(err, storing("E", nil)(tx.WithContext(gone)))
		},
		func(tx *gorm.DB) error { _ = storing("F", nil)(tx); panic("F") },
		func(tx *gorm.DB) error {
			if stored := settings(t, store.DB.Reader); stored != "" {
				t.Errorf("committed before the last: %s", stored)
			}
			return storing("G", nil)(tx)
		},
	)
	for i, want := range []string{"", "wrong", "", "context canceled", "panic: F", ""} {
		if got := fmt.Sprint(errors.Join(errs[i])); !strings.Contains(got, want) || (want == "") != (errs[i] == nil) {
			t.Errorf("the transaction %d returns %q, not %q", i, got, want)
		}
	}
	if stored := settings(t, store.DB.Reader); stored != "testA=1 testC=1 testG=1" {
		t.Errorf("stored: %s", stored)
	}
	errs = together(t, store, storing("H", wrong), storing("I", nil))
	if stored := settings(t, store.DB.Reader); !errors.Is(errs[0], wrong) || errs[1] != nil || !strings.HasSuffix(stored, "testG=1 testI=1") {
		t.Errorf("after the first fails: %v, stored: %s", errs, stored)
	}
}

// TestSharedTransactionBreaks: a full disk, and a commit that is refused, take everybody's
// changes with them, and nobody is told otherwise.
func TestSharedTransactionBreaks(t *testing.T) {
	store := modelstest.Open(t, "sqlite")
	fill := func(tx *gorm.DB) error {
		_ = tx.Exec("PRAGMA max_page_count = 1")
		_ = tx.Create(&db.Setting{Key: "test full", Value: strings.Repeat("long ", 100_000)})
		return nil // as if it didn't matter
	}
	errs := together(t, store, storing("A", nil), fill, storing("B", nil))
	if err := store.DB.Writer.Exec("PRAGMA max_page_count = 4294967294").Error; err != nil {
		t.Fatal(err)
	}
	stored := settings(t, store.DB.Reader)
	for i, err := range errs[:2] {
		if access.OutageOf(err) != access.Full {
			t.Errorf("the transaction %d on a full disk returns %v", i, err)
		}
	}
	if (errs[2] == nil) != (stored == "testB=1") || strings.Contains(stored, "testA") { // it may have begun anew
		t.Errorf("after the disk was full: %v, stored: %s", errs, stored)
	}
	store.DB.Trust(false)
	errs = together(t, store, storing("C", nil), storing("D", nil))
	store.DB.Trust(true)
	if now := settings(t, store.DB.Reader); errs[0] == nil || errs[1] == nil || now != stored {
		t.Errorf("a commit that was refused: %v, stored: %s", errs, now)
	}
}

// TestManySharedTransactions: whatever fails, exactly what succeeds is stored.
func TestManySharedTransactions(t *testing.T) {
	store := modelstest.Open(t, "sqlite")
	var all sync.WaitGroup
	var mu sync.Mutex
	var want int
	for i := range 8 {
		all.Go(func() {
			for j := range 24 {
				ctx, cancel := context.WithCancel(t.Context())
				if j%4 == 0 {
					ctx = db.Alone(ctx)
				}
				if j%6 == 1 {
					go cancel()
				}
				key := fmt.Sprintf(" %d %d", i, j)
				err := store.DB.Transaction(ctx, func(tx *gorm.DB) error {
					if j%5 == 2 {
						return errors.Join(storing(key, nil)(tx), errors.New("wrong"))
					}
					return storing(key, nil)(tx)
				})
				cancel()
				if err == nil {
					mu.Lock()
					want++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	var stored int
	if err := store.DB.Reader.Raw("SELECT count(*) FROM settings WHERE key LIKE 'test%'").Scan(&stored).Error; err != nil || stored != want || want < 8*24/2 {
		t.Errorf("%d are stored, and %d were acknowledged: %v", stored, want, err)
	}
}
