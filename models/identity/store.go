// Package identity has the users of the console: who they are (identity.go), how they sign
// in by password, authenticator, passkey or provider, their sessions, invitations and API
// tokens, the sign-in policy, and the limits on attempts. It knows nothing of groups.
package identity

import (
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// Store has the users of the console and how they sign in. It is safe for concurrent use.
type Store struct {
	db  *db.DB
	log *audit.Log

	uses      uses
	callers   db.Cache[string, caller] // by the hashes of tokens
	workspace db.Cache[string, string] // the name of the organisation
	policy    db.Cache[string, Policy] // the rules for signing in
}

// New returns the users of a database, whose changes go to a log. It sets the log's Reload.
func New(d *db.DB, log *audit.Log) *Store {
	s := &Store{db: d, log: log}
	s.callers.Keep, s.workspace.Keep, s.policy.Keep = db.KeepAnswers, db.KeepAnswers, db.KeepAnswers
	log.Reload = s.reloadActor
	d.Migrations = append(d.Migrations, s.identityMigration())
	return s
}
