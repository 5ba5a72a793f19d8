package main

import (
	"context"
	"log/slog"
	"time"

	"protocol.chat/console/models"
)

// watchEvery is how often the database is looked at, so that what is wrong is in the log
// within two seconds.
const watchEvery = time.Second

// watch logs when the database can't be worked with any more, for another reason than
// before, and when it can again, until ctx ends.
func watch(ctx context.Context, log *slog.Logger, store *models.Store) {
	var before models.Outage
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		err := store.Ready(ctx)
		outage := models.OutageOf(err)
		switch {
		case ctx.Err() != nil || outage == before:
		case outage == "":
			log.Info("the database works again", "was", before)
		default:
			log.Error("the database does not work", "reason", outage, "err", err)
		}
		before = outage
	}
}
