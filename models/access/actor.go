package access

import (
	"slices"
)

// Actor is who makes a change: every change has one, and its audit line names it. The zero
// Actor has no rights.
type Actor struct {
	Kind ActorKind
	// ID is the user's or the token's id; "" for the system.
	ID string
	// UserID is the user responsible: the user, or the owner of the token.
	UserID string
	// Name is what the audit log shows.
	Name string
	Role Role
	// Scopes limit a token to some of its owner's rights.
	Scopes Scopes
	// IP, UserAgent and RequestID are the request's; "" if there was none.
	IP, UserAgent, RequestID string
	// Session is the id of the session in which someone signed in acts; Device is what the
	// last sign-in gave their browser. Either may be "".
	Session, Device string
}

// ActorKind is the sort of caller that an actor is.
type ActorKind string

// The kinds of actors.
const (
	UserActor   ActorKind = "user"
	TokenActor  ActorKind = "token"
	SystemActor ActorKind = "system"
	// VisitorActor has not signed in. It has no rights; it exists so that a refused sign-in
	// can be logged.
	VisitorActor ActorKind = "visitor"
)

// ActorRef is a snapshot of the actor who did something. The zero ActorRef is an unknown
// actor.
type ActorRef struct {
	Kind     ActorKind
	ID, Name string
}

// Who describes the actor, for display; "" for the zero ActorRef.
func (a ActorRef) Who() string { return Who(a.Kind, a.Name) }

// Ref returns the actor's name for what is stored of it.
func (a Actor) Ref() ActorRef { return ActorRef{a.Kind, a.ID, a.Name} }

// System returns the actor for what no user asked for over the network: a command on the
// server, or housekeeping. name is that of the command or task.
func System(name string) Actor { return Actor{Kind: SystemActor, Name: name} }

// May reports whether the actor has a right. Nothing else decides it.
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

// CheckAll returns the Denied for the first of the rights that the actor lacks, or nil.
func (a Actor) CheckAll(rights ...Right) error {
	for _, right := range rights {
		if err := a.Check(right); err != nil {
			return err
		}
	}
	return nil
}

// Check returns nil if the actor has the right, and a Denied if not.
func (a Actor) Check(right Right) error {
	if a.May(right) {
		return nil
	}
	return Denied{Right: right}
}

// Who describes an actor by kind and name, for display: "the API token backup".
func Who(kind ActorKind, name string) string {
	switch kind {
	case TokenActor:
		return "the API token " + name
	case VisitorActor:
		return "somebody"
	}
	return name
}

// Who describes the actor, for display.
func (a Actor) Who() string { return Who(a.Kind, a.Name) }

// MayManage reports whether the actor may invite, disable and help users of a role. Owners
// and admins require ManageRoles, others ManageUsers.
func (a Actor) MayManage(role Role) bool { return a.CheckManage(role) == nil }

// CheckManage returns nil if MayManage, and a Denied if not.
func (a Actor) CheckManage(role Role) error {
	if role == Owner || role == Admin {
		return a.Check(ManageRoles)
	}
	return a.Check(ManageUsers)
}

// Manageable returns the roles of the users that the actor may manage.
func (a Actor) Manageable() []Role {
	return slices.DeleteFunc(slices.Clone(Roles), func(r Role) bool { return !a.MayManage(r) })
}
