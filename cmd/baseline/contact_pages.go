package main

import (
	"context"
	"net/http"
)

func (s *server) contactsPage(r *http.Request, b *buffer) error {
	text := r.URL.Query().Get("q")
	q := contactQuery{text: text, limit: rows, terms: terms(text), withGroups: true}
	contacts, err := s.db.contacts(r.Context(), q)
	if err != nil {
		return err
	}
	more := len(contacts) > q.limit
	contacts = contacts[:min(len(contacts), q.limit)]
	n := len(contacts)
	if more {
		if n, err = s.countContacts(r.Context(), q); err != nil {
			return err
		}
	}
	b.framed(r, title(text, "Contacts"), "Contacts", func() { b.contacts(q, contacts, more, n) })
	return nil
}

func (s *server) countContacts(ctx context.Context, q contactQuery) (int, error) {
	statement := s.db.statement()
	statement.add("SELECT 1")
	if statement.numbered {
		statement.add(" FROM contacts c")
		statement.andTerms("c", q.terms)
	} else {
		statement.fromSQLiteContacts(q)
	}
	if len(q.terms) == 0 {
		return s.totals.get("contacts", func() (int, error) { return s.db.count(ctx, statement, counted) })
	}
	return s.db.count(ctx, statement, found)
}

func (b *buffer) contacts(q contactQuery, contacts []contact, more bool, n int) {
	most, here := counted, link("/contacts", "q", q.text)
	var chips []byte
	if q.text != "" {
		most = found
		chips = []byte(`<div class="chips">` + string(b.part(chipHTML, b.raw("/contacts"), b.text("“"+q.text+"”"))) + `</div>`)
	}
	summary := b.summary(n, most, "contact")
	values := [][]byte{b.text(title(q.text, "Contacts")), summary, b.text(q.text), chips}
	b.head(contactsHTML, values...)
	if len(contacts) == 0 {
		b.head(contactsNoneHTML, b.text(q.text))
	} else {
		b.contactsTable(q, contacts, summary, here)
		next := ""
		if more {
			next = contacts[len(contacts)-1].id
		}
		b.pager("/contacts", here, next, "q", q.text)
	}
	b.foot(contactsHTML, values...)
}

func (b *buffer) contactsTable(q contactQuery, contacts []contact, summary []byte, here string) {
	name := b.part(columnHTML, b.raw("c-name"), nil, b.text(link("/contacts", "q", q.text, "sort", "name")), b.raw("name"), b.raw("Name"), b.icon("sort"))
	created := b.part(columnHTML, b.raw("c-when"), b.raw(` aria-sort="descending"`), b.text(link("/contacts", "q", q.text, "sort", "-created")),
		b.raw("created"), b.raw("Created"), b.icon("arrow-down"))
	values := [][]byte{summary, name, created, b.text(here), b.listField(here)}
	b.head(contactsTableHTML, values...)
	from := b.fromList(here)
	for i := range contacts {
		c := &contacts[i]
		var phone []byte
		if c.phone != nil {
			phone = b.raw("<span>" + string(b.text(*c.phone)) + "</span>")
		}
		b.head(contactsRowHTML, b.raw(c.id), b.hue(c.name()), b.initials(c.name()), b.marked(c.name(), q.terms), b.marked(c.username, q.terms),
			phone, b.number(c.groups), b.active(c), b.moment(c.created), b.text(c.name()), from)
	}
	b.foot(contactsTableHTML, values...)
}

func (b *buffer) active(c *contact) []byte {
	if c.active == nil {
		return b.raw(`<span class="faint">Never</span>`)
	}
	return b.moment(*c.active)
}
