// Package identity has the users of the console: who they are (identity.go), how they sign
// in by password, authenticator, passkey or provider, their sessions, invitations and API
// tokens, the sign-in policy, and the limits on attempts. It knows nothing of groups.
package identity

import (
	"context"
	"sync/atomic"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// Store has the users of the console and how they sign in, in parts. It is safe for
// concurrent use.
type Store struct {
	*shared

	Users         *Users
	Sessions      *Sessions
	SignIns       *SignIns
	Attempts      *Attempts
	SecondFactors *SecondFactors
	Providers     *Providers
	Tokens        *Tokens
	Invitations   *Invitations
	Policies      *Policies
	Settings      *Settings
	Drafts        *Drafts
	SavedViews    *SavedViews
	OpenForms     *OpenForms

	// Reencrypt, unless nil, encrypts the secrets of other packages with the current key, and
	// returns how many had another. Rotate calls it.
	Reencrypt func(ctx context.Context) (int, error)
}

// The parts of the store.
type (
	// Users are who can sign in: their profiles, passwords and roles.
	Users struct{ *shared }
	// Sessions are the browsers that users are signed in with.
	Sessions struct{ *shared }
	// SignIns are what Store.SignIn takes, and the proofs of who someone is.
	SignIns struct{ *shared }
	// Attempts are the limits on guessing, and what is half done: challenges, known devices.
	Attempts struct{ *shared }
	// SecondFactors are authenticator apps, recovery codes and passkeys.
	SecondFactors struct{ *shared }
	// Providers are the accounts elsewhere by which users sign in.
	Providers struct{ *shared }
	// Tokens are the API's, and what they were used for.
	Tokens struct{ *shared }
	// Invitations are the links by which users join, the first owner's included.
	Invitations struct{ *shared }
	// Policies are the sign-in policy, and who doesn't meet it yet.
	Policies struct{ *shared }
	// Settings are what owners set for everybody.
	Settings struct{ *shared }
	// Drafts are what users have typed into forms and not sent.
	Drafts struct{ *shared }
	// OpenForms are who edits what at the moment.
	OpenForms struct{ *shared }
	// SavedViews are lists saved under a name, and those in users' menus.
	SavedViews struct{ *shared }
)

// shared is what the parts have in common, and by which they call one another.
type shared struct {
	db  *db.DB
	log *audit.Log

	uses    uses
	callers db.Cache[string, caller]    // by the hashes of tokens
	general db.Cache[string, General]   // the general settings
	policy  db.Cache[string, Policy]    // the sign-in policy
	pins    db.Cache[string, []Pin]     // by the ids of users
	going   db.Current[string, Session] // by the hashes of their secrets
	counts  signInCounts
	tooSoon atomic.Uint64 // attempts refused by reserve

	users         *Users
	sessions      *Sessions
	signIns       *SignIns
	attempts      *Attempts
	secondFactors *SecondFactors
	providers     *Providers
	policies      *Policies
	settings      *Settings
}

// New returns the users of a database, whose changes go to a log. It sets the log's Reload.
func New(d *db.DB, log *audit.Log) *Store {
	c := &shared{db: d, log: log}
	c.callers.TTL, c.general.TTL, c.policy.TTL = db.CacheTTL, db.CacheTTL, db.CacheTTL
	c.pins.TTL = pinsTTL
	c.users, c.sessions, c.signIns, c.attempts = &Users{c}, &Sessions{c}, &SignIns{c}, &Attempts{c}
	c.secondFactors, c.providers, c.policies, c.settings = &SecondFactors{c}, &Providers{c}, &Policies{c}, &Settings{c}
	s := &Store{
		shared: c, Users: c.users, Sessions: c.sessions, SignIns: c.signIns, Attempts: c.attempts,
		SecondFactors: c.secondFactors, Providers: c.providers, Tokens: &Tokens{c}, Invitations: &Invitations{c},
		Policies: c.policies, Settings: c.settings, Drafts: &Drafts{c}, SavedViews: &SavedViews{c}, OpenForms: &OpenForms{c},
	}
	log.Reload = c.users.reloadActor
	d.Migrations = append(d.Migrations, s.identityMigration())
	return s
}
