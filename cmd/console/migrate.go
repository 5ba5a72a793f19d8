package main

import (
	"context"
	"fmt"

	"protocol.chat/console/models"
)

func migrate(ctx context.Context, c *command) error {
	c.database()
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStore(ctx, func(*models.Store) error {
		_, err := fmt.Fprintln(c.stdout, "The database schema is up to date.")
		return err
	})
}
