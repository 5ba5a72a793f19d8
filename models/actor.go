package models

import (
	"slices"

	"gorm.io/gorm"
)

// Actor is who makes a change: every change has one, and its audit line names
// it. The zero Actor may do nothing.
type Actor struct {
	Kind ActorKind
	// ID is the user's or the token's id; "" for the system.
	ID string
	// UserID is the person behind the act: the user, or the owner of the token.
	UserID string
	// Name is what the audit log shows.
	Name string
	Role Role
	// Scopes limit what a token may do of what its owner may.
	Scopes Scopes
	// IP, UserAgent and RequestID say where the act came from; "" where there was no request.
	IP, UserAgent, RequestID string
	// Session is the id of the session in which somebody signed in acts; Device is what
	// RememberDevice gave their browser. Either may be "".
	Session, Device string
}

// ActorKind tells what sort of caller an actor is.
type ActorKind string

// The kinds of actors.
const (
	UserActor   ActorKind = "user"
	TokenActor  ActorKind = "token"
	SystemActor ActorKind = "system"
	// VisitorActor is somebody who has not signed in. It may do nothing; it
	// exists so that a refused sign-in has a line.
	VisitorActor ActorKind = "visitor"
)

// System is the actor for what no person asked for over the network: a command
// on the server, or housekeeping. name says which.
func System(name string) Actor { return Actor{Kind: SystemActor, Name: name} }

// May tells whether the actor has a right. It is the one place that decides it.
func (a Actor) May(right Right) bool {
	switch a.Kind {
	case SystemActor:
		return true
	case UserActor:
		return right == SignedInOnly || a.Role.has(right)
	case TokenActor:
		return a.Role.has(right) && slices.Contains(a.Scopes, right)
	}
	return false
}

// checkAll is the first of the rights that the actor lacks, or nil.
func (a Actor) checkAll(rights ...Right) error {
	for _, right := range rights {
		if err := a.Check(right); err != nil {
			return err
		}
	}
	return nil
}

// reloadActor is the actor with the rights that they have now, and goes on having until the
// transaction ends. Who is disabled, and whose token has ended, is nobody any more.
func (s *Store) reloadActor(tx *gorm.DB, by Actor) (Actor, error) {
	if by.Kind != UserActor && by.Kind != TokenActor {
		return by, nil
	}
	query := selection{columns: "users.role, ''", from: "users"}
	if by.Kind == TokenActor {
		query = selection{columns: "users.role, tokens.scopes", from: "users", joins: " JOIN tokens ON tokens.user_id = users.id"}
		query.where("tokens.id = ? AND tokens.revoked_at IS NULL AND (tokens.expires_at IS NULL OR tokens.expires_at > ?)", by.ID, s.Now().Unix())
	}
	query.where("users.id = ? AND users.disabled_at IS NULL", by.UserID)
	found, err := collect(s.readerIn(tx), query.sql()+s.dialect.keyShare(), true, query.args, func(a *Actor) []any { return []any{&a.Role, &a.Scopes} })
	if err != nil || len(found) == 0 {
		return Actor{}, err
	}
	by.Role, by.Scopes = found[0].Role, found[0].Scopes
	return by, nil
}

// Check is nil where the actor has the right, and a Denied where not.
func (a Actor) Check(right Right) error {
	if a.May(right) {
		return nil
	}
	return Denied{Right: right}
}
