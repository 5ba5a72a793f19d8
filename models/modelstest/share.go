package modelstest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
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

// sharedCluster is the one that all databases of this process live in: that of the run, or
// one of its own.
var sharedCluster = sync.OnceValues(func() (*Cluster, error) {
	if socket := os.Getenv(clusterVariable); socket != "" {
		return &Cluster{socket: socket}, nil
	}
	return newSharedCluster()
})

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
