package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/views"
)

func verifyAudit(ctx context.Context, c *command) error {
	c.database()
	expect := c.flags.String("expect", "", "`CHECKPOINT` printed by an earlier check, which the log must continue")
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStoreToRead(ctx, func(store *models.Store) error {
		proof, err := store.Audit.VerifyAudit(ctx, *expect)
		if err != nil {
			return err
		}
		return c.printProof(proof, *expect)
	})
}

// adoptAudit accepts the activity log without verification.
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
		_, err = fmt.Fprintf(c.stdout, "Accepted the activity log as it is: %s\nThe log records this, and every check reports it. Run console audit verify now, and save the new checkpoint.\n", faultText(fault))
		return err
	})
}

func (c *command) printProof(proof audit.AuditProof, expect string) error {
	if proof.First > 1 {
		fmt.Fprintf(c.stdout, "first   %d\n", proof.First)
	}
	fmt.Fprintf(c.stdout, "sealed  %d\ntail    %d\n", proof.Sealed, proof.Tail)
	if fault := proof.Broken; fault != nil {
		fmt.Fprintf(c.stdout, "broken  %s\n", faultText(*fault))
		c.printMark(proof)
		return errors.New("activity log verification failed; to accept the log as it is, run console audit adopt")
	}
	fmt.Fprintf(c.stdout, "head    %s\n", proof.Head)
	c.printMark(proof)
	fmt.Fprintf(c.stdout, "Activity log verified%s. Save the head outside this server, and pass it with -expect next time.\n", from(proof))
	if proof.Incomparable {
		return fmt.Errorf("%s can no longer be checked: the entries it covers were deleted; save the new head instead", expect)
	}
	return nil
}

// faultText returns what a fault is, and in which line.
func faultText(f audit.AuditFault) string {
	what := views.FaultText(f, views.Clock{})
	if f.LineID == "" {
		return what
	}
	return what + " (line " + f.LineID + ")"
}

// printMark prints the checkpoint kept outside the database, and whether the log was ever
// accepted without verification.
func (c *command) printMark(proof audit.AuditProof) {
	if proof.HasMark {
		fmt.Fprintf(c.stdout, "mark    %d, kept since %d\n", proof.Marked, proof.MarkedSince)
	} else {
		fmt.Fprintf(c.stdout, "mark    none in %s: only -expect can detect a database restored from an older copy\n", c.markPath())
	}
	if proof.Adoptions > 0 {
		fmt.Fprintf(c.stdout, "adopted %d×; entries that couldn't be verified then: %d\n", proof.Adoptions, proof.Adopted)
	}
}

// from returns where a log starts whose older entries were deleted under the retention policy.
func from(proof audit.AuditProof) string {
	if proof.First <= 1 {
		return ""
	}
	day := func(at int64) string { return time.Unix(at, 0).UTC().Format(time.DateOnly) }
	return fmt.Sprintf(" from entry %d. Earlier entries, from before %s, were deleted under the retention policy, most recently on %s",
		proof.First, day(proof.DeletedBefore), day(proof.DeletedAt))
}
