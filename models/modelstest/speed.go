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

// Tests hash a password for every owner that they create, and need not survive a crash. So
// in test processes a hash costs next to nothing, SQLite doesn't wait for the disk, and
// garbage is collected half as often. The programs that cmd/console's tests start are such
// processes too.
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

// UseProductionHashCost makes hashes cost what they do outside of tests, for this test. No
// other test may run at the same time, and users created before can no longer sign in with
// their passwords.
func UseProductionHashCost(t testing.TB) {
	t.Helper()
	cheap := identity.Cost
	identity.Cost = served
	t.Cleanup(func() { identity.Cost = cheap })
}
