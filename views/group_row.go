package views

import (
	"context"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
)

// groupRows are the rows of the list.
func groupRows(l *GroupList, columns []Column, selects bool) templ.Component {
	from := FromList(GroupsURL(l.At))
	return rows(len(l.Rows), func(ctx context.Context, m *rowHTML, i int) error {
		g := &l.Rows[i]
		page := GroupURL(g.ID)
		m.beginRow(g.ID, statusOf(&g.Group))
		if selects {
			m.pickCell(g.ID, g.Name, l.At.Select)
		}
		m.beginName(ctx, groupAvatar(g.ID, g.Name, g.AvatarURL, ""), g.ID, page+from)
		m.marked(g.Name, l.Search.Words)
		m.raw(`</bdi></a>`)
		if g.Member != nil {
			m.raw(`<small>member <bdi>`)
			m.text(plain(g.Member.Name()))
			m.raw(`</bdi></small>`)
		}
		m.endName()
		for _, c := range columns {
			if err := m.groupCell(ctx, l, g, c.Name); err != nil {
				return err
			}
		}
		m.menuCell(page, g.Name)
		m.raw(`</tr>`)
		return nil
	})
}

func statusOf(g *models.Group) string {
	if g.Archived() {
		return "archived"
	}
	return "active"
}

// groupCell appends the cell of a column.
func (m *rowHTML) groupCell(ctx context.Context, l *GroupList, g *models.GroupHit, column string) error {
	switch column {
	case "description":
		var description marked
		if g.Description != nil {
			description = snippet(*g.Description, l.Search.Words)
		}
		m.textCell("c-text c-more", "Description", description)
	case "members":
		m.numberCell("Members", thousands(g.ContactsCount, l.Now), plural(g.ContactsCount, "member", "members"))
	case "created":
		m.momentCell("Created", &g.CreatedAt, l.Now)
	case "by":
		m.textCell("c-who c-text", "Created by", mark(l.Creators[g.ID].Name, nil))
	case "active":
		m.momentCell("Last active", &g.LastActiveAt, l.Now)
	case "updated":
		m.momentCell("Updated", &g.UpdatedAt, l.Now)
	case "status":
		m.statusCell(g.Archived())
	case "archived":
		m.momentCell("Archived", g.ArchivedAt, l.Now)
	case "id":
		return m.idCell(ctx, "ID", g.ID, "Copy group ID")
	case "conversation":
		return m.idCell(ctx, "Conversation ID", g.ConversationID, "Copy conversation ID")
	}
	return nil
}

// statusCell appends both states, of which app.js shows the other one when it changes.
func (m *rowHTML) statusCell(archived bool) {
	hidden := [2]string{"", " hidden"}
	if archived {
		hidden = [2]string{" hidden", ""}
	}
	m.beginCell("c-status", "Status")
	m.raw(`<span data-when="active"`, hidden[0], `>`, activeHTML, `</span><span data-when="archived"`, hidden[1], `>`, archivedHTML(), `</span></td>`)
}

func (m *rowHTML) idCell(ctx context.Context, label, id, copies string) error {
	m.beginCell("c-id", label)
	err := idCode(id, copies).Render(ctx, m)
	m.raw(`</td>`)
	return err
}
