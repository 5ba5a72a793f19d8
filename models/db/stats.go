package db

import (
	"database/sql"
	"time"

	"gorm.io/gorm"
)

// Pools returns the state of each pool of connections: "write" and "read", which is the same
// on PostgreSQL, and "long" for what takes long; "replica" and "replica_long" are
// the same of the replica. Those who wait to write on SQLite count as
// waiting for the connection.
func (s *DB) Pools() map[string]sql.DBStats {
	pools := map[string]sql.DBStats{"read": poolStats(s.reads, s.Reader), "long": poolStats(s.longReads, s.LongReader)}
	if s.Writer != s.Reader {
		stat := poolStats(nil, s.Writer)
		if s.turns != nil {
			stat.WaitCount += s.turns.waits.Load()
			stat.WaitDuration += time.Duration(s.turns.waited.Load())
		}
		pools["write"] = stat
	}
	if s.replica == nil {
		return pools
	}
	s.replica.mu.Lock()
	defer s.replica.mu.Unlock()
	if h := s.replica.handles; h != nil {
		pools["replica"], pools["replica_long"] = poolStats(h.reads, h.Reader), poolStats(h.longReads, h.LongReader)
	}
	return pools
}

// poolStats returns the state of the pool that a source has, or else GORM's own.
func poolStats(from source, handle *gorm.DB) sql.DBStats {
	if pgx, ok := from.(pgxSource); ok {
		stat := pgx.pool.Stat()
		return sql.DBStats{
			MaxOpenConnections: int(stat.MaxConns()), OpenConnections: int(stat.TotalConns()),
			InUse: int(stat.AcquiredConns()), Idle: int(stat.IdleConns()),
			WaitCount: stat.EmptyAcquireCount(), WaitDuration: stat.EmptyAcquireWaitTime(),
		}
	}
	pool, err := handle.DB()
	if err != nil {
		return sql.DBStats{}
	}
	return pool.Stats()
}
