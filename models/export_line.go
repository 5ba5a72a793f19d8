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
func (x *exporting) begin(about audit.Line, e Export, said map[string]any, rows int) error {
	if e.Begin != nil {
		if err := x.sent(e.Begin(rows)); err != nil {
			return err
		}
	}
	said["format"], said["count"] = e.Format, rows
	if e.MemberIDs {
		said["members"] = "ids"
	}
	return x.log(about, said)
}

// log writes the export's audit line: its action and object, and what is not empty of said.
func (x *exporting) log(about audit.Line, said map[string]any) error {
	return x.Audit.Write(x.ctx, x.by, access.Export, about.Action, func(_ *gorm.DB, line *audit.Line) error {
		line.SetObject(about.ObjectKind, about.ObjectID, about.ObjectName)
		changes := map[string]audit.Change{}
		for field, value := range said {
			if value != "" {
				changes[field] = audit.Change{After: value}
			}
		}
		return line.SetChanges(changes)
	})
}

// said returns the search and the filters of a query for the audit line of its export.
func (q GroupQuery) said() map[string]any {
	said := q.Limits.said()
	said["q"] = strings.TrimSpace(q.Search.Typed + " " + q.Text)
	said["status"], said["contact_id"] = string(q.Shown()), q.Contact
	return said
}

// said returns the limits that there are. Those in the search stand in its text.
func (l Limits) said() map[string]any {
	said := map[string]any{"name": l.Name, "created_by": l.Creator}
	for name, p := range map[string]Period{"created": l.Created, "archived": l.Archived, "updated": l.Updated, "active": l.Active} {
		said[name+"_after"], said[name+"_before"] = audit.MomentOf(p.From), audit.MomentOf(p.To)
	}
	for name, is := range map[string]*bool{"described": l.Described, "with_avatar": l.Avatar, "exempt": l.Exempt} {
		if is != nil {
			said[name] = *is
		}
	}
	if l.MinMembers > 0 {
		said["contacts_min"] = l.MinMembers
	}
	if l.MaxMembers != nil {
		said["contacts_max"] = *l.MaxMembers
	}
	if l.Duplicate {
		said["same_name"] = true
	}
	if l.Scheduled {
		said["scheduled"] = true
	}
	return said
}
