package handlers

import (
	"encoding/json"
	"net/http"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/views"
)

// export sends all of the activity that a list shows as a file. It is a POST because it leaves an
// audit line: no link on another site may cause one.
func (p activityPages) export(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, activityFilters...)
	_, query := readActivityAt(a)
	format, err := exportFormat(r, a)
	if err != nil {
		return err
	}
	d := p.download(w, format, "activity", activityColumns)
	err = p.store.Audit.ExportActivity(r.Context(), by(r), query, format.Name, func(lines []audit.Line) error {
		for i := range lines {
			if err := d.write(activityRow(&lines[i])...); err != nil {
				return err
			}
		}
		return nil
	})
	return p.finish(r, d, err)
}

var activityColumns = []string{
	"id", "time", "created_at", "action", "summary", "actor_kind", "actor_id", "actor_name", "user_id",
	"object_kind", "object_id", "object_name", "changes", "ip", "user_agent", "request_id", "seal",
}

func activityRow(l *audit.Line) []any {
	return []any{
		l.ID, export.Moment(l.CreatedAt), l.CreatedAt, string(l.Action), views.Summary(*l), string(l.ActorKind), l.ActorID, l.ActorName, l.UserID,
		l.ObjectKind, l.ObjectID, l.ObjectName, json.RawMessage(l.Changes), l.IP, l.UserAgent, l.RequestID, l.Number,
	}
}

// exportFormat returns the format that a form asks for. Errors: Invalid if there is no such format,
// or if part of the address isn't valid: a page says so, but a file would pass for what was asked.
func exportFormat(r *http.Request, a *address) (export.Format, error) {
	format, known := export.Find(r.PostForm.Get("format"))
	if !known {
		return format, access.Invalid{{Field: "format", Code: access.Bad, Message: "Choose “csv”, “plain_csv”, “xlsx”, “json” or “ndjson”."}}
	}
	if len(a.notes) > 0 {
		return format, access.Invalid{{Code: access.Bad, Message: a.notes[0]}}
	}
	return format, nil
}
