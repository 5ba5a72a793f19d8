package api

import (
	"context"
	"net/http"
	"strings"

	"protocol.chat/console/models/access"
)

const dryRunHeader = "Dry-Run"

// dryRun reports whether a request asks for a dry run. Calls that change nothing have none.
func dryRun(r *http.Request) (bool, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false, nil
	}
	values := r.Header.Values(dryRunHeader)
	switch strings.Join(values, ", ") {
	case "true":
		return true, nil
	case "false", "":
		if len(values) < 2 {
			return false, nil
		}
	}
	return false, access.Refused(dryRunHeader, "The Dry-Run header takes true, to change nothing, or false. Nothing was changed.")
}

// handle runs the handler of a call. Of a dry run everything is done in a transaction that is
// rolled back, so that the answer is that of the call.
func (a *api) handle(head http.Header, r *http.Request, by access.Actor) (res result, err error) {
	c := callOf(r)
	if !c.dryRun {
		return c.route.handle(r, by)
	}
	head.Set(dryRunHeader, "true")
	if c.route.previews {
		return c.route.handle(r, by)
	}
	err = a.Store.DB.DryRun(r.Context(), func(ctx context.Context) (err error) {
		res, err = c.route.handle(r.WithContext(ctx), by)
		return err
	})
	return res, err
}
