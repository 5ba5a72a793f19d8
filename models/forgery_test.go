package models_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// TestChainIsNotRestarted plays someone who has all rights on the database but no key: the
// console must not take their log for one without a chain, and seal it.
func TestChainIsNotRestarted(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store := modelstest.Open(t, engine)
			by := modelstest.Owner(t, store)
			modelstest.Group(t, store, by, "Plaza Hotel")
			modelstest.Group(t, store, by, "Grand Hotel")
			seal(t, store)
			dropTriggers(t, store, engine)
			carryOut(t, store,
				"UPDATE audit_lines SET actor_name = 'Somebody else', mac = ''",
				"DELETE FROM audit_lines WHERE object_name = 'Grand Hotel'",
				"DELETE FROM audit_seals", "DELETE FROM audit_retention", "DELETE FROM settings WHERE key = 'audit_head'",
				"DELETE FROM audit_tail", "INSERT INTO audit_tail (line_id) SELECT id FROM audit_lines",
			)
			for range 2 {
				if proof := verify(t, store, ""); proof.Broken == nil || proof.Broken.Kind != audit.EndForged {
					t.Errorf("the forgery is not found: %+v", proof)
				}
				if err := store.Audit.Seal(t.Context()); err == nil {
					t.Error("the forgery is sealed")
				}
			}
		})
	}
}

// markedStore opens a database with a mark of its own, as another console would.
func markedStore(t *testing.T, url string) (*models.Store, string) {
	t.Helper()
	store, file := modelstest.OpenURL(t, url), filepath.Join(t.TempDir(), "console.mark")
	store.Audit.UseMarkFile(file)
	return store, file
}

// keepLog keeps a copy of the log, and returns the statements that put it back.
func keepLog(t *testing.T, store *models.Store) []string {
	t.Helper()
	restore := []string{"DELETE FROM audit_tail"}
	for table, columns := range auditTables {
		carryOut(t, store, "CREATE TABLE older_"+table+" AS SELECT "+columns+" FROM "+table)
		if table != "audit_tail" {
			restore = append(restore, "DELETE FROM "+table, "INSERT INTO "+table+" ("+columns+") SELECT "+columns+" FROM older_"+table)
		}
	}
	return append(restore, "DELETE FROM audit_tail", "INSERT INTO audit_tail (line_id) SELECT line_id FROM older_audit_tail")
}

// TestRestoredOlderCopyIsDetected checks that every console that has seen the newer
// database reports the older one, whatever is done in it, until it is adopted; then none
// does, and all report the adoption.
func TestRestoredOlderCopyIsDetected(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			store, file := markedStore(t, url)
			second, _ := markedStore(t, url)
			by := modelstest.Owner(t, store)
			modelstest.Group(t, store, by, "Older")
			seal(t, store)
			restore := keepLog(t, store)
			for i := range 5 {
				modelstest.Group(t, store, by, fmt.Sprint("Newer ", i))
			}
			seal(t, store)
			seal(t, second) // which has nothing to seal, and notes where the chain ends
			dropTriggers(t, store, engine)
			carryOut(t, store, restore...)
			stranger := modelstest.OpenURL(t, url) // has no mark, and goes on
			for i := range 7 {
				modelstest.Group(t, stranger, by, fmt.Sprint("Later ", i))
				if i%2 == 0 {
					seal(t, stranger)
				}
				for name, s := range map[string]*models.Store{"the first": store, "the second": second} {
					if proof := verify(t, s, ""); proof.Broken == nil || proof.Broken.Kind != audit.MarkDiffers {
						t.Errorf("after %d more, %s says %+v", i, name, proof)
					}
					if err := s.Audit.Seal(t.Context()); i%2 == 1 && !errors.Is(err, access.ErrConflict) {
						t.Errorf("after %d more, %s seals: %v", i, name, err)
					}
				}
			}
			fault, err := store.Audit.AdoptAudit(t.Context(), access.System("console audit adopt"))
			if err != nil || fault.Kind != audit.MarkDiffers {
				t.Fatal(fault, err)
			}
			for name, s := range map[string]*models.Store{"the first": store, "the second": second} {
				s.ForgetMark() // some seconds later
				seal(t, s)
				if proof := intact(t, s, ""); proof.Adoptions != 1 || proof.Adopted != 0 || proof.Sealed != 10 || proof.Marked != 10 {
					t.Errorf("adopted, %s says %+v", name, proof)
				}
			}
			if got := acts(t, store, 1)[0]; got != "console audit adopt accepted the activity log as is" {
				t.Errorf("the newest line is: %s", got)
			}
			if _, err := store.Audit.AdoptAudit(t.Context(), by); !errors.Is(err, access.ErrConflict) {
				t.Errorf("what is in order is adopted: %v", err)
			}
			if err := os.WriteFile(file, []byte("1 - 0 0 forged\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if proof := verify(t, store, ""); proof.Broken == nil || proof.Broken.Kind != audit.MarkForged {
				t.Errorf("with a forged mark: %+v", proof)
			}
		})
	}
}

// TestEveryForgeryCanBeAdopted checks that adopted forgeries stay distinguishable.
func TestEveryForgeryCanBeAdopted(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store, _ := markedStore(t, modelstest.URL(t, engine))
			by := oldActivity(t, store, 6, 3)
			keep(t, store, by, "P5Y")
			deleteOld(t, store)
			seal(t, store)
			dropTriggers(t, store, engine)
			adoptions := int64(0)
			for _, forge := range []string{
				"UPDATE audit_lines SET object_name = 'Forged' WHERE id = (SELECT line_id FROM audit_seals WHERE number = 8)",
				"DELETE FROM audit_seals WHERE number = 9",
				"DELETE FROM settings WHERE key = 'audit_head'",
				"DELETE FROM audit_retention",
				"DELETE FROM audit_lines WHERE id = (SELECT max(line_id) FROM audit_seals)",
			} {
				carryOut(t, store, forge)
				if proof := verify(t, store, ""); proof.Broken == nil {
					t.Errorf("%s is not found", forge)
				}
				adopt(t, store)
				adoptions++
				if proof := intact(t, store, ""); proof.Adoptions != adoptions {
					t.Errorf("%s: %+v", forge, proof)
				}
				modelstest.Group(t, store, by, fmt.Sprint("After ", adoptions))
				seal(t, store)
				if proof := intact(t, store, ""); proof.Adoptions != adoptions || proof.Adopted != 1 || proof.Tail != 0 {
					t.Errorf("%s, sealed: %+v", forge, proof)
				}
			}
			keep(t, store, by, "P1Y")
			deleteOld(t, store)
			seal(t, store)
			if proof := intact(t, store, ""); proof.Adoptions != adoptions {
				t.Errorf("after the rule: %+v", proof)
			}
		})
	}
}

// TestRolledBackRetentionStateIsDetected checks that the chain reveals an older retention
// state, whatever the columns say that lists use.
func TestRolledBackRetentionStateIsDetected(t *testing.T) {
	for _, engine := range modelstest.Engines {
		for _, early := range []bool{false, true} {
			t.Run(fmt.Sprint(engine, " early ", early), func(t *testing.T) {
				store := modelstest.Open(t, engine)
				by := oldActivity(t, store, 8, 3)
				keep(t, store, by, "P90D")
				carryOut(t, store, "CREATE TABLE noted AS SELECT * FROM audit_retention")
				keep(t, store, by, audit.Forever)
				seal(t, store)
				if early {
					if err := store.EarlyHead(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				carryOut(t, store, "DROP INDEX audit_lines_area", "ALTER TABLE audit_lines DROP COLUMN area", "ALTER TABLE audit_lines ADD COLUMN area text",
					"DELETE FROM audit_retention", "INSERT INTO audit_retention SELECT * FROM noted")
				if err := store.Audit.Retention.DeleteOld(t.Context()); !errors.Is(err, access.ErrConflict) {
					t.Errorf("it deletes by an older rule: %v", err)
				}
				if proof := verify(t, store, ""); proof.Broken == nil || proof.Broken.Kind != audit.RetentionForged {
					t.Errorf("%+v", proof)
				}
			})
		}
	}
}

// TestLogOfEarlierVersionContinues covers a log with a head, and one with lines of which
// none was sealed, which can't be told from one that was restarted.
func TestLogOfEarlierVersionContinues(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store, _ := markedStore(t, modelstest.URL(t, engine))
			by := modelstest.Owner(t, store)
			keep(t, store, by, "P10Y")
			seal(t, store)
			if err := store.EarlyHead(t.Context()); err != nil {
				t.Fatal(err)
			}
			head := intact(t, store, "").Head
			modelstest.Group(t, store, by, "Later")
			seal(t, store)
			if proof := intact(t, store, head); proof.Sealed != 3 || proof.Adoptions != 0 {
				t.Errorf("with a head: %+v", proof)
			}
			store = modelstest.Open(t, engine)
			modelstest.Owner(t, store)
			carryOut(t, store, "DELETE FROM settings WHERE key = 'audit_head'")
			if err := store.Audit.SetKeys(t.Context(), modelstest.Keys); err != nil {
				t.Fatal(err)
			}
			if err := store.Audit.Seal(t.Context()); !errors.Is(err, access.ErrConflict) {
				t.Errorf("without a head it is sealed: %v", err)
			}
			adopt(t, store)
			seal(t, store)
			if proof := intact(t, store, ""); proof.Sealed != 2 || proof.Adoptions != 1 || proof.Adopted != 0 {
				t.Errorf("without a head, adopted: %+v", proof)
			}
		})
	}
}

// TestConcurrentVerificationsShareOneCheck also checks that it keeps no connection from
// pages.
func TestConcurrentVerificationsShareOneCheck(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		seal(t, store)
		checking, goOn := make(chan struct{}, 100), make(chan struct{})
		release := sync.OnceFunc(func() { close(goOn) })
		defer release()
		err := store.DB.Watch(func(seen db.Seen) {
			if strings.Contains(seen.SQL, "audit_retention") {
				checking <- struct{}{}
				<-goOn
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		const askers = 30
		answers := make(chan error, askers)
		for range askers {
			go func() { _, err := store.Audit.VerifyAudit(t.Context(), ""); answers <- err }()
		}
		<-checking
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		for range 20 {
			if _, err := store.Groups(ctx, models.GroupQuery{}); err != nil {
				t.Fatalf("a page while they verify: %v", err)
			}
		}
		release()
		for range askers {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestVerificationDoesNotBlockCheckpoints checks that SQLite can truncate its log during a
// verification.
func TestVerificationDoesNotBlockCheckpoints(t *testing.T) {
	store := modelstest.Open(t, modelstest.SQLite)
	by := modelstest.Owner(t, store)
	seal(t, store)
	checking, goOn := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(goOn) })
	defer release()
	var once sync.Once
	err := store.DB.Watch(func(seen db.Seen) {
		if strings.Contains(seen.SQL, "FROM audit_seals") {
			once.Do(func() { close(checking) })
			<-goOn
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { _, err := store.Audit.VerifyAudit(t.Context(), ""); done <- err }()
	<-checking
	modelstest.Group(t, store, by, "Plaza Hotel")
	modelstest.Exec(t, store, "PRAGMA wal_checkpoint(TRUNCATE)")
	if size := store.DB.LogSize(); size != 0 {
		t.Errorf("the log has %d bytes", size)
	}
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
