package copies

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"protocol.chat/console/models/db"
)

// How much one transaction writes at most.
const (
	pieceRows  = 20_000
	pieceBytes = 16 << 20
)

// errChanged ends the reading of a table whose copied rows are no longer those of the source.
var errChanged = errors.New("the source has changed since the copy was interrupted")

// sum adds the hashes of rows, in any order.
type sum [2]uint64

// rowHash returns the sum of one row. buffer is used again for the next.
func rowHash(row []any, buffer []byte) (sum, []byte) {
	buffer = buffer[:0]
	for _, value := range row {
		switch v := value.(type) {
		case nil:
			buffer = append(buffer, 0)
		case string:
			buffer = append(binary.AppendUvarint(append(buffer, 1), uint64(len(v))), v...)
		case []byte:
			buffer = append(binary.AppendUvarint(append(buffer, 2), uint64(len(v))), v...)
		case int64:
			buffer = binary.AppendVarint(append(buffer, 3), v)
		case bool:
			buffer = append(buffer, 4)
			if v {
				buffer = append(buffer, 1)
			}
		}
	}
	hash := sha256.Sum256(buffer)
	return sum{binary.BigEndian.Uint64(hash[:8]), binary.BigEndian.Uint64(hash[8:16])}, buffer
}

// add returns a part with one row more.
func (p part) add(hash sum) part {
	return part{p.Rows + 1, sum{p.Sum[0] + hash[0], p.Sum[1] + hash[1]}}
}

// copyRows copies all tables.
func (c *Copy) copyRows(ctx context.Context, r db.Reader, loader db.Loader, tables []pair, found *Result) error {
	counts, err := c.From.DB.RowCounts(r)
	if err != nil {
		return err
	}
	w := writer{Copy: c, ctx: ctx, r: r, loader: loader, result: found}
	for _, t := range tables {
		w.total += counts[t.from.Name]
		found.Kept += c.state.Parts[t.from.Name].Rows
	}
	if w.numbers, err = readNumbers(r); err != nil {
		return err
	}
	for _, set := range sets(tables) {
		if err := w.copySet(set); err != nil {
			return err
		}
	}
	return nil
}

// sets are the tables, with groups and those on hold, which share row numbers, in one.
func sets(tables []pair) [][]pair {
	var all [][]pair
	var numbered []pair
	for _, t := range tables {
		if t.from.Name == "groups" || t.from.Name == "held_groups" {
			numbered = append(numbered, t)
			continue
		}
		all = append(all, []pair{t})
	}
	return append(all, numbered)
}

// writer writes the rows of one table after the other.
type writer struct {
	*Copy
	ctx     context.Context
	r       db.Reader
	loader  db.Loader
	result  *Result
	numbers numbers

	done, total int64
	table       pair
	columns     []string
	id          int // the place of the id among the columns

	known, part part // as far as an earlier run came, and this one
	rows        [][]any
	size        int
	buffer      []byte
}

// copySet copies tables, all of them anew if one has changed since they were copied.
func (w *writer) copySet(set []pair) error {
	err := w.copyTables(set)
	if !errors.Is(err, errChanged) || w.state.Building {
		return err
	}
	for _, t := range set {
		w.result.Kept -= w.state.Parts[t.from.Name].Rows
		w.result.Changed = append(w.result.Changed, t.from.Name)
		w.state.Parts[t.from.Name] = part{}
	}
	w.numbers.restart()
	err = w.loader.Transaction(w.ctx, func(l db.Load) error {
		err := db.SaveCopy(w.ctx, l, w.run, w.state.text())
		for i := 0; i < len(set) && err == nil; i++ {
			err = l.Empty(w.ctx, set[i].to.Name)
		}
		return err
	})
	if err != nil {
		return err
	}
	return w.copyTables(set)
}

func (w *writer) copyTables(set []pair) error {
	for _, t := range set {
		before := w.done
		if err := w.copyTable(t); err != nil {
			w.done = before
			return err
		}
	}
	return nil
}

// copyTable copies what is missing of a table. It returns errChanged if what is there isn't
// what the source has.
func (w *writer) copyTable(t pair) error {
	w.table, w.known, w.part = t, w.state.Parts[t.from.Name], part{}
	w.rows, w.size, w.columns = w.rows[:0], 0, nil
	w.id = slices.IndexFunc(t.from.Columns, func(c db.Column) bool { return c.Name == "id" })
	if t.to.Numbered {
		w.columns = []string{db.RowNumber}
	}
	for _, column := range t.from.Columns {
		w.columns = append(w.columns, column.Name)
	}
	if t.from.Name == "groups" {
		if w.known.Rows > 0 && w.state.Numbers != w.numbers.sum {
			return errChanged
		}
		w.state.Numbers = w.numbers.sum
	}
	if err := db.EachRow(w.r, t.from, true, w.take); err != nil {
		return err
	}
	if w.part.Rows < w.known.Rows {
		return errChanged
	}
	if t.from.Name == "groups" {
		w.numbers.rest()
	}
	return w.write()
}

// take checks a row that is there already, or keeps it to be written.
func (w *writer) take(row []any) error {
	var hash sum
	hash, w.buffer = rowHash(row, w.buffer)
	w.part = w.part.add(hash)
	if w.table.to.Numbered {
		row = slices.Insert(row, 0, any(w.numbers.next(w.table.from.Name, row[w.id].(string))))
	}
	if w.part.Rows <= w.known.Rows {
		if w.done++; w.part.Rows == w.known.Rows && w.part.Sum != w.known.Sum {
			return errChanged
		}
		return nil
	}
	w.rows, w.size = append(w.rows, row), w.size+len(w.buffer)
	if len(w.rows) >= w.Piece || w.size >= pieceBytes {
		return w.write()
	}
	return nil
}

// write writes the rows that were kept, and how far the table is.
func (w *writer) write() error {
	name := w.table.to.Name
	w.result.Rows[name] = w.part.Rows
	if len(w.rows) == 0 {
		return nil
	}
	if w.state.Building {
		return errChanged
	}
	w.state.Parts[name] = w.part
	err := w.loader.Transaction(w.ctx, func(l db.Load) error {
		if err := db.SaveCopy(w.ctx, l, w.run, w.state.text()); err != nil {
			return err
		}
		if err := l.Insert(w.ctx, name, w.columns, w.rows); err != nil {
			return fmt.Errorf("the rows of %s can't be written: %w", name, err)
		}
		return nil
	})
	w.done += int64(len(w.rows))
	w.Report(Rows, w.done, w.total)
	clear(w.rows)
	w.rows, w.size = w.rows[:0], 0
	return err
}
