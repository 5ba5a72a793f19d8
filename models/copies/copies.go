// Package copies copies a database into an empty one, of the same engine or the other.
//
// All rows are read at one moment of the source, table by table, each always in the same order,
// and written in pieces. With each piece, the target keeps how many rows of the table it has and
// the sum of their hashes. A copy that was interrupted reads the source again from the start. As
// long as the sums are the same, nothing has changed there and nothing is written; a table that
// has changed is copied again. So the result is of one moment too: that of the last run.
//
// Indexes, references and triggers are suspended meanwhile, which are built at the end. Only when
// all rows were read back from the target, and are those of the source, it becomes a database
// that a console opens.
package copies

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// The steps of a copy.
const (
	Rows      = "rows"
	Indexes   = "indexes"
	Verifying = "verifying"
)

// Copy is a copy of one database.
type Copy struct {
	From, To *models.Store
	// Report is called with the progress of each step.
	Report func(step string, done, total int64)
	// Piece is how many rows one transaction writes at most, 20,000 by default. Tests may set it.
	Piece int

	run   string // names this run
	state state
}

// Result says what was copied.
type Result struct {
	// Rows are how many rows each table has.
	Rows map[string]int64
	// Kept is how many rows an earlier run had written that could stay, and Changed are the
	// tables that had changed since.
	Kept    int64
	Changed []string
	// Head identifies the end of the activity log; "" if nothing is sealed yet.
	Head string
	// Behind reports that the source was changed after the moment of the copy.
	Behind bool
}

// state is what a copy knows about itself, in the target.
type state struct {
	// Parts are how far each table was copied.
	Parts map[string]part `json:"parts"`
	// Numbers stands for the groups on hold that the row numbers were made with.
	Numbers sum `json:"numbers"`
	// Build are the statements that are left to do at the end, and Building reports whether
	// some of them were done.
	Build    []string `json:"build"`
	Building bool     `json:"building"`
}

// part is how many rows of a table were copied, and the sum of their hashes.
type part struct {
	Rows int64 `json:"rows"`
	Sum  sum   `json:"sum"`
}

// text returns the state as the target keeps it.
func (s state) text() string {
	said, _ := json.Marshal(s) // numbers and strings always marshal
	return string(said)
}

// Run copies everything from one database to the other, or goes on with that. Errors:
// db.ErrNotEmpty.
func (c *Copy) Run(ctx context.Context) (found Result, err error) {
	if err := c.compareSchemas(ctx); err != nil {
		return found, err
	}
	c.Piece = cmp.Or(c.Piece, pieceRows)
	if err := c.begin(ctx); err != nil {
		return found, err
	}
	err = c.attempt(ctx, &found)
	if errors.Is(err, errChanged) { // while indexes were built already
		if err = c.suspend(ctx, false); err == nil {
			err = c.attempt(ctx, &found)
		}
	}
	if err != nil {
		return found, err
	}
	newest, err := newestLine(c.From.DB.Read(ctx))
	if err != nil {
		return found, err
	}
	copied, err := newestLine(c.To.DB.Read(ctx))
	found.Behind = newest != copied
	return found, err
}

// attempt copies what is left, as it is at one moment.
func (c *Copy) attempt(ctx context.Context, found *Result) (err error) {
	loader, err := c.To.DB.Loader(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, loader.Close()) }()
	*found = Result{Rows: map[string]int64{}}
	return c.From.DB.Snapshot(ctx, func(r db.Reader) error {
		if err := c.From.DB.Unlimit(r); err != nil {
			return err
		}
		return c.all(ctx, r, loader, found)
	})
}

// compareSchemas refuses a source whose schema isn't that of this program, which the target gets.
func (c *Copy) compareSchemas(ctx context.Context) error {
	has, err := db.SchemaVersion(c.From.DB.Read(ctx))
	if err != nil {
		return fmt.Errorf("%s has no database of the console", c.From.DB.Address())
	}
	known, err := c.From.DB.KnownVersion()
	switch {
	case err != nil:
		return err
	case has < known:
		return fmt.Errorf("%s has version %d of the schema, and this program %d: back it up and run console migrate on it first", c.From.DB.Address(), has, known)
	case has > known:
		return fmt.Errorf("%s has version %d of the schema, and this program only %d: copy it with the newer program", c.From.DB.Address(), has, known)
	}
	return nil
}

// begin prepares the target, or reads how far an earlier run came.
func (c *Copy) begin(ctx context.Context) error {
	c.run, c.state.Parts = text.RandomDigits(text.IDLength), map[string]part{}
	saved, err := c.To.DB.BeginCopy(ctx, c.From.DB.Address(), c.run)
	if err != nil {
		return err
	}
	if saved != "" {
		return json.Unmarshal([]byte(saved), &c.state)
	}
	if err := c.To.Migrate(ctx); err != nil {
		return err
	}
	return c.suspend(ctx, true)
}

// suspend drops indexes, references and triggers, and keeps how to build them. empty deletes what
// migrations wrote.
func (c *Copy) suspend(ctx context.Context, empty bool) error {
	tables, err := c.To.DB.Tables(c.To.DB.Read(ctx))
	if err != nil {
		return err
	}
	return c.To.DB.SuspendAll(ctx, slices.Sorted(maps.Keys(tables)), empty, func(build []string) string {
		for _, statement := range c.state.Build {
			if !slices.Contains(build, statement) {
				build = append(build, statement)
			}
		}
		c.state.Build, c.state.Building = build, false
		return c.state.text()
	})
}

// all copies all tables, builds what was suspended, and verifies the target.
func (c *Copy) all(ctx context.Context, r db.Reader, loader db.Loader, found *Result) error {
	tables, err := c.tables(ctx, r)
	if err != nil {
		return err
	}
	if found.Head, err = audit.HeadName(r); err != nil {
		return err
	}
	if err := c.copyRows(ctx, r, loader, tables, found); err != nil {
		return err
	}
	if err := c.build(ctx, loader); err != nil {
		return err
	}
	if err := c.verify(ctx, tables, found.Head); err != nil {
		return err
	}
	return loader.Transaction(ctx, func(l db.Load) error { return c.To.DB.EndCopy(ctx, l) })
}

// pair is a table on both sides.
type pair struct{ from, to db.Table }

// tables returns the tables of both, which have the same columns.
func (c *Copy) tables(ctx context.Context, r db.Reader) ([]pair, error) {
	from, err := c.From.DB.Tables(r)
	if err != nil {
		return nil, err
	}
	to, err := c.To.DB.Tables(c.To.DB.Read(ctx))
	if err != nil {
		return nil, err
	}
	if len(from) != len(to) {
		return nil, fmt.Errorf("%s has %d tables and %s %d: one of them was changed by hand", c.From.DB.Address(), len(from), c.To.DB.Address(), len(to))
	}
	var pairs []pair
	for _, name := range slices.Sorted(maps.Keys(from)) {
		f, t := from[name], to[name]
		if !sameColumns(f, t) {
			return nil, fmt.Errorf("the columns of the table %s aren't the same at %s and %s: one of them was changed by hand", name, c.From.DB.Address(), c.To.DB.Address())
		}
		t.Columns = f.Columns // in one order on both sides
		pairs = append(pairs, pair{f, t})
	}
	return pairs, nil
}

func sameColumns(a, b db.Table) bool {
	kinds := map[string]string{}
	for _, column := range a.Columns {
		kinds[column.Name] = column.Kind
	}
	for _, column := range b.Columns {
		if kinds[column.Name] != column.Kind {
			return false
		}
	}
	return len(a.Columns) == len(b.Columns)
}

// build does what is left of the statements that were suspended.
func (c *Copy) build(ctx context.Context, loader db.Loader) error {
	total := int64(len(c.state.Build))
	for len(c.state.Build) > 0 {
		c.Report(Indexes, total-int64(len(c.state.Build)), total)
		statement := c.state.Build[0]
		c.state.Build, c.state.Building = c.state.Build[1:], true
		err := loader.Transaction(ctx, func(l db.Load) error {
			if err := db.SaveCopy(ctx, l, c.run, c.state.text()); err != nil {
				return err
			}
			_, err := l.Exec(ctx, statement)
			return err
		})
		if err != nil {
			return err
		}
	}
	c.Report(Indexes, total, total)
	return nil
}

// newestLine returns the id of the newest line of the activity log.
func newestLine(r db.Reader) (string, error) {
	newest, err := db.Collect(r, "SELECT coalesce(max(id), '') FROM audit_lines", false, nil, db.OneColumn[string])
	if err != nil {
		return "", err
	}
	return newest[0], nil
}
