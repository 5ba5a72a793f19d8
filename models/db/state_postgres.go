package db

import "strconv"

func (d *postgresDialect) traits(r Reader) ([]Trait, error) {
	type server struct {
		encoding, trigrams string
		standby            bool
		replicas, consoles int
	}
	found, err := Collect(r, `SELECT current_setting('server_encoding'), coalesce((SELECT extversion FROM pg_extension WHERE extname = 'pg_trgm'), ''),
		pg_is_in_recovery(), (SELECT count(*) FROM pg_stat_replication), (SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND usename = current_user AND query LIKE 'LISTEN %')`, false, nil, func(s *server) []any {
		return []any{&s.encoding, &s.trigrams, &s.standby, &s.replicas, &s.consoles}
	})
	if err != nil {
		return nil, err
	}
	s := found[0]
	traits := []Trait{{Name: "encoding", Detail: s.encoding}, {Name: "extension", Detail: "pg_trgm " + s.trigrams}, {Name: "pooler", Detail: "none"}, {Name: "replicas", Detail: "none"}}
	if s.trigrams == "" {
		traits[1].Problem = "pg_trgm is missing: have the database's owner run CREATE EXTENSION pg_trgm"
	}
	if d.server.Pooled {
		traits[2].Detail = "in transaction mode"
	}
	if !d.server.Pooled { // through which none listens
		each := strconv.Itoa(s.consoles) + " running"
		if s.consoles > 1 {
			each += "; each counts the calls of a token by itself"
		}
		traits = append(traits, Trait{Name: "consoles", Detail: each})
	}
	switch {
	case s.standby:
		traits[3].Problem = "this server has become a standby, which only reads: give the address of the primary, or of all with target_session_attrs=read-write"
	case s.replicas > 0:
		traits[3].Detail = strconv.Itoa(s.replicas) + " connected"
	}
	return traits, nil
}

func (*postgresDialect) size(r Reader) (int64, error) {
	bytes, err := Collect(r, "SELECT pg_database_size(current_database())", false, nil, OneColumn[int64])
	if err != nil {
		return 0, err
	}
	return bytes[0], nil
}

// sizeOf counts what is small, and else takes what the last VACUUM or ANALYZE found.
func (*postgresDialect) sizeOf(r Reader, table string) (Size, error) {
	type estimate struct {
		rows  float64
		bytes int64
	}
	found, err := Collect(r, "SELECT reltuples, pg_total_relation_size(oid) FROM pg_class WHERE oid = ?::regclass", false, []any{table}, func(e *estimate) []any { return []any{&e.rows, &e.bytes} })
	if err != nil {
		return Size{}, err
	}
	if found[0].rows > MaxCounted {
		return Size{Rows: int(found[0].rows), About: true, Bytes: found[0].bytes}, nil
	}
	n, err := CountUpTo(r, SelectFrom(table, "1", "true"), MaxCounted)
	return Size{Rows: n.N, More: n.More, Bytes: found[0].bytes}, err
}
