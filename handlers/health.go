package handlers

import (
	"cmp"
	"net/http"
	"sync/atomic"

	"protocol.chat/console/models/access"
)

// healthPages are for monitoring.
type healthPages struct {
	*site
	draining atomic.Bool // set by Drain
}

// live reports that the program runs.
func (p *healthPages) live(w http.ResponseWriter, _ *http.Request) error { return plain(w, "ok\n") }

// ready reports whether the program and its database can be worked with. If not, it says why
// in a word: an access.Outage or "draining".
func (p *healthPages) ready(w http.ResponseWriter, r *http.Request) error {
	if p.draining.Load() {
		return p.notReady(w, r, "draining", nil)
	}
	if err := p.store.DB.Ready(r.Context()); err != nil {
		return p.notReady(w, r, cmp.Or(string(access.OutageOf(err)), "failed"), err)
	}
	return plain(w, "ready\n")
}

func (p *healthPages) notReady(w http.ResponseWriter, r *http.Request, reason string, err error) error {
	p.log.Warn("not ready", "request_id", requestID(r), "reason", reason, "err", err)
	w.Header().Set("Retry-After", retryAfter)
	http.Error(w, "not ready: "+reason, http.StatusServiceUnavailable)
	return nil
}
