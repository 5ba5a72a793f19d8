package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

func TestAuditVerify(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		store := modelstest.OpenURL(t, database)
		by := modelstest.Owner(t, store)
		modelstest.Group(t, store, by, "Plaza Hotel")
		if said := mustRun(t, database, "", "audit", "verify"); !strings.Contains(said, "sealed  0\ntail    2\n") {
			t.Errorf("before the first sealing: %s", said)
		}
		if err := store.Audit.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		said := mustRun(t, database, "", "audit", "verify")
		head := regexp.MustCompile(`2:\S{16}`).FindString(said)
		if !strings.Contains(said, "sealed  2\ntail    0\n") || !strings.Contains(said, "log verified") || head == "" {
			t.Fatalf("sealed: %s", said)
		}
		modelstest.Group(t, store, by, "Later")
		if said := mustRun(t, database, "", "audit", "verify", "-expect", head); !strings.Contains(said, "tail    1\n") {
			t.Errorf("with one more: %s", said)
		}
		other := "2:" + strings.Repeat("x", 16)
		if r := console(t, database, "", "audit", "verify", "-expect", other); r.code != 1 || !strings.Contains(r.stdout, "Entry 2 isn't the one of your checkpoint") {
			t.Errorf("with another head: %+v", r)
		}
		if r := console(t, database, "", "audit", "verify", "-expect", "x"); r.code != 2 {
			t.Errorf("with no head: %+v", r)
		}
	})
}

// TestAuditVerifyOfACutLog is about a log whose older lines were deleted.
func TestAuditVerifyOfACutLog(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		store := modelstest.OpenURL(t, database)
		store.DB.Now = func() time.Time { return time.Now().AddDate(-2, 0, 0) }
		by := modelstest.Owner(t, store)
		for range 3 {
			modelstest.Group(t, store, by, "Plaza Hotel")
		}
		store.DB.Now = time.Now
		for _, job := range []error{
			store.Audit.Seal(t.Context()), store.Audit.Retention.SetRule(t.Context(), by, "P1Y"), store.Audit.Retention.DeleteOld(t.Context()), store.Audit.Seal(t.Context()),
		} {
			if job != nil {
				t.Fatal(job)
			}
		}
		said := mustRun(t, database, "", "audit", "verify")
		if !strings.Contains(said, "first   5\nsealed  2\ntail    0\nhead    6:") || !strings.Contains(said, "verified from entry 5. Earlier entries, from before ") {
			t.Errorf("it says %s", said)
		}
		r := console(t, database, "", "audit", "verify", "-expect", "2:AAAAAAAAAAAAAAAA")
		if r.code != 1 || !strings.Contains(r.stdout, "log verified") || !strings.Contains(r.stderr, "can no longer be checked") {
			t.Errorf("with a head that is gone: %+v", r)
		}
	})
}

// TestLinesAreSealed by a console that runs, without being asked, and by one that stops. That
// takes half a second; the limit is far above, for a machine that is busy.
func TestLinesAreSealed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		store := modelstest.OpenURL(t, database)
		by := access.System("test")
		s := startConsole(t, database)
		for i := range 3 {
			modelstest.Group(t, store, by, "Plaza Hotel")
			written := time.Now()
			for {
				proof, err := store.Audit.VerifyAudit(t.Context(), "")
				if err != nil || proof.Broken != nil {
					t.Fatal(proof, err)
				}
				if proof.Tail == 0 && proof.Sealed == int64(i+1) {
					break
				}
				if time.Since(written) > 20*time.Second {
					t.Fatalf("not sealed: %+v", proof)
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
		modelstest.Group(t, store, by, "Last")
		s.end()
		if proof, err := store.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Tail != 0 || proof.Sealed != 4 {
			t.Errorf("after the end: %+v, %v", proof, err)
		}
	})
}

// TestAForgedRetentionStateHidesNoMark: where the mark is does not depend on it.
func TestAForgedRetentionStateHidesNoMark(t *testing.T) {
	file := filepath.Join(t.TempDir(), "console.db")
	database := "sqlite:" + file
	store := modelstest.OpenEmpty(t, database)
	modelstest.Owner(t, store)
	store.Audit.UseMarkFile(file + ".mark")
	if err := store.Audit.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	modelstest.Exec(t, modelstest.OpenURL(t, database), "INSERT INTO audit_retention (one, kept, line_id, number, seal, floor, deleted_before, deleted_at, told, proof) VALUES (1, '1 year', '', 0, '', '', 0, 0, 0, 'x')")
	if r := console(t, database, "", "audit", "verify"); r.code != 1 || !strings.Contains(r.stdout, "mark    1, kept since 1\n") {
		t.Errorf("%+v", r)
	}
}

// TestAnOlderCopyIsAdopted by the command, after the console that ran before has refused it.
func TestAnOlderCopyIsAdopted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "console.db")
	database := "sqlite:" + file
	store := modelstest.OpenEmpty(t, database)
	by := modelstest.Owner(t, store)
	older := "VACUUM INTO '" + file + ".older'"
	if err := store.Audit.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	modelstest.Exec(t, modelstest.OpenURL(t, database), older)
	modelstest.Group(t, store, by, "Plaza Hotel")
	store.Audit.UseMarkFile(file + ".mark")
	if err := store.Audit.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if said := mustRun(t, database, "", "audit", "verify"); !strings.Contains(said, "mark    2, kept since 2\n") {
		t.Errorf("it says %s", said)
	}
	restored := "sqlite:" + file + ".older"
	if err := os.Rename(file+".mark", file+".older.mark"); err != nil {
		t.Fatal(err)
	}
	if r := console(t, restored, "", "audit", "verify"); r.code != 1 || !strings.Contains(r.stdout, "older copy") || !strings.Contains(r.stderr, "run console audit adopt") {
		t.Errorf("of an older copy: %+v", r)
	}
	if said := mustRun(t, restored, "", "audit", "adopt"); !strings.Contains(said, "older copy") || strings.Contains(said, "console audit adopt") {
		t.Errorf("adopting says %s", said)
	}
	if said := mustRun(t, restored, "", "audit", "verify"); !strings.Contains(said, "adopted 1×; entries that couldn't be verified then: 0\n") {
		t.Errorf("adopted: %s", said)
	}
	if r := console(t, restored, "", "audit", "adopt"); r.code != 1 || !strings.Contains(r.stderr, "nothing to adopt") {
		t.Errorf("again: %+v", r)
	}
}
