package models

import (
	"context"
	"encoding/json"

	"gorm.io/gorm"
)

// AuditLine says who changed what, written in the transaction of the change.
// It is never edited, and deleted only by the rule for how long activity is kept.
type AuditLine struct {
	ID        string
	CreatedAt int64
	ActorKind ActorKind
	ActorID   string
	ActorName string
	// UserID is the person behind the act, also where a token did it.
	UserID     string
	Action     Action
	ObjectKind string
	ObjectID   string
	ObjectName string
	// Changes is the JSON of a map from each changed field to what it was
	// before and is after. Secrets are never in it.
	Changes   string
	IP        string
	UserAgent string
	RequestID string
	// MAC proves that the console wrote the line.
	MAC string
	// Number is the line's place in the chain of seals, where it was asked for; 0 where
	// it has none yet.
	Number int64 `gorm:"-"`

	// by is the actor with the rights of the moment, within write.
	by *Actor
}

// Action names what was done, as object.verb.
type Action string

// The actions.
const (
	CreatedGroup    Action = "group.create"
	UpdatedGroup    Action = "group.update"
	ArchivedGroup   Action = "group.archive"
	RestoredGroup   Action = "group.restore"
	DeletedGroup    Action = "group.delete"
	AddedMembers    Action = "members.add"
	RemovedMember   Action = "members.remove"
	CreatedContact  Action = "contact.create"
	UpdatedContact  Action = "contact.update"
	DeletedContact  Action = "contact.delete"
	PostedMessage   Action = "message.post"
	CreatedToken    Action = "token.create"
	RevokedToken    Action = "token.revoke"
	RolledToken     Action = "token.roll"
	EndedOldSecret  Action = "token.end_old_secret"
	LinkedIdentity  Action = "identity.link"
	CreatedUser     Action = "user.create"
	ChangedPassword Action = "user.password"
	ChangedRole     Action = "user.role"
	DisabledUser    Action = "user.disable"
	EnabledUser     Action = "user.enable"
	ResetFactor     Action = "user.reset_second_factor"
	EndedSessions   Action = "user.end_sessions"
	Invited         Action = "invitation.create"
	RenewedInvite   Action = "invitation.renew"
	RevokedInvite   Action = "invitation.revoke"
	ChangedPolicy   Action = "policy.update"
	SignedIn        Action = "session.start"
	SignedOut       Action = "session.end"
	RefusedSignIn   Action = "session.refuse"
	Seeded          Action = "database.seed"

	PutBackGroup     Action = "group.revert"
	PutBackMembers   Action = "members.revert"
	PutBackContact   Action = "contact.revert"
	ExportedActivity Action = "activity.export"
)

// Who is who did it, as people are told.
func (l AuditLine) Who() string { return who(l.ActorKind, l.ActorName) }

// Who is the actor, as people are told.
func (a Actor) Who() string { return who(a.Kind, a.Name) }

func who(kind ActorKind, name string) string {
	switch kind {
	case TokenActor:
		return "the API token " + name
	case VisitorActor:
		return "somebody"
	}
	return name
}

// change is one field's value before and after.
type change struct {
	Before any `json:"before"`
	After  any `json:"after"`
}

// about says what the line is about.
func (l *AuditLine) about(kind, id, name string) {
	l.ObjectKind, l.ObjectID, l.ObjectName = kind, id, name
}

// setActor makes the line one of the actor's acts.
func (l *AuditLine) setActor(by Actor) {
	l.ActorKind, l.ActorID, l.UserID, l.ActorName = by.Kind, by.ID, by.UserID, by.Name
}

// say stores what changed: any value that marshals to a JSON object.
func (l *AuditLine) say(changes any) error {
	b, err := json.Marshal(changes)
	l.Changes = string(b)
	return err
}

// AuditPage is a part of the log.
type AuditPage struct {
	Lines []AuditLine
	More  bool
}

// AuditLines answers a page of the log, the newest line first.
func (s *Store) AuditLines(ctx context.Context, r Range) (AuditPage, error) {
	return s.Activity(ctx, ActivityQuery{Range: r})
}

const auditColumns = "audit_lines.id, created_at, actor_kind, actor_id, actor_name, user_id, action, " +
	"object_kind, object_id, object_name, changes, ip, user_agent, request_id, mac"

// columns are where auditColumns go.
func (l *AuditLine) columns() []any {
	return []any{
		&l.ID, &l.CreatedAt, &l.ActorKind, &l.ActorID, &l.ActorName, &l.UserID, &l.Action,
		&l.ObjectKind, &l.ObjectID, &l.ObjectName, &l.Changes, &l.IP, &l.UserAgent, &l.RequestID, &l.MAC,
	}
}

// ArchivedBy is the name of who archived or restored a group last, or "".
func (s *Store) ArchivedBy(ctx context.Context, groupID string) (string, error) {
	last, err := lastChange(s.read.WithContext(ctx), groupID, "archived_at")
	return last.Who(), s.failed(ctx, err)
}

// linesLooked is how many of an object's audit lines are looked through, so that a group
// with a long history opens as fast as others.
const linesLooked = 1000

// lastChange is the newest line about a change of an object's field; the zero line if
// there is none among the newest.
func lastChange(tx *gorm.DB, objectID, field string) (AuditLine, error) {
	newest := tx.Model(&AuditLine{}).Where("object_id = ?", objectID).Order("id DESC").Limit(linesLooked)
	var lines []AuditLine
	err := tx.Table("(?) AS newest", newest).Where("changes LIKE ?", `%"`+field+`":{%`).Order("id DESC").Limit(1).Find(&lines).Error
	if err != nil || len(lines) == 0 {
		return AuditLine{}, err
	}
	return lines[0], nil
}
