package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
)

func verifyAudit(ctx context.Context, c *command) error {
	c.database()
	expect := c.flags.String("expect", "", "`HEAD` that an earlier check printed: the log must still go on from there")
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStore(ctx, func(store *models.Store) error {
		proof, err := store.Audit.VerifyAudit(ctx, *expect)
		if err != nil {
			return err
		}
		return c.printProof(proof, *expect)
	})
}

// adoptAudit accepts the activity as it is.
func adoptAudit(ctx context.Context, c *command) error {
	c.database()
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStore(ctx, func(store *models.Store) error {
		fault, err := store.Audit.AdoptAudit(ctx, c.actor())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "The activity is accepted as it was found: %s\nThat it was is in the activity, and every check will tell of it. Verify it now, and note the head elsewhere.\n", fault)
		return err
	})
}

func (c *command) printProof(proof audit.AuditProof, expect string) error {
	if proof.First > 1 {
		fmt.Fprintf(c.stdout, "first   %d\n", proof.First)
	}
	fmt.Fprintf(c.stdout, "sealed  %d\ntail    %d\n", proof.Sealed, proof.Tail)
	if fault := proof.Broken; fault != nil {
		fmt.Fprintf(c.stdout, "broken  %s\n", fault)
		c.printMark(proof)
		return errors.New("the audit log is not as the console wrote it; console audit adopt accepts it as it is")
	}
	fmt.Fprintf(c.stdout, "head    %s\n", proof.Head)
	c.printMark(proof)
	fmt.Fprintf(c.stdout, "The audit log is intact%s. Note the head elsewhere, and have it looked for next time with -expect.\n", from(proof))
	if proof.Incomparable {
		return fmt.Errorf("%s can't be compared any more: it lies among the lines that were deleted; note the head that is printed now", expect)
	}
	return nil
}

// printMark prints what is kept of the log outside the database, and whether it was ever
// accepted as it was found.
func (c *command) printMark(proof audit.AuditProof) {
	if proof.HasMark {
		fmt.Fprintf(c.stdout, "mark    %d, kept since %d\n", proof.Marked, proof.MarkedSince)
	} else {
		fmt.Fprintf(c.stdout, "mark    none in %s: a database that was put back to an earlier day is found out by -expect only\n", c.markPath())
	}
	if proof.Adoptions > 0 {
		fmt.Fprintf(c.stdout, "adopted %d×; lines that could not be proven then: %d\n", proof.Adoptions, proof.Adopted)
	}
}

// from is where a log begins whose older lines were deleted by the rule.
func from(proof audit.AuditProof) string {
	if proof.First <= 1 {
		return ""
	}
	day := func(at int64) string { return time.Unix(at, 0).UTC().Format(time.DateOnly) }
	return fmt.Sprintf(" from line %d on. The lines before it, from before %s, were deleted by the rule for how long activity is kept, last on %s",
		proof.First, day(proof.DeletedBefore), day(proof.DeletedAt))
}
