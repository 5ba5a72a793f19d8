package modelstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pooler is a PgBouncer of the test's own before a cluster. It assigns server connections
// to transactions, not to sessions, and has two of them for each database.
type Pooler struct{ socket string }

// Database returns the URL by which the pooler has the database with a name.
func (p Pooler) Database(name string) string {
	return fmt.Sprintf("postgres://console@/%s?host=%s&port=6432", name, p.socket)
}

// PoolerSettings returns lines of settings to test with, by name: without prepared
// statements and, from PgBouncer 1.21 on, with them.
func PoolerSettings(t testing.TB) map[string]string {
	t.Helper()
	version, err := exec.Command(findPooler(t), "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`PgBouncer 1\.(\d|1\d|20)\.`).Match(version) {
		return map[string]string{"plain": ""}
	}
	return map[string]string{"plain": "max_prepared_statements = 0", "prepared": "max_prepared_statements = 100"}
}

// StartPooler starts a pooler with a line of settings; it is removed with the test. Without
// PgBouncer the test is skipped, or fails if the environment has CI=true.
func StartPooler(t testing.TB, c *Cluster, settings string) Pooler {
	t.Helper()
	program := findPooler(t)
	dir, err := c.shortFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := fmt.Sprintf("[databases]\n* = host=%s\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = %s\n"+
		"auth_type = trust\nauth_file = users\npool_mode = transaction\ndefault_pool_size = 2\n%s\n", c.socket, dir, settings)
	for name, content := range map[string]string{"ini": config, "users": `"console" ""`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const leashed = `"$0" ini & read -r word; kill -INT $!; wait`
	pooler := c.command("/bin/sh", "-c", leashed, program)
	pooler.Dir = dir
	var log strings.Builder
	pooler.Stdout, pooler.Stderr = &log, &log
	leash, err := pooler.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := pooler.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(leash.Close(), pooler.Wait()) })
	p := Pooler{socket: dir}
	if err := p.await(t.Context()); err != nil {
		_, _ = io.WriteString(leash, "end\n")
		_ = pooler.Wait()
		t.Fatalf("%v\n%s", err, &log)
	}
	return p
}

// await waits until the pooler accepts connections.
func (p Pooler) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, p.Database("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for PgBouncer: %w", err)
		}
	}
}

// findPooler looks for PgBouncer where Debian and Homebrew put it.
func findPooler(t testing.TB) string {
	t.Helper()
	SkipIfShort(t, "behind a pooler")
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer", "/opt/homebrew/bin/pgbouncer", "/usr/local/bin/pgbouncer"} {
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	LeaveOut(t, "not run behind a pooler: pgbouncer is neither in PATH nor in the usual places")
	return ""
}
