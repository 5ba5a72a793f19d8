package modelstest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Shared is what the test processes of a run share: a PostgreSQL server, and a list of what
// they leave out.
type Shared struct {
	// Env are lines NAME=VALUE by which the processes find it.
	Env []string

	cluster *Cluster // nil without PostgreSQL
	leftOut string   // a file
}

const (
	clusterVariable = "CONSOLE_TEST_POSTGRES" // the folder of the server's socket
	leftOutVariable = "CONSOLE_TEST_LEFT_OUT" // the file
)

// Share starts a server for all test processes of a run. Close ends it; so does the end of
// this program.
func Share() (*Shared, error) {
	file, err := os.CreateTemp("", "console-left-out-")
	if err != nil {
		return nil, err
	}
	s := &Shared{leftOut: file.Name(), Env: []string{leftOutVariable + "=" + file.Name()}}
	cluster, err := newSharedCluster()
	switch {
	case err == nil:
		s.cluster = cluster
		s.Env = append(s.Env, clusterVariable+"="+cluster.socket)
	case errors.Is(err, ErrNotInstalled):
		err = nil // each test says so
	}
	return s, errors.Join(err, file.Close())
}

// Close ends the server.
func (s *Shared) Close() {
	_ = os.Remove(s.leftOut)
	if s.cluster != nil {
		s.cluster.remove()
	}
}

// LeftOut returns why tests were skipped that needed something that is not installed, each
// reason once.
func (s *Shared) LeftOut() []string {
	text, _ := os.ReadFile(s.leftOut)
	lines := strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
	slices.Sort(lines)
	return slices.Compact(lines)
}

// LeaveOut skips a test for which something is not installed, and says so. In CI (CI=true),
// where nothing may be left out, it fails the test.
func LeaveOut(t testing.TB, message string) {
	t.Helper()
	if inCI() {
		t.Fatal(message)
	}
	if name := os.Getenv(leftOutVariable); name != "" {
		file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintln(file, message)
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	t.Skip(message)
}

// nursery creates all databases of this process: in the server of the run, or in one of its
// own.
type nursery struct {
	*Cluster
	admin    *sql.DB
	strategy string       // of CREATE DATABASE
	last     atomic.Int64 // numbers the databases
}

var sharedCluster = sync.OnceValues(func() (*nursery, error) {
	n := &nursery{Cluster: &Cluster{socket: os.Getenv(clusterVariable)}}
	var err error
	if n.socket == "" {
		if n.Cluster, err = newSharedCluster(); err != nil {
			return nil, err
		}
	}
	if n.admin, err = sql.Open("pgx", n.URL()); err == nil {
		// Copying files takes half the time of logging each page, which is what PostgreSQL 15 and later do.
		err = n.admin.QueryRow("SELECT CASE WHEN current_setting('server_version_num')::int >= 150000 THEN ' STRATEGY file_copy' ELSE '' END").Scan(&n.strategy)
	}
	return n, err
})

// database makes a copy of a template, which lasts as long as the test.
func (n *nursery) database(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), n.last.Add(1))
	if _, err := n.admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template+n.strategy); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the test's own context
		if _, err := n.admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return n.Database(name)
}

// newSharedCluster starts a server with a migrated template to copy databases from.
func newSharedCluster() (*Cluster, error) {
	c, err := newCluster()
	if err != nil {
		return nil, err
	}
	if err := c.provide(); err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

// provide starts the server with all that tests copy.
func (c *Cluster) provide() error {
	if err := c.copyData("data", initialData); err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	if err := c.run(context.Background(), "CREATE DATABASE "+template); err != nil {
		return err
	}
	return migrate(c.Database(template))
}

const (
	template = "console_template"
	// initialData is the folder of the data as they were before the first start, which is
	// quicker to copy than to make anew.
	initialData = "initial"
)
