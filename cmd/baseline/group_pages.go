package main

import (
	"context"
	"net/http"
)

// groupPage shows a group, with ten of its members.
func (s *server) groupPage(r *http.Request, b *buffer) error {
	g, err := s.groupRow(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	members, err := s.db.contacts(r.Context(), contactQuery{group: g.id, limit: people - 1})
	if err != nil {
		return err
	}
	description := b.raw(`<span class="faint">None</span>`)
	if g.description != nil {
		description = b.raw(`<p class="text">` + string(b.text(*g.description)) + `</p>`)
	}
	values := [][]byte{
		b.raw(g.id), b.text(g.name), b.hue(g.name), b.initials(g.name), b.raw(g.conversation), b.number(g.count), b.raw(s.origin),
		description, b.exactly(g.created), b.exactly(g.updated),
	}
	b.framed(r, title(g.name, "Groups"), "Groups", func() {
		b.head(groupHTML, values...)
		for i := range members {
			c := &members[i]
			var active []byte
			if c.active != nil {
				active = b.raw("<small>" + string(b.moment(*c.active)) + "</small>")
			}
			b.head(personHTML, b.raw(c.id), b.hue(c.name()), b.initials(c.name()), b.text(c.name()), active)
		}
		b.foot(groupHTML, values...)
	})
	return nil
}

// groupRow returns a group without its members.
func (s *server) groupRow(ctx context.Context, id string) (group, error) {
	groups, err := s.db.groups(ctx, groupQuery{id: id})
	if err == nil && len(groups) == 0 {
		err = errNotFound
	}
	if err != nil {
		return group{}, err
	}
	return groups[0], nil
}

// membersPage shows the members of a group, or those who are searched for.
func (s *server) membersPage(r *http.Request, b *buffer) error {
	g, err := s.groupRow(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text := r.URL.Query().Get("q")
	q := contactQuery{group: g.id, text: text, limit: 25, terms: terms(text)}
	if q.few = false; len(q.terms) > 0 && g.count > sorted {
		if q.few, err = s.db.fewer(r.Context(), "contacts", q.terms); err != nil {
			return err
		}
	}
	members, err := s.db.contacts(r.Context(), q)
	if err != nil {
		return err
	}
	values := [][]byte{b.raw(g.id), b.text(g.name), b.hue(g.name), b.initials(g.name), b.raw(g.conversation), b.number(g.count), b.raw(s.origin), b.text(text)}
	b.framed(r, title(g.name+" members", "Groups"), "Groups", func() {
		b.head(membersHTML, values...)
		b.members(&g, q, members)
		b.foot(membersHTML, values...)
	})
	return nil
}

func (b *buffer) members(g *group, q contactQuery, members []contact) {
	if len(members) == 0 {
		b.head(membersNoneHTML, b.text(q.text), b.raw(g.id))
		return
	}
	path := "/groups/" + g.id + "/members"
	remove := b.text(link(path+"/remove", "next", link(path, "q", q.text)))
	b.head(membersTableHTML, b.raw(g.id), b.number(g.count))
	for i := range members[:min(len(members), q.limit)] {
		c := &members[i]
		b.head(membersRowHTML, b.raw(c.id), remove, b.hue(c.name()), b.initials(c.name()), b.text(c.name()), b.text(c.username), b.active(c), b.moment(c.added))
	}
	b.foot(membersTableHTML, b.raw(g.id), b.number(g.count))
	var next []byte
	if len(members) > q.limit {
		next = b.part(nextHTML, b.text(link(path, "q", q.text, "after", members[q.limit-1].id)), b.raw("members"))
	}
	b.head(pagerHTML, next, nil, nil)
}

// pick serves the contacts that a picker offers.
func (s *server) pick(r *http.Request, b *buffer) error {
	values := r.URL.Query()
	q := contactQuery{terms: terms(values.Get("q")), limit: people - 1, pickFor: values.Get("group")}
	found, err := s.db.contacts(r.Context(), q)
	if err != nil {
		return err
	}
	for i := range found {
		c := &found[i]
		var username, state []byte
		if c.display != nil {
			username = b.raw(" <small><bdi>" + c.username + "</bdi></small>")
		}
		switch {
		case c.member:
			state = []byte(`<span class="pill">Already a member</span>`)
		case c.active != nil:
			state = b.raw("<small>Active 24 Oct 2025</small>")
		}
		b.head(pickHTML, b.raw(c.id), b.text(c.name()), b.hue(c.name()), b.initials(c.name()), username, state, attribute(c.member, `aria-disabled="true"`))
	}
	b.head(pickNewHTML, b.text(values.Get("q")))
	return nil
}
