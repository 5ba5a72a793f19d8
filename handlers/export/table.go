package export

import (
	"encoding/json"
	"strings"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// The columns of what is exported, with the names that the API has for them. Times are in Unix
// seconds and, in columns of their own, as times.
var (
	GroupColumns = []string{
		"id", "name", "description", "avatar_url", "conversation_id", "contacts_count",
		"created_at", "archived_at", "updated_at", "created_time", "archived_time", "updated_time",
	}
	ContactColumns = []string{
		"id", "username", "display_name", "phone_number", "avatar_url", "conversation_id",
		"last_active_at", "created_at", "updated_at", "last_active_time", "created_time", "updated_time",
	}
	MessageColumns  = []string{"id", "conversation_id", "contact_id", "message", "created_at", "created_time"}
	activityColumns = []string{
		"id", "time", "created_at", "action", "summary", "actor_kind", "actor_id", "actor_name", "user_id",
		"object_kind", "object_id", "object_name", "changes", "ip", "user_agent", "request_id", "seal",
	}
)

// membersColumn is the column of the ids of a group's members, if they were asked for.
const membersColumn = "contacts"

// GroupRow returns the values of GroupColumns.
func GroupRow(g models.Group) []any {
	return []any{
		g.ID, g.Name, g.Description, g.AvatarURL, g.ConversationID, g.ContactsCount,
		g.CreatedAt, g.ArchivedAt, g.UpdatedAt, Moment(g.CreatedAt), MomentOrNil(g.ArchivedAt), Moment(g.UpdatedAt),
	}
}

// ContactRow returns the values of ContactColumns.
func ContactRow(c models.Contact) []any {
	return []any{
		c.ID, c.Username, c.DisplayName, c.PhoneNumber, c.AvatarURL, c.ConversationID,
		c.LastActiveAt, c.CreatedAt, c.UpdatedAt, MomentOrNil(c.LastActiveAt), Moment(c.CreatedAt), Moment(c.UpdatedAt),
	}
}

// MessageRow returns the values of MessageColumns.
func MessageRow(m models.Message) []any {
	return []any{m.ID, m.ConversationID, m.ContactID, m.Message, m.CreatedAt, Moment(m.CreatedAt)}
}

func activityRow(l audit.Line) []any {
	return []any{
		l.ID, Moment(l.CreatedAt), l.CreatedAt, string(l.Action), views.Summary(l), string(l.ActorKind), l.ActorID, l.ActorName, l.UserID,
		l.ObjectKind, l.ObjectID, l.ObjectName, json.RawMessage(l.Changes), l.IP, l.UserAgent, l.RequestID, l.Number,
	}
}

// FileName returns the name of a file that is made at a time:
// "groups-archived-2026-01-31T1504Z.csv".
func FileName(name string, at time.Time, extension string) string {
	return name + "-" + at.UTC().Format("2006-01-02T1504Z") + "." + extension
}

// Words returns words as parts of a file's name, each after a hyphen; those that aren't ASCII, or
// too many, are left out.
func Words(words ...string) string {
	const most = 40
	var b strings.Builder
	for _, word := range strings.FieldsFunc(text.Fold(strings.Join(words, " ")), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		if b.Len()+len(word) > most {
			break
		}
		b.WriteString("-" + word)
	}
	return b.String()
}
