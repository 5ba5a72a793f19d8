package audit

import (
	"context"
	"encoding/json"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// Line says who changed what, written in the transaction of the change.
// It is never edited, and deleted only by the rule for how long activity is kept.
type Line struct {
	ID        string
	CreatedAt int64
	ActorKind access.ActorKind
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

	// By is the actor with the rights of the moment, within write.
	By *access.Actor `gorm:"-"`
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
func (l Line) Who() string { return access.Who(l.ActorKind, l.ActorName) }

// Change is one field's value before and after.
type Change struct {
	Before any `json:"before"`
	After  any `json:"after"`
}

// SetObject says what the line is about.
func (l *Line) SetObject(kind, id, name string) {
	l.ObjectKind, l.ObjectID, l.ObjectName = kind, id, name
}

// SetActor makes the line one of the actor's acts.
func (l *Line) SetActor(by access.Actor) {
	l.ActorKind, l.ActorID, l.UserID, l.ActorName = by.Kind, by.ID, by.UserID, by.Name
}

// SetChanges stores what changed: any value that marshals to a JSON object.
func (l *Line) SetChanges(changes any) error {
	b, err := json.Marshal(changes)
	l.Changes = string(b)
	return err
}

// Page is a part of the log.
type Page struct {
	Lines []Line
	More  bool
}

// AuditLines answers a page of the log, the newest line first.
func (s *Log) AuditLines(ctx context.Context, r db.Range) (Page, error) {
	return s.Activity(ctx, ActivityQuery{Range: r})
}

const lineColumns = "audit_lines.id, created_at, actor_kind, actor_id, actor_name, user_id, action, " +
	"object_kind, object_id, object_name, changes, ip, user_agent, request_id, mac"

// columns are where auditColumns go.
func (l *Line) columns() []any {
	return []any{
		&l.ID, &l.CreatedAt, &l.ActorKind, &l.ActorID, &l.ActorName, &l.UserID, &l.Action,
		&l.ObjectKind, &l.ObjectID, &l.ObjectName, &l.Changes, &l.IP, &l.UserAgent, &l.RequestID, &l.MAC,
	}
}

// ArchivedBy is the name of who archived or restored a group last, or "".
func (s *Log) ArchivedBy(ctx context.Context, groupID string) (string, error) {
	last, err := LastChange(s.db.Reader.WithContext(ctx), groupID, "archived_at")
	return last.Who(), s.db.Failed(ctx, err)
}

// LinesLooked is how many of an object's audit lines are looked through, so that a group
// with a long history opens as fast as others.
const LinesLooked = 1000

// LastChange is the newest line about a change of an object's field; the zero line if
// there is none among the newest.
func LastChange(tx *gorm.DB, objectID, field string) (Line, error) {
	newest := tx.Model(&Line{}).Where("object_id = ?", objectID).Order("id DESC").Limit(LinesLooked)
	var lines []Line
	err := tx.Table("(?) AS newest", newest).Where("changes LIKE ?", `%"`+field+`":{%`).Order("id DESC").Limit(1).Find(&lines).Error
	if err != nil || len(lines) == 0 {
		return Line{}, err
	}
	return lines[0], nil
}

// HeldOff is the action of letting an account or an address wait.
const HeldOff Action = "session.hold"

const MaxUserAgent = 500

// ReasonField is where the line of a refused sign-in says why.
const ReasonField = "reason"

// TableName says where GORM keeps lines.
func (Line) TableName() string { return "audit_lines" }
