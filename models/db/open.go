package db

import "context"

// Ping returns an error, mostly Unavailable, if the database can't be reached. Ready checks
// whether it can be worked with.
func (s *DB) Ping(ctx context.Context) error {
	return s.Failed(ctx, s.Reader.WithContext(ctx).Exec("SELECT 1").Error)
}

// Close closes every connection.
func (s *DB) Close() error { return s.handles.close() }

// Engine returns the name and the version of the engine.
func (s *DB) Engine() string { return s.Dialect.engine() }

// Address returns where the database is, without credentials.
func (s *DB) Address() string { return s.Dialect.address() }

// Reconnect drops the idle connections, which may be dead after the database could not be
// reached.
func (s *DB) Reconnect() {
	s.reads.reset()
	s.longReads.reset()
}

// LogSize returns the size of SQLite's write-ahead log in bytes; 0 on PostgreSQL, which
// limits its own.
func (s *DB) LogSize() int64 { return s.Dialect.logSize() }
