package models_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
)

func verify(t *testing.T, store *models.Store, expect string) audit.AuditProof {
	t.Helper()
	proof, err := store.Audit.VerifyAudit(t.Context(), expect)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func intact(t *testing.T, store *models.Store, expect string) audit.AuditProof {
	t.Helper()
	proof := verify(t, store, expect)
	if proof.Broken != nil {
		t.Fatalf("the log is broken: %+v", *proof.Broken)
	}
	return proof
}

func seal(t *testing.T, store *models.Store) {
	t.Helper()
	if err := store.Audit.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// carryOut runs statements.
func carryOut(t *testing.T, store *models.Store, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if err := store.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func all(t *testing.T, store *models.Store, sql string) []string {
	t.Helper()
	values, err := store.Strings(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func one(t *testing.T, store *models.Store, sql string) string {
	t.Helper()
	values := all(t, store, sql)
	if len(values) != 1 {
		t.Fatalf("%s gives %q", sql, values)
	}
	return values[0]
}

// TestTruncatedChainStaysBroken checks that sealing hides nothing.
func TestTruncatedChainStaysBroken(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store := modelstest.Open(t, engine)
			by := modelstest.Owner(t, store)
			modelstest.Contacts(t, store, by, 5)
			seal(t, store)
			dropTriggers(t, store, engine)
			carryOut(t, store, "DELETE FROM audit_seals WHERE number > 3")
			modelstest.Group(t, store, by, "Later")
			seal(t, store)
			if proof := verify(t, store, ""); proof.Broken == nil || proof.Broken.Number != 4 || proof.Tail != 0 {
				t.Errorf("%+v", proof)
			}
		})
	}
}

func TestLinesAreNeverChanged(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		for _, sql := range []string{
			"UPDATE audit_lines SET actor_name = 'Somebody else'", "UPDATE audit_lines SET created_at = 0",
			"UPDATE audit_lines SET mac = ''", "DELETE FROM audit_lines",
		} {
			if err := store.Exec(t.Context(), sql); err == nil {
				t.Errorf("%s is carried out", sql)
			}
		}
		intact(t, store, "")
	})
}

// TestManyWritersAndSealersMakeOneChain also reads the log at the same time.
func TestManyWritersAndSealersMakeOneChain(t *testing.T) {
	const writers, each = 8, 40
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := modelstest.URL(t, engine)
			store, second := modelstest.OpenURL(t, url), modelstest.OpenURL(t, url)
			by := modelstest.Owner(t, store)
			var writing, sealing sync.WaitGroup
			done := make(chan struct{})
			for _, s := range []*models.Store{store, second} {
				sealing.Go(func() {
					for {
						if err := s.Audit.Seal(t.Context()); err != nil {
							t.Error(err)
							return
						}
						if proof, err := s.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
							t.Error(proof.Broken, err)
							return
						}
						select {
						case <-done:
							return
						default:
						}
					}
				})
			}
			for w := range writers {
				writing.Go(func() {
					s := []*models.Store{store, second}[w%2]
					for i := range each {
						name := fmt.Sprintf("Group %d of %d", i, w)
						if _, err := s.CreateGroup(t.Context(), by, models.GroupChange{Name: &name}, nil); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			writing.Wait()
			close(done)
			sealing.Wait()
			seal(t, store)
			if proof := intact(t, second, ""); proof.Sealed != writers*each+1 || proof.Tail != 0 {
				t.Errorf("%d sealed and %d not; want %d", proof.Sealed, proof.Tail, writers*each+1)
			}
		})
	}
}

// oldLines inserts lines as they were before there was a chain.
const oldLines = `WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < %d)
	INSERT INTO audit_lines (id, created_at, actor_kind, actor_id, actor_name, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id)
	SELECT '%s' || (100000 + i), 7, 'user', 'a', 'Zoë', 'group.create', 'group', 'g', 'Plaza Hotel', '{}', '', '', '' FROM numbers`

// TestOldLinesNeedAdoption checks that lines from before there was a chain are in none
// until someone with the key adopts them. They then stay distinguishable, and any later
// line without a proof is a fault.
func TestOldLinesNeedAdoption(t *testing.T) {
	const old = 2500
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store := modelstest.Connect(t, modelstest.URL(t, engine))
			carryOut(t, store, fmt.Sprintf(oldLines, old, "0000000000"))
			if err := store.Audit.SetKeys(t.Context(), modelstest.Keys); err != nil {
				t.Fatal(err)
			}
			modelstest.Owner(t, store)
			if proof := verify(t, store, ""); proof.Broken == nil || proof.Tail != old+1 {
				t.Errorf("before there is a chain: %+v", proof)
			}
			if err := store.Audit.Seal(t.Context()); !errors.Is(err, access.ErrConflict) {
				t.Errorf("a log without a beginning is sealed: %v", err)
			}
			adopt(t, store)
			seal(t, store)
			proof := intact(t, store, "")
			if proof.Sealed != old+2 || proof.Tail != 0 || proof.Adoptions != 1 || proof.Adopted != old {
				t.Errorf("adopted and sealed: %+v", proof)
			}
			carryOut(t, store, fmt.Sprintf(oldLines, 1, "0000000001"))
			seal(t, store)
			if proof := verify(t, store, ""); proof.Broken == nil || proof.Broken.Kind != audit.LineForeign {
				t.Errorf("a line without a mac, later: %+v", proof)
			}
		})
	}
}

// adopt accepts the log as it is found.
func adopt(t *testing.T, store *models.Store) {
	t.Helper()
	if _, err := store.Audit.AdoptAudit(t.Context(), access.System("test")); err != nil {
		t.Fatal(err)
	}
}

func TestExpectedHeadIsValidated(t *testing.T) {
	store := modelstest.Open(t, modelstest.SQLite)
	for _, wrong := range []string{"x", "0:Zm9vYmFyYmF6cXV4", "-1:Zm9vYmFyYmF6cXV4", "5", "5:", "5:short"} {
		if _, err := store.Audit.VerifyAudit(t.Context(), wrong); err == nil {
			t.Errorf("%q is taken for a head", wrong)
		}
	}
}
