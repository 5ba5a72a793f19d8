package handlers

import (
	"cmp"
	"net/http"

	"protocol.chat/console/models/access"
)

// health tells that the program runs.
func (c *Console) health(w http.ResponseWriter, _ *http.Request) error { return plain(w, "ok\n") }

// ready tells that the program and its database can be worked with, or else why not in a
// word that is a models.Outage or "draining".
func (c *Console) ready(w http.ResponseWriter, r *http.Request) error {
	if c.draining.Load() {
		return c.unready(w, r, "draining", nil)
	}
	if err := c.store.DB.Ready(r.Context()); err != nil {
		return c.unready(w, r, cmp.Or(string(access.OutageOf(err)), "failed"), err)
	}
	return plain(w, "ready\n")
}

func (c *Console) unready(w http.ResponseWriter, r *http.Request, reason string, err error) error {
	c.log.Warn("not ready", "request_id", requestID(r), "reason", reason, "err", err)
	w.Header().Set("Retry-After", retryAfter)
	http.Error(w, "not ready: "+reason, http.StatusServiceUnavailable)
	return nil
}

// Drain has the console tell at /readyz that it is about to stop. Everything else goes on.
func (c *Console) Drain() { c.draining.Store(true) }
