package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"protocol.chat/console/models"
)

func seed(ctx context.Context, c *command) error {
	c.database()
	groups := c.flags.Int("groups", 1000, "`NUMBER` of groups to create")
	contacts := c.flags.Int("contacts", 1000, "`NUMBER` of contacts to create")
	if _, err := c.parse(); err != nil {
		return err
	}
	if *groups < 0 || *contacts < 0 {
		return misusef("-groups and -contacts must be 0 or more")
	}
	return c.withStore(ctx, func(store *models.Store) error {
		past := invention{groups: *groups, contacts: *contacts, now: time.Now()}
		bar := newProgressBar(c, map[string]int{models.SeedingContacts: *contacts, models.SeedingGroups: *groups})
		err := store.Seed(ctx, c.actor(), past.sample(), bar.show)
		bar.end()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "Created %d groups and %d contacts.\n", *groups, *contacts)
		return err
	})
}

// newProgressBar returns a progress bar on standard error. totals has the size of each long
// step.
func newProgressBar(c *command, totals map[string]int) *progressBar {
	file, ok := c.stderr.(*os.File)
	return &progressBar{out: c.stderr, terminal: ok && term.IsTerminal(int(file.Fd())), totals: totals}
}
