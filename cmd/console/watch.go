package main

import (
	"context"
	"log/slog"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

// databaseWatch logs when the database stops working, or for another reason than before, and
// when it works again.
type databaseWatch struct {
	store  *models.Store
	log    *slog.Logger
	before access.Outage
}

func (w *databaseWatch) look(ctx context.Context) error {
	err := w.store.DB.Ready(ctx)
	outage := access.OutageOf(err)
	switch {
	case context.Cause(ctx) == context.Canceled || outage == w.before:
		return nil
	case outage == "":
		w.log.Info("the database works again", "was", w.before)
	default:
		w.log.Error("the database does not work", "reason", outage, "err", err)
	}
	w.before = outage
	return nil
}
