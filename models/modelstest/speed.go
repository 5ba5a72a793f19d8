package modelstest

import (
	"context"
	"runtime/debug"
	"testing"

	"modernc.org/sqlite"

	"protocol.chat/console/models/identity"
)

// served is what a hash costs outside of tests.
var served = identity.Cost

// Tests hash a password with every owner that they make, and lose nothing in a crash of the
// machine. So in their processes a hash costs next to nothing, SQLite doesn't wait for the
// disk, and garbage is collected half as often. The programs that cmd/console's tests start
// are such processes too.
func init() {
	if !testing.Testing() {
		return
	}
	debug.SetGCPercent(200)
	identity.Cost = identity.HashCost{Memory: 8, Passes: 1, Lanes: 1}
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		_, err := conn.ExecContext(context.Background(), "PRAGMA synchronous = OFF", nil)
		return err
	})
}

// UseProductionHashCost makes hashes cost what they do outside of tests, for this one. No other may
// run beside it, and databases made before have passwords that nobody can type.
func UseProductionHashCost(t testing.TB) {
	t.Helper()
	cheap := identity.Cost
	identity.Cost = served
	t.Cleanup(func() { identity.Cost = cheap })
}
