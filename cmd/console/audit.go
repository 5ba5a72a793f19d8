package main

import (
	"context"
	"errors"
	"fmt"

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
		return c.printProof(proof)
	})
}

func (c *command) printProof(proof models.AuditProof) error {
	fmt.Fprintf(c.stdout, "sealed  %d\ntail    %d\n", proof.Sealed, proof.Tail)
	if fault := proof.Broken; fault != nil {
		fmt.Fprintf(c.stdout, "broken  %s\n", fault)
		return errors.New("the audit log is not as the console wrote it")
	}
	fmt.Fprintf(c.stdout, "head    %s\nThe audit log is intact. Note the head elsewhere, and have it looked for next time with -expect.\n", proof.Head)
	return nil
}
