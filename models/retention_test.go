package models_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// oldActivity makes an owner, with so many lines from six and from three years ago, and
// seals them.
func oldActivity(t *testing.T, store *models.Store, sixYears, threeYears int) access.Actor {
	t.Helper()
	now := time.Now()
	defer func() { store.DB.Now = time.Now }()
	store.DB.Now = func() time.Time { return now.AddDate(-6, 0, 0) }
	by := modelstest.Owner(t, store)
	record(t, store, by, sixYears-1)
	store.DB.Now = func() time.Time { return now.AddDate(-3, 0, 0) }
	record(t, store, by, threeYears)
	seal(t, store)
	return by
}

// record writes lines that tell of groups, without the groups.
func record(t *testing.T, store *models.Store, by access.Actor, lines int) {
	t.Helper()
	for i := range lines {
		err := store.Audit.Record(t.Context(), by, audit.CreatedGroup, func(_ *gorm.DB, line *audit.Line) error {
			line.ObjectKind, line.ObjectID, line.ObjectName = "group", fmt.Sprintf("0Va1%012d", i), fmt.Sprintf("Old %d", i)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func keep(t *testing.T, store *models.Store, by access.Actor, kept audit.Retention) {
	t.Helper()
	if err := store.Audit.Retention.SetRule(t.Context(), by, kept); err != nil {
		t.Fatal(err)
	}
}

func deleteOld(t *testing.T, store *models.Store) {
	t.Helper()
	if err := store.Audit.Retention.DeleteOld(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// acts returns the sentences of the newest lines.
func acts(t *testing.T, store *models.Store, n int) []string {
	t.Helper()
	page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Range: db.Range{Limit: n}})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, l := range page.Lines {
		told = append(told, views.Summary(l))
	}
	return told
}

func TestOldActivityIsDeleted(t *testing.T) {
	modelstest.Slow(t)
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := oldActivity(t, store, 1200, 3)
		noted := intact(t, store, "").Head
		deleteOld(t, store)
		if proof := intact(t, store, ""); proof.Sealed != 1203 || proof.First != 1 || proof.DeletedAt != 0 {
			t.Errorf("without a rule: %+v", proof)
		}
		keep(t, store, by, "P10Y")
		deleteOld(t, store)
		if got := acts(t, store, 1)[0]; got != "Ada Lovelace set activity retention to 10 years" {
			t.Errorf("nothing was to be deleted, and the newest line is: %s", got)
		}

		keep(t, store, by, "P5Y")
		five := audit.Retention("P5Y").Cutoff(time.Now())
		if n, err := store.Audit.Retention.CountBefore(t.Context(), five); err != nil || n != (db.Count{N: 1200}) {
			t.Errorf("%+v lines are older, %v", n, err)
		}
		deleteOld(t, store)
		want := "the console deleted 1,200 activity entries from before " + five.Format("2 January 2006")
		if got := acts(t, store, 1)[0]; got != want {
			t.Errorf("the newest line is: %s; want %s", got, want)
		}
		seal(t, store)
		proof := intact(t, store, "")
		if proof.First != 1201 || proof.Sealed != 6 || proof.DeletedBefore != five.Unix() || proof.DeletedAt == 0 || !strings.HasPrefix(proof.Head, "1206:") {
			t.Errorf("%+v", proof)
		}
		since, err := store.Audit.OldestActivity(t.Context())
		if age := time.Since(time.Unix(since, 0)); err != nil || age > 4*366*24*time.Hour {
			t.Errorf("activity begins %s ago, %v", age, err)
		}
		deleteOld(t, store)
		if got := acts(t, store, 1)[0]; got != want {
			t.Errorf("a second run tells of itself: %s", got)
		}
		if proof := intact(t, store, noted); proof.Incomparable || proof.Broken != nil {
			t.Errorf("a head that is kept: %+v", proof)
		}

		keep(t, store, by, "P1Y")
		deleteOld(t, store)
		if got := acts(t, store, 1)[0]; !strings.HasPrefix(got, "the console deleted 3 activity") {
			t.Errorf("the newest line is: %s", got)
		}
		seal(t, store)
		if proof := verify(t, store, noted); proof.Incomparable || proof.Broken != nil || proof.First != 1204 {
			t.Errorf("the head that the log begins after: %+v", proof)
		}
		if proof := verify(t, store, "1203:AAAAAAAAAAAAAAAA"); proof.Broken == nil {
			t.Errorf("another head that the log begins after: %+v", proof)
		}
		if proof := verify(t, store, "7:AAAAAAAAAAAAAAAA"); !proof.Incomparable || proof.Broken != nil {
			t.Errorf("a head that is gone: %+v", proof)
		}
		if proof := verify(t, store, proof.Head); proof.Incomparable || proof.Broken != nil {
			t.Errorf("a head that goes on: %+v", proof)
		}
	})
}

// TestOnlyOwnersSetRetention also checks the line.
func TestOnlyOwnersSetRetention(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		for _, role := range access.Roles[1:] {
			other := by
			other.Role = role
			if err := store.Audit.Retention.SetRule(t.Context(), other, "P1Y"); !errors.Is(err, access.ErrDenied) {
				t.Errorf("%s: %v", role, err)
			}
		}
		for _, wrong := range []audit.Retention{"", "7 days", "0 years", "1 years"} {
			if err := store.Audit.Retention.SetRule(t.Context(), by, wrong); !errors.As(err, new(access.Invalid)) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		keep(t, store, by, audit.Forever)
		if got := acts(t, store, 1)[0]; strings.Contains(got, "retention") {
			t.Errorf("it is as it was, and yet: %s", got)
		}
		keep(t, store, by, "P90D")
		if kept, err := store.Audit.Retention.Rule(t.Context()); err != nil || kept != "P90D" {
			t.Errorf("it is kept %s, %v", kept, err)
		}
		page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Action: string(audit.ChangedRetention)})
		if err != nil || len(page.Lines) != 1 || page.Lines[0].Changes != `{"kept":{"before":"forever","after":"P90D"}}` {
			t.Errorf("%+v, %v", page.Lines, err)
		}
		select {
		case <-store.Audit.Retention.Changed():
		default:
			t.Error("nobody is told of the rule")
		}
	})
}

// TestInterruptedDeletionResumes interrupts it between batches.
func TestInterruptedDeletionResumes(t *testing.T) {
	modelstest.Slow(t)
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := oldActivity(t, store, 1200, 3)
		keep(t, store, by, "P5Y")
		ctx, kill := context.WithCancel(t.Context())
		for range 2 {
			if more, err := store.DeleteOldPiece(ctx); err != nil || !more {
				t.Fatal(more, err)
			}
			if proof := intact(t, store, ""); proof.First == 1 || strings.Contains(acts(t, store, 1)[0], "deleted") {
				t.Errorf("between two pieces: %+v", proof)
			}
		}
		kill()
		if err := store.Audit.Retention.DeleteOld(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("ended: %v", err)
		}
		if proof := intact(t, store, ""); proof.First != 1001 {
			t.Errorf("cut short: %+v", proof)
		}
		deleteOld(t, store)
		if got := acts(t, store, 2); !strings.HasPrefix(got[0], "the console deleted 1,200 activity") || !strings.HasPrefix(got[1], "Ada Lovelace set") {
			t.Errorf("gone on: %s", got)
		}
		intact(t, store, "")
	})
}

// TestStoppedDeletionIsLogged checks that setting the retention to forever stops a run, and
// that the log has how far it came.
func TestStoppedDeletionIsLogged(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := oldActivity(t, store, 1200, 3)
		keep(t, store, by, "P5Y")
		if _, err := store.DeleteOldPiece(t.Context()); err != nil {
			t.Fatal(err)
		}
		keep(t, store, by, audit.Forever)
		deleteOld(t, store)
		if got := acts(t, store, 1)[0]; !strings.HasPrefix(got, "the console deleted 500 activity") {
			t.Errorf("the newest line is: %s", got)
		}
		deleteOld(t, store)
		if got := acts(t, store, 2)[1]; !strings.HasPrefix(got, "Ada Lovelace set activity retention to forever") {
			t.Errorf("the line before is: %s", got)
		}
		intact(t, store, "")
	})
}

// TestTwoConsolesDeleteOnce also writes, seals and verifies at the same time.
func TestTwoConsolesDeleteOnce(t *testing.T) {
	modelstest.Slow(t)
	old := modelstest.Rounds(1200, 3200)
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			store, second := modelstest.OpenURL(t, url), modelstest.OpenURL(t, url)
			by := oldActivity(t, store, old, 3)
			keep(t, store, by, "P5Y")
			var deleting, others sync.WaitGroup
			done := make(chan struct{})
			for _, s := range []*models.Store{store, second} {
				deleting.Go(func() { deleteOld(t, s) })
				others.Go(func() {
					for i := 0; ; i++ {
						select {
						case <-done:
							return
						default:
						}
						name := fmt.Sprintf("Group %d", i)
						_, err := s.CreateGroup(t.Context(), by, models.GroupChange{Name: &name}, nil)
						if err := errors.Join(err, s.Audit.Seal(t.Context())); err != nil {
							t.Error(err)
						}
						if proof, err := s.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
							t.Error(proof.Broken, err)
						}
					}
				})
			}
			deleting.Wait()
			close(done)
			others.Wait()
			page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Action: string(audit.DeletedActivity)})
			if err != nil || len(page.Lines) != 1 || !strings.Contains(views.Summary(page.Lines[0]), fmt.Sprintf("deleted %d,200 activity", old/1000)) {
				t.Errorf("%d runs are told: %+v, %v", len(page.Lines), page.Lines, err)
			}
			intact(t, store, "")
		})
	}
}

// TestOnlyTheStartOfTheChainCanBeDeleted checks that triggers protect all other lines.
func TestOnlyTheStartOfTheChainCanBeDeleted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := oldActivity(t, store, 5, 3)
		keep(t, store, by, "P5Y")
		deleteOld(t, store)
		seal(t, store)
		modelstest.Group(t, store, by, "Unsealed")
		for _, id := range all(t, store, "SELECT id FROM audit_lines") {
			if err := store.Exec(t.Context(), "DELETE FROM audit_lines WHERE id = '"+id+"'"); err == nil {
				t.Errorf("the line %s is deleted", id)
			}
		}
		intact(t, store, "")
		carryOut(t, store, "UPDATE audit_retention SET number = number + 1",
			"DELETE FROM audit_lines WHERE id = (SELECT line_id FROM audit_seals WHERE number = 6)", "DELETE FROM audit_seals WHERE number = 6")
		if proof := verify(t, store, ""); proof.Broken == nil {
			t.Errorf("the beginning was moved: %+v", proof)
		}
		if err := store.Audit.Retention.DeleteOld(t.Context()); !errors.Is(err, access.ErrConflict) {
			t.Errorf("it goes on from a forged beginning: %v", err)
		}
		if err := store.Audit.Retention.SetRule(t.Context(), by, "P1Y"); !errors.Is(err, access.ErrConflict) {
			t.Errorf("a forged note is written anew: %v", err)
		}
	})
}

// TestDeletionStopsAtTampering checks that a tampered line and all after it stay.
func TestDeletionStopsAtTampering(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store := modelstest.Open(t, engine)
			by := oldActivity(t, store, 8, 3)
			dropTriggers(t, store, engine)
			carryOut(t, store, "UPDATE audit_lines SET ip = '10.0.0.9' WHERE id = (SELECT line_id FROM audit_seals WHERE number = 4)")
			keep(t, store, by, "P5Y")
			if err := store.Audit.Retention.DeleteOld(t.Context()); err == nil || !strings.Contains(err.Error(), "entry 4") {
				t.Errorf("a tampering was deleted: %v", err)
			}
			if proof := verify(t, store, ""); proof.Broken == nil || proof.Broken.Number != 4 || proof.First != 1 {
				t.Errorf("%+v", proof)
			}
		})
	}
}

// TestAForgedRuleDeletesNothing checks that someone who can write to the database can't
// make the console delete lines.
func TestAForgedRuleDeletesNothing(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := oldActivity(t, store, 8, 3)
		keep(t, store, by, "P90D")
		carryOut(t, store, "CREATE TABLE noted AS SELECT * FROM audit_retention")
		keep(t, store, by, audit.Forever)
		for _, forge := range []string{
			"UPDATE audit_retention SET kept = 'P90D'",
			"DELETE FROM audit_retention; INSERT INTO audit_retention SELECT * FROM noted",
			"DELETE FROM audit_retention",
		} {
			for sql := range strings.SplitSeq(forge, "; ") {
				carryOut(t, store, sql)
			}
			if err := store.Audit.Retention.DeleteOld(t.Context()); !errors.Is(err, access.ErrConflict) {
				t.Errorf("%s: %v", forge, err)
			}
			if n := store.Count(t, "audit_lines"); n != 13 {
				t.Errorf("%s: %d lines are left", forge, n)
			}
		}
	})
}

// TestWrongClockIsNotTampering checks that a new line with an old date is not taken for a
// restored one.
func TestWrongClockIsNotTampering(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := oldActivity(t, store, 8, 3)
		keep(t, store, by, "P1Y")
		deleteOld(t, store)
		store.DB.Now = func() time.Time { return time.Unix(0, 0) }
		modelstest.Group(t, store, by, "From 1970")
		seal(t, store)
		intact(t, store, "")
	})
}

// TestRetentionOfEarlierVersions covers those that stored labels in the state and in lines.
func TestRetentionOfEarlierVersions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := oldActivity(t, store, 2, 1)
		err := store.Audit.Write(t.Context(), by, access.ManageRetention, audit.ChangedRetention, func(tx *gorm.DB, line *audit.Line) error {
			line.ID = store.DB.IDs.Next(store.DB.Now(), "")
			line.SetObject("activity", "", "activity")
			signed := fmt.Sprintf("beginning %q %s %d %s %s %d %d %d", "5 years", line.ID, 0, "", "", 0, 0, 0)
			return cmp.Or(line.SetChanges(map[string]audit.Change{"kept": {Before: "for ever", After: "5 years"}}),
				tx.Exec("INSERT INTO audit_retention (one, kept, line_id, number, seal, floor, deleted_before, deleted_at, told, proof) VALUES (1, '5 years', ?, 0, '', '', 0, 0, 0, ?)",
					line.ID, store.Audit.Keyring.Sign(signed)).Error)
		})
		if err != nil {
			t.Fatal(err)
		}
		seal(t, store)
		intact(t, store, "")
		if kept, err := store.Audit.Retention.Rule(t.Context()); err != nil || kept != "P5Y" {
			t.Errorf("it is kept %s, %v", kept, err)
		}
		if got := acts(t, store, 1)[0]; got != "Ada Lovelace set activity retention to 5 years" {
			t.Error(got)
		}
		deleteOld(t, store)
		if got := acts(t, store, 1)[0]; !strings.HasPrefix(got, "the console deleted 2 activity entries") {
			t.Error(got)
		}
		keep(t, store, by, "P1Y")
		if l := newest(t, store); l.Changes != `{"kept":{"before":"P5Y","after":"P1Y"}}` {
			t.Error(l.Changes)
		}
		seal(t, store)
		intact(t, store, "")
	})
}

func TestCutoff(t *testing.T) {
	now := time.Date(2028, 2, 29, 15, 4, 5, 0, time.FixedZone("", 3600))
	for kept, want := range map[audit.Retention]string{
		audit.Forever: "0001-01-01T00:00:00Z", "P10Y": "2018-03-01T00:00:00Z", "P1Y": "2027-03-01T00:00:00Z", "P90D": "2027-12-01T00:00:00Z",
	} {
		if got := kept.Cutoff(now).Format(time.RFC3339); got != want {
			t.Errorf("what is kept %s goes before %s; want %s", kept, got, want)
		}
	}
}

// retention looks at how old activity is found and deleted.
func (p *planner) retention() {
	p.plan("how many are older", false, func() error { _, err := p.store.Audit.Retention.CountBefore(p.Context(), time.Now()); return err })
	p.plan("the rule", false, func() error { _, err := p.store.Audit.Retention.Rule(p.Context()); return err })
	for _, sql := range p.store.DeletingLines() {
		plan, err := p.store.Explain(p.Context(), sql)
		if err != nil || fullScan.MatchString(plan) {
			p.Errorf("%s: %v\n%s", sql.SQL, err, plan)
		}
	}
}

// TestEveryTableIsKeptOnPurpose fails for a new table that is neither in Kept nor among those
// whose rows stay until somebody deletes them.
func TestEveryTableIsKeptOnPurpose(t *testing.T) {
	stays := []string{
		"archive_rules", "audit_retention", "contacts", "conversations", "deleted_messages", "event_head", "groups", "identities", "imported_ids",
		"memberships", "messages", "passkeys", "recovery_codes", "rule_exemptions", "saved_views", "settings", "tokens", "totps",
		"users", "view_pins", "webhooks",
	}
	for _, k := range models.Kept {
		stays = append(stays, k.Tables...)
	}
	slices.Sort(stays)
	store := modelstest.Open(t, modelstest.SQLite)
	tables, err := store.DB.Tables(store.DB.Read(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if all := slices.Sorted(maps.Keys(tables)); !slices.Equal(all, stays) {
		t.Errorf("the tables are\n%s, and Kept and this test know\n%s", all, stays)
	}
}

// TestWhatRemainsGoesWithTheActivity deletes groups, and changes and reverts others, before and
// after the activity begins that is kept.
func TestWhatRemainsGoesWithTheActivity(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		const before = 1_700_000_000
		modelstest.Owner(t, store)
		for at := before - 1; at <= before; at++ {
			id := text.FirstID(time.Unix(int64(at), 0))
			modelstest.Exec(t, store, fmt.Sprintf("INSERT INTO tombstones (group_id, conversation_id, name, contacts_count, messages_count, deleted_at, deleted_by) VALUES ('%s', '%[1]s', 'Gone', 0, 0, %d, 'Ada')", id, at))
			modelstest.Exec(t, store, fmt.Sprintf("INSERT INTO contact_tombstones VALUES ('%s', 'Gone', '%[1]s', %d, 'Ada')", id, at))
			modelstest.Exec(t, store, fmt.Sprintf("INSERT INTO reverts VALUES ('%s', '%[1]s', 'user', '1', 'Ada', %d)", id, at))
		}
		sweep := func(left string) {
			t.Helper()
			if err := store.History.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, table := range []string{"tombstones", "contact_tombstones", "reverts"} {
				if n := modelstest.Value(t, store, "SELECT count(*) FROM "+table); n != left {
					t.Errorf("%s has %s rows, want %s", table, n, left)
				}
			}
		}
		sweep("2")
		modelstest.Exec(t, store, fmt.Sprintf("INSERT INTO audit_retention VALUES (1, 'P1Y', '', 0, '', '', %d, 0, 0, '')", before))
		sweep("1")
	})
}
