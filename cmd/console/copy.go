package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/copies"
)

// copyDatabase copies everything from one database to another, which may be of the other engine.
func copyDatabase(ctx context.Context, c *command) error {
	from := c.flags.String("from", "", "database `URL` to copy: sqlite:FILE or postgres://USER@HOST/NAME")
	to := c.flags.String("to", "", "`URL` of an empty or missing database")
	c.keyFlag()
	if _, err := c.parse(); err != nil {
		return err
	}
	if *from == "" || *to == "" || *from == *to {
		return misusef("-from and -to must name two databases")
	}
	if file, isSQLite := strings.CutPrefix(*from, "sqlite:"); isSQLite {
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("there is no database to copy: %w", err)
		}
	}
	c.databaseURL = *from
	source, err := models.OpenToRead(ctx, *from)
	if err != nil {
		return fmt.Errorf("can't open the database to copy: %w", err)
	}
	defer func() { _ = source.Close() }() // it was only read
	target, err := models.Open(ctx, *to)
	if err != nil {
		return fmt.Errorf("can't open the database to copy to: %w", err)
	}
	return errors.Join(c.copyInto(ctx, source, target), target.Close())
}

// copyInto copies source into target, and says what came of it.
func (c *command) copyInto(ctx context.Context, source, target *models.Store) error {
	bar := newProgressBar(c, map[string]int{})
	copied, err := (&copies.Copy{From: source, To: target, Report: func(step string, done, total int64) {
		bar.totals[step] = int(total)
		bar.show(step, int(done))
	}}).Run(ctx)
	bar.end()
	if copied.Kept > 0 {
		fmt.Fprintf(c.stdout, "Went on with an unfinished copy: %d rows were there.\n", copied.Kept)
	}
	if len(copied.Changed) > 0 {
		fmt.Fprintf(c.stdout, "Copied again, because they had changed since: %s.\n", strings.Join(copied.Changed, ", "))
	}
	if err != nil && ctx.Err() != nil {
		return errors.New("the copy isn't finished; run the same command again to go on with it")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "Copied %s from %s to %s, and compared every row.\n", rowsText(copied.Rows), source.DB.Address(), target.DB.Address())
	if err := c.verifyCopy(ctx, target); err != nil {
		return err
	}
	if copied.Behind {
		fmt.Fprintf(c.stderr, "console: %s was changed after the copy began, and the copy lacks that. Stop the console, and copy into another empty database.\n", source.DB.Address())
	}
	return nil
}

// verifyCopy verifies the activity log of the copy, if the keys are here, and says that they belong to it.
func (c *command) verifyCopy(ctx context.Context, target *models.Store) error {
	keys, err := c.keys()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintf(c.stdout, "There is no key file at %s, so the activity log wasn't verified.\n", c.keyPath())
	case err != nil:
		return err
	default:
		target.Audit.Keyring.Set(keys)
		proof, err := target.Audit.VerifyAudit(ctx, "")
		if err != nil {
			return err
		}
		if proof.Broken != nil {
			return fmt.Errorf("the activity log was copied as it is, and can't be verified: %s", faultText(*proof.Broken))
		}
		fmt.Fprintf(c.stdout, "Activity log verified: %d entries.\n", proof.Sealed+proof.Tail)
	}
	_, err = fmt.Fprintf(c.stdout, "The encryption keys aren't in it: give the console that opens it %s.\n", c.keysWords())
	return err
}
