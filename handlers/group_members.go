package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// memberPages are the pages of a group's members.
type memberPages struct{ groupPages }

// list shows a group's members, with a way to add some.
func (p memberPages) list(w http.ResponseWriter, r *http.Request) error {
	fields, _, err := p.drafts.take(r)
	if err != nil {
		return err
	}
	return p.showList(w, r, http.StatusOK, fields, nil)
}

func (p memberPages) showList(w http.ResponseWriter, r *http.Request, status int, fields url.Values, wrong access.Invalid) error {
	m, err := p.listAt(r)
	if err != nil {
		return err
	}
	m.Problems = wrong
	if m.Picker, err = p.picker(r, m.ID, fields, wrong); err != nil {
		return err
	}
	return p.render(w, r, status, views.Page{
		Title: m.Name + " members", Failed: len(wrong) > 0, Body: views.GroupMembersTab(m),
	})
}

// listAt returns what the list shows for an address, without a way to add members.
func (p memberPages) listAt(r *http.Request) (views.GroupMembers, error) {
	detail, err := p.detail(r)
	if err != nil {
		return views.GroupMembers{}, err
	}
	a := readAddress(r, "q", "select", "sort", "after", "before", "list")
	at, query := readMembersAt(a, detail)
	page, err := fullPage(&query.Range, func() (page models.ContactPage, more bool, err error) {
		page, err = p.store.Members.List(r.Context(), query)
		return page, page.More, err
	})
	if err != nil {
		return views.GroupMembers{}, err
	}
	if page.Partial {
		a.notes = append(a.notes, partialNote)
	}
	at.After, at.Before = query.After.String(), query.Before.String()
	m := views.GroupMembers{GroupDetail: detail, At: at, Members: page.Contacts, Notes: a.notes}
	if n := len(page.Contacts); n > 0 {
		m.Previous, m.Next = neighbours(query.Range, page.More, query.Cursor(page.Contacts[0]).String(), query.Cursor(page.Contacts[n-1]).String())
	}
	if at.Q != "" {
		m.Total, err = total(query.Range, page.More, len(page.Contacts), page.Count, func() (db.Count, error) {
			return p.store.Members.Count(r.Context(), page)
		})
	}
	return m, err
}

// readMembersAt reads the address of a list of members, and returns the query for it.
func readMembersAt(a *address, detail views.GroupDetail) (views.MembersAt, models.MemberQuery) {
	sort, order, reverse := memberSort(a)
	at := views.MembersAt{Q: a.search(), Sort: sort, Select: a.one("select", "all") != "", List: detail.List}
	if at.Sort != "" && detail.ContactsCount > models.MaxSortedMembers {
		a.note("Groups with more than %s members can only be sorted by age.", strconv.Itoa(models.MaxSortedMembers))
		at.Sort, order, reverse = "", "", false
	}
	query := models.MemberQuery{Group: detail.ID, Text: at.Q, Sort: models.MemberSort(order), Reverse: reverse, Range: a.page(0)}
	query.After, query.Before = a.cursors(query.Fits)
	return at, query
}

// add adds members to a group, or takes a step in choosing them.
func (p memberPages) add(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	to := views.MembersURL(id, views.MembersAt{List: groupsOf(r)})
	step, wrong, err := p.step(r)
	switch {
	case err != nil:
		return err
	case len(wrong) > 0:
		return p.showList(w, r, http.StatusUnprocessableEntity, r.PostForm, wrong)
	case step:
		return p.keepStep(w, r, to)
	}
	if len(r.PostForm["contacts"]) == 0 {
		return p.showList(w, r, http.StatusUnprocessableEntity, r.PostForm,
			access.Invalid{{Field: "contacts", Code: access.Missing, Message: "Choose at least one contact to add."}})
	}
	g, added, err := p.store.Members.AddMembers(r.Context(), by(r), id, models.Refs(r.PostForm["contacts"]...), nil)
	if invalid, ok := problems(err); ok {
		return p.showList(w, r, http.StatusUnprocessableEntity, r.PostForm, invalid)
	}
	if err != nil {
		return err
	}
	p.drafts.drop(r)
	to = next(r, to)
	return p.done(w, r, to, views.Flash{Text: addedText(g, added), Undo: p.undoable(r, to)})
}

// addedText returns the message about who was added.
func addedText(g models.Group, added []models.Contact) string {
	switch len(added) {
	case 0:
		return "They're already members of " + text.Isolated(g.Name) + "."
	case 1:
		return text.Isolated(added[0].Name()) + " added to " + text.Isolated(g.Name) + "."
	}
	return fmt.Sprintf("%d contacts added to %s.", len(added), text.Isolated(g.Name))
}

// remove removes a member from a group and offers to undo that.
func (p memberPages) remove(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	to := next(r, views.MembersURL(id, views.MembersAt{}))
	contact, err := p.store.Contact(r.Context(), r.PostFormValue("contact"))
	if err != nil {
		return err
	}
	g, removed, err := p.store.Members.RemoveMember(r.Context(), by(r), id, contact.ID)
	if err != nil {
		return err
	}
	if !removed {
		return p.done(w, r, to, views.Flash{Text: text.Isolated(contact.Name()) + " was no longer a member."})
	}
	text := text.Isolated(contact.Name()) + " removed from " + text.Isolated(g.Name) + "."
	if g.ContactsCount == 0 {
		text += " The group has no members now."
	}
	return p.done(w, r, to, views.Flash{Text: text, Undo: p.undoable(r, to)})
}
