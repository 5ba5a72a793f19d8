package models

import (
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// The audit line of an export names everything that decided what is in the file: the format, the
// number of rows, the search as it was typed, and each filter by its name in the API.

// begin tells the caller how many rows there are, and writes the export's audit line.
func (x *exporting) begin(about audit.Line, e Export, details map[string]any, rows int) error {
	if e.Begin != nil {
		if err := x.sent(e.Begin(rows)); err != nil {
			return err
		}
	}
	details["format"], details["count"] = e.Format, rows
	if e.MemberIDs {
		details["members"] = "ids"
	}
	return x.log(about, details)
}

// log writes the export's audit line: its action and object, and what is not empty of details.
func (x *exporting) log(about audit.Line, details map[string]any) error {
	return x.Audit.Write(x.ctx, x.by, access.Export, about.Action, func(_ *gorm.DB, line *audit.Line) error {
		line.SetObject(about.ObjectKind, about.ObjectID, about.ObjectName)
		changes := map[string]audit.Change{}
		for field, value := range details {
			if value != "" {
				changes[field] = audit.Change{After: value}
			}
		}
		return line.SetChanges(changes)
	})
}

// details returns the search and the filters of a query for the audit line of its export.
func (q GroupQuery) details() map[string]any {
	details := q.Limits.details()
	details["q"] = strings.TrimSpace(q.Search.Typed + " " + q.Text)
	details["status"], details["contact_id"] = string(q.Shown()), q.Contact
	return details
}

// details returns the limits that there are. Those in the search stand in its text.
func (l Limits) details() map[string]any {
	details := map[string]any{"name": l.Name, "created_by": l.Creator}
	for name, p := range map[string]Period{"created": l.Created, "archived": l.Archived, "updated": l.Updated, "active": l.Active} {
		details[name+"_after"], details[name+"_before"] = audit.MomentOf(p.From), audit.MomentOf(p.To)
	}
	for name, is := range map[string]*bool{"described": l.Described, "with_avatar": l.Avatar, "exempt": l.Exempt} {
		if is != nil {
			details[name] = *is
		}
	}
	if l.MinMembers > 0 {
		details["contacts_min"] = l.MinMembers
	}
	if l.MaxMembers != nil {
		details["contacts_max"] = *l.MaxMembers
	}
	if l.Duplicate {
		details["same_name"] = true
	}
	if l.Scheduled {
		details["scheduled"] = true
	}
	return details
}
