package db

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

// Seen is a statement that reads, as it is sent to the database, with its values.
type Seen struct {
	SQL    string
	Values []any
	// Reused reports whether its plan may be a generic one, made for any values.
	Reused bool
}

// Watch calls see with every statement that reads outside of transactions. It is for tests, before
// the first use.
func (s *DB) Watch(see func(Seen)) error {
	all := s.seeing(see)
	s.reads, s.longReads = watched{s.reads, all}, watched{s.longReads, all}
	watch := func(db *gorm.DB) { see(Seen{SQL: db.Statement.SQL.String(), Values: db.Statement.Vars}) }
	var errs []error
	for _, db := range []*gorm.DB{s.Reader, s.LongReader} {
		callbacks := db.Callback()
		errs = append(errs,
			callbacks.Query().After("gorm:query").Register("test:watch", watch),
			callbacks.Row().After("gorm:row").Register("test:watch", watch),
		)
	}
	return errors.Join(errs...)
}

// WatchTransactions is Watch for what ReadIn reads, and for changes that return rows by it.
func (s *DB) WatchTransactions(see func(Seen)) { s.seen = s.seeing(see) }

func (s *DB) seeing(see func(Seen)) seeFunc {
	return func(sql string, planned bool, values []any) {
		see(Seen{s.Dialect.Placeholders(sql), values, !planned && s.Dialect.Name() == "postgres"})
	}
}

// seeFunc is called with each statement before it runs.
type seeFunc func(sql string, planned bool, values []any)

type watched struct {
	source
	see seeFunc
}

func (w watched) Query(ctx context.Context, sql string, planned bool, args []any) (Rows, error) {
	w.see(sql, planned, args)
	return w.source.Query(ctx, sql, planned, args)
}

func (w watched) Together(ctx context.Context, statements ...Statement) error {
	for _, q := range statements {
		w.see(q.SQL, false, q.Args)
	}
	return w.source.Together(ctx, statements...)
}
