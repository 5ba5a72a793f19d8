package views

import (
	"context"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
)

// contactRows are the rows of the list of contacts.
func contactRows(l *ContactList, selects bool) templ.Component {
	from := FromList(ContactsURL(l.At))
	return rows(len(l.Rows), func(ctx context.Context, m *rowHTML, i int) error {
		c := &l.Rows[i]
		m.beginRow(c.ID, "")
		if selects {
			m.pickCell(c.ID, c.Name(), l.At.Select)
		}
		m.beginName(ctx, contactAvatar(c.ID, c.Name(), c.AvatarURL, "round"), c.ID, ContactURL(c.ID)+from)
		m.marked(c.Name(), l.Words)
		m.raw(`</bdi></a>`)
		m.endName()
		m.textCell("c-text", "Username", mark(c.Username, l.Words))
		m.textCell("c-wide c-phone", "Phone number", mark(deref(c.PhoneNumber), nil))
		m.numberCell("Groups", atLeast(c.Groups, l.Now), plural(c.Groups.N, "group", "groups"))
		m.activeCell(c, l.Now)
		m.momentCell("Created", &c.CreatedAt, l.Now)
		m.menuCell(ContactURL(c.ID), c.Name())
		m.raw(`</tr>`)
		return nil
	})
}

// memberRows are the rows of the list of a group's members. If selects, the reader may remove them.
func memberRows(l *GroupMembers, selects bool) templ.Component {
	remove := RemoveMemberURL(l.ID, Then(MembersURL(l.ID, l.At)))
	return rows(len(l.Members), func(ctx context.Context, m *rowHTML, i int) error {
		c := &l.Members[i]
		m.beginRow(c.ID, "")
		if selects {
			m.pickCell(c.ID, c.Name(), l.At.Select)
		}
		m.beginName(ctx, contactAvatar(c.ID, c.Name(), c.AvatarURL, "round"), c.ID, ContactURL(c.ID))
		m.marked(c.Name(), nil)
		m.raw(`</bdi></a>`)
		if c.Name() != c.Username {
			m.raw(`<small><bdi>`)
			m.text(plain(c.Username))
			m.raw(`</bdi></small>`)
		}
		m.endName()
		m.activeCell(c, l.Now)
		m.momentCell("Added", &c.JoinedAt, l.Now)
		m.raw(`<td class="c-menu num">`)
		if selects {
			m.raw(`<form method="post" action="`)
			m.text(string(remove))
			m.raw(`" hx-boost="true" data-focus="next"><input type="hidden" name="contact" value="`, c.ID,
				`"><button type="submit" class="quiet close" title="Remove from group">`, iconHead(), "user-minus", iconTail, `<span class="hide">Remove <bdi>`)
			m.text(plain(c.Name()))
			m.raw(`</bdi></span></button></form>`)
		}
		m.raw(`</td></tr>`)
		return nil
	})
}

// activeCell appends the cell with when a contact was last active.
func (m *rowHTML) activeCell(c *models.Contact, now Clock) {
	if c.LastActiveAt != nil {
		m.momentCell("Last active", c.LastActiveAt, now)
		return
	}
	m.beginCell("c-when", "Last active")
	m.raw(`<span class="none faint">Never</span></td>`)
}
