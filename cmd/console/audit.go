package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"protocol.chat/console/models"
)

func verifyAudit(ctx context.Context, c *command) error {
	c.database()
	expect := c.flags.String("expect", "", "`HEAD` that an earlier check printed: the log must still go on from there")
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStore(ctx, func(store *models.Store) error {
		proof, err := store.VerifyAudit(ctx, *expect)
		if err != nil {
			return err
		}
		return c.printProof(proof, *expect)
	})
}

func (c *command) printProof(proof models.AuditProof, expect string) error {
	if proof.First > 1 {
		fmt.Fprintf(c.stdout, "first   %d\n", proof.First)
	}
	fmt.Fprintf(c.stdout, "sealed  %d\ntail    %d\n", proof.Sealed, proof.Tail)
	if fault := proof.Broken; fault != nil {
		fmt.Fprintf(c.stdout, "broken  %s\n", fault)
		return errors.New("the audit log is not as the console wrote it")
	}
	fmt.Fprintf(c.stdout, "head    %s\nThe audit log is intact%s. Note the head elsewhere, and have it looked for next time with -expect.\n", proof.Head, from(proof))
	if proof.Incomparable {
		return fmt.Errorf("%s can't be compared any more: it lies among the lines that were deleted; note the head that is printed now", expect)
	}
	return nil
}

// from is where a log begins whose older lines were deleted by the rule.
func from(proof models.AuditProof) string {
	if proof.First <= 1 {
		return ""
	}
	day := func(at int64) string { return time.Unix(at, 0).UTC().Format(time.DateOnly) }
	return fmt.Sprintf(" from line %d on. The lines before it, from before %s, were deleted by the rule for how long activity is kept, last on %s",
		proof.First, day(proof.DeletedBefore), day(proof.DeletedAt))
}
