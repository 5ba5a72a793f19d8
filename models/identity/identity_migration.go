package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// identityVersion is the migration that gives addresses identity keys instead of search
// keys. SQL can normalize neither letters nor domains.
const identityVersion = 10

func (s *Store) identityMigration() *goose.Migration {
	return goose.NewGoMigration(identityVersion, &goose.GoFunc{RunTx: s.makeIdentityKeys}, nil)
}

// address is an email address of a row, with the key that it is stored under.
type address struct{ id, email, key string }

func (s *Store) makeIdentityKeys(ctx context.Context, tx *sql.Tx) error {
	return errors.Join(
		s.makeKeysOf(ctx, tx, "users", "The users %s (%s) and %s (%s) have the same email address. "+
			"Start the console of the version before, give one of them another address, and then update."),
		s.makeKeysOf(ctx, tx, "invitations", "The invitations %s (%s) and %s (%s) are for the same email address. "+
			"Start the console of the version before, revoke one of them, and then update."),
	)
}

// makeKeysOf gives the rows of a table their identity keys. collision is the message for
// two of the same.
func (s *Store) makeKeysOf(ctx context.Context, tx *sql.Tx, table, collision string) error {
	rows, err := s.addresses(ctx, tx, table)
	if err != nil {
		return err
	}
	owners := map[string]address{}
	var problems []error
	for i, a := range rows {
		rows[i].email = typedAddress(a.email)
		key := emailKey(rows[i].email)
		if other, taken := owners[key]; taken {
			problems = append(problems, fmt.Errorf(collision, other.id, other.email, a.id, a.email))
		}
		owners[key] = a
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	return s.storeKeys(ctx, tx, table, rows)
}

func (s *Store) addresses(ctx context.Context, tx *sql.Tx, table string) (all []address, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, email, email_key FROM "+table+" ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var a address
		if err := rows.Scan(&a.id, &a.email, &a.key); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// storeKeys stores the keys that have changed. One can be what another row had, so all are
// cleared first. The throttling of wrong passwords carries over to the new keys.
func (s *Store) storeKeys(ctx context.Context, tx *sql.Tx, table string, rows []address) error {
	exec := func(sql string, args ...any) error {
		_, err := tx.ExecContext(ctx, s.db.Dialect.Placeholders(sql), args...)
		return err
	}
	var changed []address
	for _, a := range rows {
		if emailKey(a.email) == a.key {
			continue
		}
		changed = append(changed, a)
		if err := exec("UPDATE "+table+" SET email_key = ? WHERE id = ?", "\n"+a.id, a.id); err != nil {
			return err
		}
	}
	for _, a := range changed {
		key := emailKey(a.email)
		if err := exec("UPDATE "+table+" SET email = ?, email_key = ? WHERE id = ?", a.email, key, a.id); err != nil {
			return err
		}
		if err := exec("DELETE FROM throttles WHERE key = ?", AccountKeyOf(key)); err != nil {
			return err
		}
		if err := exec("UPDATE throttles SET key = ? WHERE key = ?", AccountKeyOf(key), AccountKeyOf(a.key)); err != nil {
			return err
		}
	}
	return nil
}
