package models_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

func verify(t *testing.T, store *models.Store, expect string) models.AuditProof {
	t.Helper()
	proof, err := store.VerifyAudit(t.Context(), expect)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func intact(t *testing.T, store *models.Store, expect string) models.AuditProof {
	t.Helper()
	proof := verify(t, store, expect)
	if proof.Broken != nil {
		t.Fatalf("the log is broken: %+v", *proof.Broken)
	}
	return proof
}

func seal(t *testing.T, store *models.Store) {
	t.Helper()
	if err := store.Seal(t.Context()); err != nil {
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

// vandal has a log, what is in it, and dice.
type vandal struct {
	*rand.Rand
	lines, tail []string // ids in the order of the chain, and of those not sealed
	oldHead     string   // the note of an earlier end of the chain
	oldEnd      int
}

func (v *vandal) line() string { return v.lines[v.IntN(len(v.lines))] }

func (v *vandal) two() (string, string) {
	a := v.IntN(len(v.lines))
	b := (a + 1 + v.IntN(len(v.lines)-1)) % len(v.lines)
	return v.lines[a], v.lines[b]
}

func (v *vandal) number() int { return 1 + v.IntN(len(v.lines)) }

func (v *vandal) cutEnd() []string {
	from := v.number()
	statements := []string{fmt.Sprintf("DELETE FROM audit_seals WHERE number >= %d", from)}
	for _, id := range v.lines[from-1:] {
		statements = append(statements, "DELETE FROM audit_lines WHERE id = '"+id+"'")
	}
	return statements
}

var textColumns = []string{
	"id", "actor_kind", "actor_id", "actor_name", "user_id", "action", "object_kind", "object_id", "object_name",
	"changes", "ip", "user_agent", "request_id", "mac",
}

// swap exchanges what two rows have in a column that may be unique.
func swap(table, key, column, a, b string) []string {
	return []string{
		fmt.Sprintf("CREATE TABLE swapped AS SELECT %s AS k, %s AS v FROM %s WHERE %s IN ('%s', '%s')", key, column, table, key, a, b),
		fmt.Sprintf("UPDATE %s SET %s = '~~~~~~~~~~~~~~~~' WHERE %s = '%s'", table, column, key, a),
		fmt.Sprintf("UPDATE %s SET %s = (SELECT v FROM swapped WHERE k = '%s') WHERE %s = '%s'", table, column, a, key, b),
		fmt.Sprintf("UPDATE %s SET %s = (SELECT v FROM swapped WHERE k = '%s') WHERE %s = '%s'", table, column, b,
			key, map[bool]string{true: "~~~~~~~~~~~~~~~~", false: a}[key == column]),
		"DROP TABLE swapped",
	}
}

const forgedLine = "INSERT INTO audit_lines (id, created_at, actor_kind, actor_id, actor_name, user_id, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id, mac) " +
	"SELECT '%s', created_at, actor_kind, actor_id, actor_name, user_id, action, object_kind, object_id, 'Forged', changes, ip, user_agent, request_id, %s FROM audit_lines WHERE id = '%s'"

// tamperings are the ways to meddle with a log, as statements.
var tamperings = map[string]func(v *vandal) []string{
	"a column changed": func(v *vandal) []string {
		column := textColumns[v.IntN(len(textColumns))]
		value := []string{column + " || 'x'", "'x' || " + column, "'" + strings.Repeat("x", 16) + "'"}[v.IntN(3)]
		if column == "id" {
			value = "'" + v.line()[:8] + "FORGED00'"
		}
		return []string{fmt.Sprintf("UPDATE audit_lines SET %s = %s WHERE id = '%s'", column, value, v.line())}
	},
	"a time changed": func(v *vandal) []string {
		return []string{fmt.Sprintf("UPDATE audit_lines SET created_at = created_at + %d WHERE id = '%s'", 1+v.IntN(1000), v.line())}
	},
	"words moved from one column to the next": func(v *vandal) []string {
		return []string{fmt.Sprintf("UPDATE audit_lines SET object_name = object_name || 'x', object_kind = 'x' || object_kind WHERE id = '%s'", v.line())}
	},
	"a mac emptied": func(v *vandal) []string {
		return []string{fmt.Sprintf("UPDATE audit_lines SET mac = '' WHERE id = '%s'", v.line())}
	},
	"macs swapped": func(v *vandal) []string { a, b := v.two(); return swap("audit_lines", "id", "mac", a, b) },
	"ids swapped":  func(v *vandal) []string { a, b := v.two(); return swap("audit_lines", "id", "id", a, b) },
	"a line deleted": func(v *vandal) []string {
		return []string{fmt.Sprintf("DELETE FROM audit_lines WHERE id = '%s'", v.line())}
	},
	"a line deleted with its seal": func(v *vandal) []string {
		id := v.line()
		return []string{"DELETE FROM audit_lines WHERE id = '" + id + "'", "DELETE FROM audit_seals WHERE line_id = '" + id + "'"}
	},
	"a line deleted and the rest renumbered": func(v *vandal) []string {
		n := v.number()
		return []string{
			fmt.Sprintf("DELETE FROM audit_lines WHERE id = '%s'", v.lines[n-1]),
			fmt.Sprintf("DELETE FROM audit_seals WHERE number = %d", n),
			fmt.Sprintf("UPDATE audit_seals SET number = -number WHERE number > %d", n),
			"UPDATE audit_seals SET number = -number - 1 WHERE number < 0",
		}
	},
	"a line forged": func(v *vandal) []string {
		of := v.line()
		mac := []string{"''", "mac", "'x'"}[v.IntN(3)]
		statements := []string{fmt.Sprintf(forgedLine, of[:8]+"FORGED00", mac, of)}
		switch v.IntN(3) {
		case 0:
			statements = append(statements, "DELETE FROM audit_tail WHERE line_id = '"+of[:8]+"FORGED00'")
		case 1:
			statements = append(statements, "DELETE FROM audit_tail WHERE line_id = '"+of[:8]+"FORGED00'",
				fmt.Sprintf("INSERT INTO audit_seals (number, line_id, seal) SELECT %d, '%sFORGED00', seal FROM audit_seals WHERE number = 1", len(v.lines)+1, of[:8]))
		}
		return statements
	},
	"a line replaced by another": func(v *vandal) []string {
		a, b := v.two()
		return []string{
			"DELETE FROM audit_lines WHERE id = '" + a + "'", fmt.Sprintf(forgedLine, a, "mac", b),
			"DELETE FROM audit_tail WHERE line_id = '" + a + "'",
		}
	},
	"a seal dropped": func(v *vandal) []string {
		return []string{fmt.Sprintf("DELETE FROM audit_seals WHERE number = %d", v.number())}
	},
	"a sealed line put back into the tail": func(v *vandal) []string {
		id := v.line()
		return []string{"DELETE FROM audit_seals WHERE line_id = '" + id + "'", "INSERT INTO audit_tail (line_id) VALUES ('" + id + "')"}
	},
	"a seal altered": func(v *vandal) []string {
		value := []string{"seal || 'x'", "upper(seal)", "(SELECT line_id FROM audit_seals WHERE number = 1)"}[v.IntN(3)]
		return []string{fmt.Sprintf("UPDATE audit_seals SET seal = %s WHERE number = %d", value, v.number())}
	},
	"a seal renumbered": func(v *vandal) []string {
		return []string{fmt.Sprintf("UPDATE audit_seals SET number = %d WHERE number = %d", []int{0, -7, len(v.lines) + 1 + v.IntN(9)}[v.IntN(3)], v.number())}
	},
	"all seals renumbered": func(*vandal) []string {
		return []string{"UPDATE audit_seals SET number = number + 1000", "UPDATE audit_seals SET number = number - 999"}
	},
	"lines of seals swapped": func(v *vandal) []string {
		a, b := v.two()
		return swap("audit_seals", "line_id", "line_id", a, b)
	},
	"whole seals swapped": func(v *vandal) []string {
		a, b := v.two()
		return append(swap("audit_seals", "line_id", "line_id", a, b), swap("audit_seals", "line_id", "seal", a, b)...)
	},
	"the end cut off": (*vandal).cutEnd,
	"the end cut off with the tail": func(v *vandal) []string {
		statements := v.cutEnd()
		for _, id := range v.tail {
			statements = append(statements, "DELETE FROM audit_lines WHERE id = '"+id+"'", "DELETE FROM audit_tail WHERE line_id = '"+id+"'")
		}
		return statements
	},
	"the end put back into the tail": func(v *vandal) []string {
		from := v.number()
		return []string{
			fmt.Sprintf("INSERT INTO audit_tail (line_id) SELECT line_id FROM audit_seals WHERE number >= %d", from),
			fmt.Sprintf("DELETE FROM audit_seals WHERE number >= %d", from),
		}
	},
	"the whole chain dropped": func(*vandal) []string {
		return []string{"INSERT INTO audit_tail (line_id) SELECT line_id FROM audit_seals", "DELETE FROM audit_seals"}
	},
	"the note of the end dropped": func(*vandal) []string { return []string{"DELETE FROM settings WHERE key = 'audit_head'"} },
	"the note of the end changed": func(*vandal) []string {
		return []string{"UPDATE settings SET value = '9' || value WHERE key = 'audit_head'"}
	},
	"all put back to an earlier day": func(v *vandal) []string { // which only a noted head tells
		statements := []string{
			fmt.Sprintf("DELETE FROM audit_lines WHERE id IN (SELECT line_id FROM audit_seals WHERE number > %d)", v.oldEnd),
			fmt.Sprintf("DELETE FROM audit_seals WHERE number > %d", v.oldEnd),
			"UPDATE settings SET value = '" + v.oldHead + "' WHERE key = 'audit_head'",
		}
		for _, id := range v.tail {
			statements = append(statements, "DELETE FROM audit_lines WHERE id = '"+id+"'", "DELETE FROM audit_tail WHERE line_id = '"+id+"'")
		}
		return statements
	},
	"a line of the tail deleted": func(v *vandal) []string {
		return []string{"DELETE FROM audit_lines WHERE id = '" + v.tail[v.IntN(len(v.tail))] + "'"}
	},
	"a line of the tail changed": func(v *vandal) []string {
		return []string{"UPDATE audit_lines SET ip = ip || '1' WHERE id = '" + v.tail[v.IntN(len(v.tail))] + "'"}
	},
	"a line's place in the tail taken": func(v *vandal) []string {
		return []string{"DELETE FROM audit_tail WHERE line_id = '" + v.tail[v.IntN(len(v.tail))] + "'"}
	},
}

// auditTables are all that a vandal may change.
var auditTables = map[string]string{
	"audit_lines": "id, created_at, actor_kind, actor_id, actor_name, user_id, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id, mac",
	"audit_seals": "number, line_id, seal", "audit_tail": "line_id", "settings": "key, value",
}

// dropTriggers lets the database be changed as by somebody who has all rights on it.
func dropTriggers(t *testing.T, store *models.Store, engine string) {
	t.Helper()
	on := ""
	if engine == modelstest.Postgres {
		on = " ON audit_lines"
	} else {
		carryOut(t, store, "PRAGMA synchronous = OFF")
	}
	for _, name := range []string{"audit_lines_keep", "audit_lines_keep_mac", "audit_lines_keep_row"} {
		carryOut(t, store, "DROP TRIGGER "+name+on)
	}
}

func TestEveryTamperingIsFound(t *testing.T) {
	const tries = 1000
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			store := modelstest.Open(t, engine)
			v := vandal{Rand: rand.New(rand.NewPCG(4, 13))}
			by := modelstest.Owner(t, store)
			for i := range 12 {
				modelstest.Group(t, store, by, fmt.Sprintf("Group %d", i))
			}
			seal(t, store)
			old := intact(t, store, "")
			v.oldEnd = int(old.Sealed)
			v.oldHead = one(t, store, "SELECT value FROM settings WHERE key = 'audit_head'")
			modelstest.Contacts(t, store, by, 20)
			seal(t, store)
			noted := intact(t, store, old.Head).Head
			for i := range 3 {
				modelstest.Group(t, store, by, fmt.Sprintf("Unsealed %d", i))
			}
			if proof := intact(t, store, noted); proof.Tail != 3 || proof.Sealed != 33 {
				t.Fatalf("%d sealed and %d not; want 33 and 3", proof.Sealed, proof.Tail)
			}
			v.lines = all(t, store, "SELECT line_id FROM audit_seals ORDER BY number")
			v.tail = all(t, store, "SELECT line_id FROM audit_tail ORDER BY line_id")

			dropTriggers(t, store, engine)
			restore := []string{"DELETE FROM audit_tail"}
			for table, columns := range auditTables {
				carryOut(t, store, "CREATE TABLE kept_"+table+" AS SELECT "+columns+" FROM "+table)
				if table != "audit_tail" {
					restore = append(restore, "DELETE FROM "+table, "INSERT INTO "+table+" ("+columns+") SELECT "+columns+" FROM kept_"+table)
				}
			}
			restore = append(restore, "DELETE FROM audit_tail", "INSERT INTO audit_tail (line_id) SELECT line_id FROM kept_audit_tail")

			var kinds []string
			for kind := range tamperings {
				kinds = append(kinds, kind)
			}
			for i := range tries {
				kind := kinds[i%len(kinds)]
				statements := tamperings[kind](&v)
				carryOut(t, store, statements...)
				if proof := verify(t, store, noted); proof.Broken == nil {
					t.Errorf("%s is not found: %s", kind, strings.Join(statements, "; "))
				} else if proof.Broken.What == "" || proof.Head != "" {
					t.Errorf("%s: %+v", kind, proof)
				}
				carryOut(t, store, restore...)
			}
			intact(t, store, noted)
			intact(t, store, old.Head)
		})
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

// TestACutChainGoesOnAndStaysBroken: the sealer covers up nothing.
func TestACutChainGoesOnAndStaysBroken(t *testing.T) {
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

// TestManyWritersAndSealersMakeOneChain also reads the log all the while.
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
						if err := s.Seal(t.Context()); err != nil {
							t.Error(err)
							return
						}
						if proof, err := s.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
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

// TestOldLinesAreAdoptedOnce seals what was written before there was a chain, and
// takes nothing for old afterwards.
func TestOldLinesAreAdoptedOnce(t *testing.T) {
	const old = 2500
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		insert := `WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < %d)
			INSERT INTO audit_lines (id, created_at, actor_kind, actor_id, actor_name, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id)
			SELECT '%s' || (100000 + i), 7, 'user', 'a', 'Zoë', 'group.create', 'group', 'g', 'Plaza Hotel', '{}', '', '', '' FROM numbers`
		carryOut(t, store, fmt.Sprintf(insert, old, "0000000000"))
		modelstest.Owner(t, store)
		if proof := intact(t, store, ""); proof.Sealed != 0 || proof.Tail != old+1 || proof.Head != "" {
			t.Errorf("before there is a chain: %+v", proof)
		}
		seal(t, store)
		if proof := intact(t, store, ""); proof.Sealed != old+1 || proof.Tail != 0 || !strings.HasPrefix(proof.Head, "2501:") {
			t.Errorf("after the first sealing: %+v", proof)
		}
		carryOut(t, store, fmt.Sprintf(insert, 1, "0000000001"))
		seal(t, store)
		if proof := verify(t, store, ""); proof.Broken == nil || !strings.Contains(proof.Broken.What, "not written by the console") {
			t.Errorf("a line without a mac, later: %+v", proof)
		}
	})
}

func TestWhatIsExpectedMustBeAHead(t *testing.T) {
	store := modelstest.Open(t, modelstest.SQLite)
	for _, wrong := range []string{"x", "0:Zm9vYmFyYmF6cXV4", "-1:Zm9vYmFyYmF6cXV4", "5", "5:", "5:short"} {
		if _, err := store.VerifyAudit(t.Context(), wrong); err == nil {
			t.Errorf("%q is taken for a head", wrong)
		}
	}
}
