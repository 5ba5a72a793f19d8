package copies

import (
	"context"
	"fmt"
	"strings"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// verify returns how the target differs from what was read in the source, or nil.
func (c *Copy) verify(ctx context.Context, tables []pair, head string) error {
	return c.To.DB.Snapshot(ctx, func(r db.Reader) error {
		if err := c.To.DB.Unlimit(r); err != nil {
			return err
		}
		if err := c.compareRows(r, tables); err != nil {
			return err
		}
		broken, err := c.To.DB.BrokenReferences(r)
		if err == nil && len(broken) > 0 {
			err = fmt.Errorf("rows of %s refer to rows that the source doesn't have", strings.Join(broken, ", "))
		}
		if err != nil {
			return err
		}
		copied, err := audit.HeadName(r)
		if err == nil && copied != head {
			err = fmt.Errorf("the activity log of the copy ends at %q, and that of the source at %q", copied, head)
		}
		return err
	})
}

// compareRows reads every row of the target.
func (c *Copy) compareRows(r db.Reader, tables []pair) error {
	var total, read int64
	for _, t := range tables {
		total += c.state.Parts[t.from.Name].Rows
	}
	var buffer []byte
	for _, t := range tables {
		var found part
		err := db.EachRow(r, t.to, false, func(row []any) error {
			var hash sum
			hash, buffer = rowHash(row, buffer)
			found = found.add(hash)
			if read++; read%pieceRows == 0 {
				c.Report(Verifying, read, total)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if want := c.state.Parts[t.from.Name]; found != want {
			return fmt.Errorf("the copied table %s has %d rows, and not the %d that were read: empty the database and copy again", t.to.Name, found.Rows, want.Rows)
		}
	}
	c.Report(Verifying, total, total)
	return nil
}
