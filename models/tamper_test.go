package models_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
)

// vandal tampers at random with a log.
type vandal struct {
	*rand.Rand
	lines, tail []string // ids in the order of the chain, and of those not sealed
	oldHead     string   // the note of an earlier end of the chain
	oldEnd      int
	// gone is how many links were deleted by the rule before lines, and oldNotes are what
	// earlier notes of the beginning held, as statements have values.
	gone     int
	oldNotes []string
	// firstHead is the note of the end of the chain as it was in the new database.
	firstHead string
}

func (v *vandal) line() string { return v.lines[v.IntN(len(v.lines))] }

func (v *vandal) two() (string, string) {
	a := v.IntN(len(v.lines))
	b := (a + 1 + v.IntN(len(v.lines)-1)) % len(v.lines)
	return v.lines[a], v.lines[b]
}

func (v *vandal) number() int { return v.gone + 1 + v.IntN(len(v.lines)) }

// end returns the number of the last link.
func (v *vandal) end() int { return v.gone + len(v.lines) }

func (v *vandal) cutEnd() []string {
	from := v.number()
	statements := []string{fmt.Sprintf("DELETE FROM audit_seals WHERE number >= %d", from)}
	for _, id := range v.lines[from-1-v.gone:] {
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
			fmt.Sprintf("DELETE FROM audit_lines WHERE id = '%s'", v.lines[n-1-v.gone]),
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
				fmt.Sprintf("INSERT INTO audit_seals (number, line_id, seal) SELECT %d, '%sFORGED00', seal FROM audit_seals WHERE number = %d", v.end()+1, of[:8], v.gone+1))
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
		value := []string{"seal || 'x'", "upper(seal)", fmt.Sprintf("(SELECT line_id FROM audit_seals WHERE number = %d)", v.gone+1)}[v.IntN(3)]
		return []string{fmt.Sprintf("UPDATE audit_seals SET seal = %s WHERE number = %d", value, v.number())}
	},
	"a seal renumbered": func(v *vandal) []string {
		return []string{fmt.Sprintf("UPDATE audit_seals SET number = %d WHERE number = %d", []int{0, -7, v.end() + 1 + v.IntN(9)}[v.IntN(3)], v.number())}
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

// anew returns statements after which it looks as if the chain had never begun.
func (v *vandal) anew(statements ...string) []string {
	return append(statements, "DELETE FROM audit_seals", "DELETE FROM audit_retention", "DELETE FROM audit_tail",
		"INSERT INTO audit_tail (line_id) SELECT id FROM audit_lines")
}

// forgeries are ways to have the console sign what it did not write.
var forgeries = map[string]func(v *vandal) []string{
	"the chain begun anew, as it was": func(v *vandal) []string { return v.anew("DELETE FROM settings WHERE key = 'audit_head'") },
	"the chain begun anew without proofs": func(v *vandal) []string {
		return v.anew("UPDATE audit_lines SET mac = '', object_name = 'Forged'", "DELETE FROM settings WHERE key = 'audit_head'")
	},
	"the chain begun anew without a line": func(v *vandal) []string {
		return v.anew("DELETE FROM audit_lines WHERE id = '"+v.line()+"'", "DELETE FROM settings WHERE key = 'audit_head'")
	},
	"the chain begun anew without any line": func(v *vandal) []string {
		return v.anew("DELETE FROM audit_lines", "DELETE FROM settings WHERE key = 'audit_head'")
	},
	"the chain begun anew without the settings": func(v *vandal) []string {
		return v.anew("DELETE FROM audit_lines WHERE id = '"+v.line()+"'", "DELETE FROM settings WHERE key <> 'key'")
	},
	"the first head put back, as it was": func(v *vandal) []string { return v.anew(v.head(v.firstHead)) },
	"the first head put back without a line": func(v *vandal) []string {
		return v.anew("DELETE FROM audit_lines WHERE id = '"+v.line()+"'", v.head(v.firstHead))
	},
	"the first head put back without any line": func(v *vandal) []string {
		return v.anew("DELETE FROM audit_lines", v.head(v.firstHead))
	},
	"the first head put back without proofs": func(v *vandal) []string {
		return v.anew("UPDATE audit_lines SET mac = '', object_name = 'Forged'", v.head(v.firstHead))
	},
	"an old head put back, the rest to be sealed again": func(v *vandal) []string {
		return []string{
			"INSERT INTO audit_tail (line_id) SELECT line_id FROM audit_seals WHERE number > " + fmt.Sprint(v.oldEnd),
			fmt.Sprintf("DELETE FROM audit_seals WHERE number > %d", v.oldEnd), v.head(v.oldHead),
		}
	},
	"an old head put back, the rest to be sealed again without a line": func(v *vandal) []string {
		gone := v.lines[v.oldEnd-v.gone+v.IntN(len(v.lines)-v.oldEnd+v.gone)]
		return []string{
			"INSERT INTO audit_tail (line_id) SELECT line_id FROM audit_seals WHERE number > " + fmt.Sprint(v.oldEnd),
			fmt.Sprintf("DELETE FROM audit_seals WHERE number > %d", v.oldEnd), v.head(v.oldHead),
			"DELETE FROM audit_tail WHERE line_id = '" + gone + "'", "DELETE FROM audit_lines WHERE id = '" + gone + "'",
		}
	},
	"a line said to be adopted": func(v *vandal) []string {
		mac := []string{"'adopted ' || mac", "'adopted '", "'adopted x:y'"}[v.IntN(3)]
		return []string{"UPDATE audit_lines SET mac = " + mac + " WHERE id = '" + v.line() + "'"}
	},
	"an adoption invented": func(v *vandal) []string {
		return []string{"UPDATE settings SET value = replace(value, ' 0 ', ' 1 ') WHERE key = 'audit_head'"}
	},
}

// head puts a note of the end of the chain in place.
func (v *vandal) head(value string) string {
	return "UPDATE settings SET value = '" + value + "' WHERE key = 'audit_head'"
}

// lineColumns and noteColumns are those of a line and of the note of the beginning.
const (
	lineColumns = "id, created_at, actor_kind, actor_id, actor_name, user_id, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id, mac"
	noteColumns = "one, kept, line_id, number, seal, floor, deleted_before, deleted_at, told, proof"
)

// cutTamperings are the ways to meddle with a log whose beginning was deleted by the rule.
var cutTamperings = map[string]func(v *vandal) []string{
	"the beginning moved": func(v *vandal) []string {
		return []string{fmt.Sprintf("UPDATE audit_retention SET number = number + %d", []int{-3, -1, 1, 4}[v.IntN(4)])}
	},
	"the floor moved and lines deleted": func(v *vandal) []string {
		n := v.number()
		return append([]string{fmt.Sprintf("UPDATE audit_retention SET number = %d", n)}, v.cutStart(n)...)
	},
	"the beginning forged": func(v *vandal) []string {
		n := v.number()
		sealed := fmt.Sprintf("(SELECT seal FROM audit_seals WHERE number = %d)", n)
		proof := []string{"proof", "''", sealed, "(SELECT max(mac) FROM audit_lines)"}[v.IntN(4)]
		return append([]string{fmt.Sprintf("UPDATE audit_retention SET number = %d, told = %d, seal = %s, proof = %s", n, n, sealed, proof)}, v.cutStart(n)...)
	},
	"an old note of the beginning put back": func(v *vandal) []string {
		return []string{"DELETE FROM audit_retention", "INSERT INTO audit_retention (" + noteColumns + ") SELECT " + noteColumns + " FROM " + v.oldNotes[v.IntN(len(v.oldNotes))]}
	},
	"the note of the beginning dropped": func(*vandal) []string { return []string{"DELETE FROM audit_retention"} },
	"the rule changed": func(v *vandal) []string {
		return []string{"UPDATE audit_retention SET kept = '" + string(audit.Retentions[2+v.IntN(2)]) + "'"}
	},
	"the time of the deletion changed": func(v *vandal) []string {
		return []string{"UPDATE audit_retention SET " + []string{"deleted_at", "deleted_before", "told"}[v.IntN(3)] + " = 7"}
	},
	"the whole log removed and a new beginning put up": func(v *vandal) []string {
		return []string{
			fmt.Sprintf("UPDATE audit_retention SET number = %[1]d, told = %[1]d, seal = (SELECT seal FROM audit_seals WHERE number = %[1]d)", v.end()),
			"DELETE FROM audit_lines", "DELETE FROM audit_seals", "DELETE FROM audit_tail",
		}
	},
	"the whole log removed, the old beginning left": func(*vandal) []string {
		return []string{"DELETE FROM audit_lines", "DELETE FROM audit_seals", "DELETE FROM audit_tail", "DELETE FROM settings WHERE key = 'audit_head'"}
	},
	"a deleted line put back": func(v *vandal) []string { return []string{v.putBack()} },
	"a deleted line put back with its link": func(v *vandal) []string {
		return []string{
			v.putBack(), "DELETE FROM audit_tail WHERE line_id IN (SELECT id FROM once_lines)",
			"INSERT INTO audit_seals (number, line_id, seal) SELECT number, line_id, seal FROM once_seals WHERE line_id IN (SELECT id FROM audit_lines) AND line_id NOT IN (SELECT line_id FROM audit_seals)",
		}
	},
	"a deleted link put back": func(v *vandal) []string {
		return []string{fmt.Sprintf("INSERT INTO audit_seals (number, line_id, seal) SELECT number, line_id, seal FROM once_seals WHERE number = %d", 1+v.IntN(v.gone))}
	},
}

// cutStart deletes lines with their links up to a number.
func (v *vandal) cutStart(n int) []string {
	return []string{
		fmt.Sprintf("DELETE FROM audit_lines WHERE id IN (SELECT line_id FROM audit_seals WHERE number <= %d)", n),
		fmt.Sprintf("DELETE FROM audit_seals WHERE number <= %d", n),
	}
}

// putBack returns a line again that was deleted.
func (v *vandal) putBack() string {
	return fmt.Sprintf("INSERT INTO audit_lines ("+lineColumns+") SELECT "+lineColumns+
		" FROM once_lines WHERE id = (SELECT line_id FROM once_seals WHERE number = %d)", 1+v.IntN(v.gone))
}

// auditTables are all that a vandal may change.
var auditTables = map[string]string{
	"audit_lines": lineColumns, "audit_seals": "number, line_id, seal", "audit_tail": "line_id", "settings": "key, value", "audit_retention": noteColumns,
}

// dropTriggers lets the database be changed as by someone who has all rights on it.
func dropTriggers(t *testing.T, store *models.Store, engine string) {
	t.Helper()
	on := ""
	if engine == modelstest.Postgres {
		on = " ON audit_lines"
	}
	for _, name := range []string{"audit_lines_keep", "audit_lines_keep_content", "audit_lines_keep_mac", "audit_lines_keep_row"} {
		carryOut(t, store, "DROP TRIGGER "+name+on)
	}
}

func TestEveryTamperingIsFound(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			store := modelstest.Open(t, engine)
			v := vandal{Rand: rand.New(rand.NewPCG(4, 13)), firstHead: headOf(t, store)}
			all := maps.Clone(tamperings)
			maps.Copy(all, forgeries)
			v.tamper(t, store, modelstest.Owner(t, store), engine, all)
		})
	}
}

// TestEveryTamperingWithACutLogIsFound does the same, and more, to a log whose first lines
// the retention rule has deleted, in two runs.
func TestEveryTamperingWithACutLogIsFound(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			store := modelstest.Open(t, engine)
			v := vandal{Rand: rand.New(rand.NewPCG(4, 14)), firstHead: headOf(t, store)}
			by := oldActivity(t, store, 6, 3)
			carryOut(t, store, "CREATE TABLE once_lines AS SELECT "+lineColumns+" FROM audit_lines", "CREATE TABLE once_seals AS SELECT * FROM audit_seals")
			for i, kept := range []audit.Retention{"P5Y", "P1Y"} {
				keep(t, store, by, kept)
				note := fmt.Sprintf("note%d", i)
				v.oldNotes = append(v.oldNotes, note+"_rule", note)
				carryOut(t, store, "CREATE TABLE "+note+"_rule AS SELECT * FROM audit_retention")
				deleteOld(t, store)
				carryOut(t, store, "CREATE TABLE "+note+" AS SELECT * FROM audit_retention")
				seal(t, store)
			}
			v.oldNotes = v.oldNotes[:len(v.oldNotes)-1] // the last one holds
			if v.gone = int(intact(t, store, "").First) - 1; v.gone != 9 {
				t.Fatalf("%d lines are gone; want 9", v.gone)
			}
			all := maps.Clone(tamperings)
			maps.Copy(all, cutTamperings)
			maps.Copy(all, forgeries)
			v.tamper(t, store, by, engine, all)
		})
	}
}

func headOf(t *testing.T, store *models.Store) string {
	t.Helper()
	return one(t, store, "SELECT value FROM settings WHERE key = 'audit_head'")
}

// tamper meddles with a log in every way, five times or nightly a thousand times in all, and
// wants it found each time by who has nothing but the mark, and found still after the
// console has sealed.
func (v *vandal) tamper(t *testing.T, store *models.Store, by access.Actor, engine string, kinds map[string]func(*vandal) []string) {
	file := filepath.Join(t.TempDir(), "console.mark")
	store.Audit.UseMarkFile(file)
	for i := range 12 {
		modelstest.Group(t, store, by, fmt.Sprintf("Group %d", i))
	}
	seal(t, store)
	old := intact(t, store, "")
	v.oldEnd = v.gone + int(old.Sealed)
	v.oldHead = headOf(t, store)
	modelstest.Contacts(t, store, by, 20)
	seal(t, store)
	intact(t, store, old.Head)
	mark, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		modelstest.Group(t, store, by, fmt.Sprintf("Unsealed %d", i))
	}
	if proof := intact(t, store, old.Head); proof.Tail != 3 || proof.Sealed != old.Sealed+20 {
		t.Fatalf("%d sealed and %d not; want %d and 3", proof.Sealed, proof.Tail, old.Sealed+20)
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

	names := slices.Sorted(maps.Keys(kinds))
	for i := range modelstest.Rounds(5*len(names), 1000) {
		kind := names[i%len(names)]
		statements := kinds[kind](v)
		carryOut(t, store, statements...)
		if proof := verify(t, store, ""); proof.Broken == nil {
			t.Errorf("%s is not found: %s", kind, strings.Join(statements, "; "))
		} else if proof.Broken.Kind == "" || proof.Head != "" {
			t.Errorf("%s: %+v", kind, proof)
		}
		if i/len(names)%3 == 0 {
			_ = store.Audit.Seal(t.Context()) // which it may refuse
			if proof := verify(t, store, ""); proof.Broken == nil {
				t.Errorf("%s is not found once it is sealed: %s", kind, strings.Join(statements, "; "))
			}
			if err := os.WriteFile(file, mark, 0o600); err != nil {
				t.Fatal(err)
			}
			store.ForgetMark()
		}
		carryOut(t, store, restore...)
	}
	intact(t, store, old.Head)
}
