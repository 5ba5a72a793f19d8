package audit

import (
	"encoding/json"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// Line records who changed which object. It is written in the transaction of the change,
// never edited, except that Redact erases from it, and deleted only under the retention rule. Names are those at the time; IP,
// UserAgent and RequestID are "" if the change came with no request.
type Line struct {
	// ID is the line's id; lines sort by it. CreatedAt is in Unix seconds.
	ID        string
	CreatedAt int64
	// ActorKind, ActorID and ActorName identify who acted.
	ActorKind access.ActorKind
	ActorID   string
	ActorName string
	// UserID is the user responsible, also if a token acted.
	UserID     string
	Action     Action
	ObjectKind string
	ObjectID   string
	ObjectName string
	// Changes is a JSON object of the changed fields, each with its value before and after.
	// It never has secrets.
	Changes   string
	IP        string
	UserAgent string
	RequestID string
	// MAC proves that the console wrote the line; "" if it did not.
	MAC string
	// Number is the line's place in the chain of seals, if it was read; 0 if it has none
	// yet.
	Number int64 `gorm:"-"`

	// By is the actor with the rights of the moment. Only Write sets it.
	By *access.Actor `gorm:"-"`
	// Shown is the object as events show it: after the change, or as it last was. If it is nil,
	// events read it. They are about ObjectID unless EventsOf is another object's id.
	Shown    any    `gorm:"-"`
	EventsOf string `gorm:"-"`
	// Undoable says that the act is a step of its session: see Step. Undo is what undoing it
	// needs beyond Changes, as JSON, or "".
	Undoable bool   `gorm:"-"`
	Undo     string `gorm:"-"`
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
	UndeletedGroup  Action = "group.restore_deleted"
	ChangedHold     Action = "group.hold"
	AddedMembers    Action = "members.add"
	RemovedMember   Action = "members.remove"
	CreatedContact  Action = "contact.create"
	UpdatedContact  Action = "contact.update"
	DeletedContact  Action = "contact.delete"
	MergedContact   Action = "contact.merge"
	MergedAway      Action = "contact.merge_away"
	PostedMessage   Action = "message.post"
	DeletedMessage  Action = "message.delete"
	CreatedToken    Action = "token.create"
	RevokedToken    Action = "token.revoke"
	RotatedToken    Action = "token.roll"
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
	ChangedSettings Action = "settings.update"
	SignedIn        Action = "session.start"
	SignedOut       Action = "session.end"
	RefusedSignIn   Action = "session.refuse"
	Seeded          Action = "database.seed"

	RevertedGroup    Action = "group.revert"
	RevertedGroupTo  Action = "group.revert_to"
	RevertedMembers  Action = "members.revert"
	RevertedContact  Action = "contact.revert"
	ExportedActivity Action = "activity.export"
	ExportedGroups   Action = "group.export"
	ExportedGroup    Action = "group.download"
	ExportedMembers  Action = "members.export"
	ExportedContacts Action = "contact.export"
	ExportedContact  Action = "contact.download"
)

// counters lists the totals (db.DB.Counts) that actions on each kind of object can change.
// An action on any other kind is assumed to change all of them.
var counters = map[string][]string{
	"group":      {"groups", "groups_active", "groups_archived"},
	"members":    nil,
	"contact":    {"contacts"},
	"message":    nil,
	"user":       nil,
	"session":    nil,
	"passkey":    nil,
	"identity":   nil,
	"invitation": nil,
	"token":      nil,
	"policy":     nil,
	"settings":   nil,
	"view":       nil,
	"rule":       nil,
	"webhook":    nil,
	"activity":   nil,
	"key":        nil,
}

// Who describes who acted, for display.
func (l Line) Who() string { return access.Who(l.ActorKind, l.ActorName) }

// Change is one field's value before and after, nil if there was none.
type Change struct {
	Before any `json:"before"`
	After  any `json:"after"`
}

// SetObject sets what the line is about.
func (l *Line) SetObject(kind, id, name string) {
	l.ObjectKind, l.ObjectID, l.ObjectName = kind, id, name
}

// SetActor makes the actor the one who did it.
func (l *Line) SetActor(by access.Actor) {
	l.ActorKind, l.ActorID, l.UserID, l.ActorName = by.Kind, by.ID, by.UserID, by.Name
}

// Actor returns who acted.
func (l Line) Actor() access.ActorRef {
	return access.ActorRef{Kind: l.ActorKind, ID: l.ActorID, Name: l.ActorName}
}

// SetChanges stores what changed: any value that marshals to a JSON object, as
// map[string]Change does.
func (l *Line) SetChanges(changes any) error {
	b, err := json.Marshal(changes)
	l.Changes = string(b)
	return err
}

// Page is a part of the log, the newest line first. More reports whether there are older
// ones (or newer, if it was read backward).
type Page struct {
	Lines []Line
	More  bool
}

const lineColumns = "audit_lines.id, created_at, actor_kind, actor_id, actor_name, user_id, action, " +
	"object_kind, object_id, object_name, changes, ip, user_agent, request_id, mac"

// columns returns the destinations of lineColumns.
func (l *Line) columns() []any {
	return []any{
		&l.ID, &l.CreatedAt, &l.ActorKind, &l.ActorID, &l.ActorName, &l.UserID, &l.Action,
		&l.ObjectKind, &l.ObjectID, &l.ObjectName, &l.Changes, &l.IP, &l.UserAgent, &l.RequestID, &l.MAC,
	}
}

// maxLinesSearched bounds how many of an object's newest lines LastChange searches, so that
// a group with a long history opens as fast as others.
const maxLinesSearched = 1000

// LastChange returns the newest line that changes an object's field, or the zero Line if
// none of the newest maxLinesSearched does.
func LastChange(tx *gorm.DB, objectID, field string) (Line, error) {
	newest := tx.Model(&Line{}).Where("object_id = ?", objectID).Order("id DESC").Limit(maxLinesSearched)
	var lines []Line
	err := tx.Table("(?) AS newest", newest).Where("changes LIKE ?", `%"`+field+`":{%`).Order("id DESC").Limit(1).Find(&lines).Error
	if err != nil || len(lines) == 0 {
		return Line{}, err
	}
	return lines[0], nil
}

// LinesFrom returns the lines about objects from an id on, the newest first, except those of some
// actions.
func (s *Log) LinesFrom(r db.Reader, objects []string, from string, except ...Action) ([]Line, error) {
	query := aboutExcept(except)
	query.Where(s.db.Dialect.Among("object_id", objects))
	query.Where("id >= ?", from)
	query.Tail = " ORDER BY id DESC"
	return db.Collect(r, query.SQL(), false, query.Args, (*Line).columns)
}

// LastLineBefore returns the newest line about an object below an id, except those of some actions;
// the zero Line if there is none.
func (s *Log) LastLineBefore(r db.Reader, object, before string, except ...Action) (Line, error) {
	query := aboutExcept(except)
	query.Where("object_id = ? AND id < ?", object, before)
	query.Tail = " ORDER BY id DESC"
	found, err := db.First(r, query, 1, (*Line).columns)
	return append(found, Line{})[0], err
}

// aboutExcept selects lines except those of some actions.
func aboutExcept(actions []Action) db.Selection {
	query := db.Selection{Columns: lineColumns, From: "audit_lines"}
	for _, a := range actions {
		query.Where("action <> ?", a)
	}
	return query
}

// ThrottledSignIn is the action of throttling an account or an address after failed
// sign-ins.
const ThrottledSignIn Action = "session.hold"

// MaxUserAgent is how many characters of a user agent are stored.
const MaxUserAgent = 500

// ReasonField is the field of a refused sign-in's line that says why.
const ReasonField = "reason"

// TableName returns GORM's table for lines.
func (Line) TableName() string { return "audit_lines" }
