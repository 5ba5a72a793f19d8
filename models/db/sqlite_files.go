package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
)

// errMoved refuses a change once a file of the database is not the one that was opened: the
// change would be lost with that file.
var errMoved = errors.New("a file of the database was deleted, moved or replaced while the console was running: put it back where it was, or restart the console")

// sqliteFiles are the files of an open database. The system lets a process keep writing to
// an open file that was deleted or replaced, and SQLite does not check either.
type sqliteFiles struct {
	path string

	// distrusted reports whether the content of the files is not what this process left
	// there.
	distrusted atomic.Bool

	mu     sync.Mutex
	opened map[string]fs.FileInfo // by what follows the path; empty before they are open
}

// sqliteSuffixes returns those of the database, its log and the memory that its readers
// share.
func sqliteSuffixes() []string { return []string{"", "-wal", "-shm"} }

// errOverwritten refuses a change once an older copy was written over the database.
var errOverwritten = errors.New("an older copy of the database was put in its place while the console was running: restart the console")

// checkFiles returns why nothing may be written, or nil.
func (f *sqliteFiles) checkFiles() error {
	if f.distrusted.Load() {
		return errOverwritten
	}
	return f.check()
}

// remember records the files, just after they were opened.
func (f *sqliteFiles) remember() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened = map[string]fs.FileInfo{}
	for _, suffix := range sqliteSuffixes() {
		info, err := os.Stat(f.path + suffix)
		if err != nil {
			return fmt.Errorf("the SQLite file can't be found after it was opened: %w", err)
		}
		f.opened[suffix] = info
	}
	return nil
}

// check returns errMoved if any of the files is not the one that was opened. A file that
// was put back counts as the same.
func (f *sqliteFiles) check() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for suffix, opened := range f.opened {
		found, err := os.Stat(f.path + suffix)
		if err != nil || !os.SameFile(opened, found) {
			return fmt.Errorf("%w (%s)", errMoved, f.path+suffix)
		}
	}
	return nil
}

// guarded makes connections that can't commit to deleted files, and connects to none that
// replaced them.
type guarded struct {
	driver.Connector
	files *sqliteFiles
	// shared is that of the connection that writes, nil for others: see writingConn.
	shared *atomic.Bool
}

func (g guarded) Connect(ctx context.Context) (driver.Conn, error) {
	if err := g.files.check(); err != nil {
		return nil, err
	}
	conn, err := g.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	hooks, ok := conn.(sqlite.HookRegisterer)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver has no hooks"), conn.Close())
	}
	hooks.RegisterCommitHook(func() int32 {
		if g.files.checkFiles() != nil {
			return 1 // turns the commit into a rollback
		}
		return 0
	})
	if g.shared == nil {
		return conn, nil
	}
	writing, ok := conn.(sqliteConn)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver's connections lack what is needed to write"), conn.Close())
	}
	return newWritingConn(writing, g.shared), nil
}
