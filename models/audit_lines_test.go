package models_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// TestUnauditedWrites lists the functions that may commit a change without a line. Add one
// only if no one asked for what it does, or if its line is written elsewhere.
func TestUnauditedWrites(t *testing.T) {
	want := []string{
		"audit/idempotency.go replay",       // keeps the answer of a call that changed nothing
		"audit/retention.go DeleteOldPiece", // the last piece has the line of all
		"audit/retention.go SetRule",        // confirms the time, if the rule stays as it is
		"audit/write.go Record",             // which knows what it means
		"jobs/upload.go Check",              // finds out, and changes nothing
		"jobs/upload.go decide",             // which knows what it means
		"jobs/upload.go prepare",            // has a line once the file is there
	}
	if got := usesOf(t, "ErrNoAuditLine"); !slices.Equal(got, want) {
		t.Errorf("ErrNoAuditLine is used in\n\t%s", strings.Join(got, "\n\t"))
	}
}

// usesOf returns the functions of the models that use a name, each after its file.
func usesOf(t *testing.T, name string) (uses []string) {
	t.Helper()
	eachFunction(t, func(file string, fn *ast.FuncDecl) {
		ast.Inspect(fn, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Name == name {
				uses = append(uses, file+" "+fn.Name.Name)
			}
			return true
		})
	})
	slices.Sort(uses)
	return slices.Compact(uses)
}

// eachFunction calls do for each function below models that is not of a test.
func eachFunction(t *testing.T, do func(file string, fn *ast.FuncDecl)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				do(filepath.ToSlash(path), fn)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestErrNothingRollsBack checks that ErrNothing rolls back and ErrNoAuditLine commits,
// both without a line.
func TestErrNothingRollsBack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		for want, outcome := range map[int]error{0: audit.ErrNothing, 1: audit.ErrNoAuditLine} {
			name := outcome.Error()
			err := store.Audit.Record(t.Context(), access.System("test"), audit.Seeded, func(tx *gorm.DB, _ *audit.Line) error {
				return cmp.Or(tx.Create(&db.Setting{Key: name, Value: "x"}).Error, outcome)
			})
			var rows int64
			if err := cmp.Or(err, store.DB.Writer.Model(&db.Setting{}).Where("key = ?", name).Count(&rows).Error); err != nil {
				t.Fatal(err)
			}
			if lines := modelstest.Rows(t, store)["audit_lines"]; int(rows) != want || lines != 0 {
				t.Errorf("%v: %d rows and %d lines", outcome, rows, lines)
			}
		}
	})
}

// TestTotalsAreCachedUntilTheyChange reads the cached total of contacts while the clock
// stands still.
func TestTotalsAreCachedUntilTheyChange(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		now := time.Now()
		store.DB.Now = func() time.Time { return now }
		counted := 0
		total := func() int {
			_, err := store.DB.Counts.Get("contacts", now, func() (db.Count, error) { counted++; return db.Count{}, nil })
			if err != nil {
				t.Fatal(err)
			}
			return counted
		}
		total()
		modelstest.Group(t, store, by, "Plaza Hotel")
		if n := total(); n != 1 {
			t.Errorf("after a new group they were counted %d times", n)
		}
		modelstest.Contact(t, store, by, "ada")
		if n := total(); n != 2 {
			t.Errorf("after a new contact they were counted %d times", n)
		}
	})
}
