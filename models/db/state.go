package db

import "context"

// Trait is a property of the database or its server, for those who run it. Problem says what
// is wrong and how to solve it; "" if nothing is.
type Trait struct{ Name, Detail, Problem string }

// Traits returns what the engine has to tell about itself.
func (s *DB) Traits(ctx context.Context) ([]Trait, error) {
	traits, err := s.Dialect.traits(s.Read(ctx))
	return traits, s.Failed(ctx, err)
}

// Size is how large a table is. Rows are exact unless More or About is set, and Bytes are 0 if
// the engine doesn't know them.
type Size struct {
	Rows        int
	More, About bool
	Bytes       int64
}

// Size returns how many bytes the database takes.
func (s *DB) Size(ctx context.Context) (int64, error) {
	bytes, err := s.Dialect.size(s.Read(ctx))
	return bytes, s.Failed(ctx, err)
}

// SizeOf returns how many rows the first of some tables has, and how many bytes all of them take.
func (s *DB) SizeOf(ctx context.Context, tables []string) (all Size, err error) {
	for i, table := range tables {
		one, err := s.Dialect.sizeOf(s.Read(ctx), table)
		if err != nil {
			return all, s.Failed(ctx, err)
		}
		if i == 0 {
			all = one
		} else {
			all.Bytes += one.Bytes
		}
	}
	return all, nil
}
