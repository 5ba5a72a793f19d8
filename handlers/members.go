package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// members shows a group's members, with a way to add some.
func (c *Console) members(w http.ResponseWriter, r *http.Request) error {
	fields, _, err := c.takeDraft(r, draftOf(r.URL.Path))
	if err != nil {
		return err
	}
	return c.showMembers(w, r, http.StatusOK, fields, nil)
}

func (c *Console) showMembers(w http.ResponseWriter, r *http.Request, status int, fields url.Values, wrong access.Invalid) error {
	detail, err := c.detail(r)
	if err != nil {
		return err
	}
	a := readAddress(r, "q", "after", "before", "list")
	query := models.MemberQuery{Group: detail.ID, Text: a.search(), Range: a.page(0)}
	query.After, query.Before = a.cursors(func(cursor db.Cursor) bool { return cursor.Value == "" })
	page, err := c.store.Members(r.Context(), query)
	if err == nil && !query.Before.IsZero() && !page.More {
		query.Before = db.Cursor{}
		page, err = c.store.Members(r.Context(), query)
	}
	if err != nil {
		return err
	}
	if page.Partial {
		a.notes = append(a.notes, partialNote)
	}
	m := views.GroupMembers{
		GroupDetail: detail, Members: page.Contacts, Notes: a.notes, Problems: wrong,
		At: views.MembersAt{Q: query.Text, After: query.After.String(), Before: query.Before.String(), List: detail.List},
	}
	if n := len(page.Contacts); n > 0 {
		m.Previous, m.Next = neighbours(query.Range, page.More, page.Contacts[0].ID, page.Contacts[n-1].ID)
	}
	if m.Picker, err = c.picker(r, detail.ID, fields); err != nil {
		return err
	}
	return c.show(w, r, status, views.Page{
		Title: detail.Name + " members", Section: views.Groups, Failed: len(wrong) > 0, Body: views.GroupMembersTab(m),
	})
}

// neighbours are the cursors of the pages before and after one, "" where it is at
// an end of the list. first and last are the places of its rows.
func neighbours(r db.Range, more bool, first, last string) (previous, next string) {
	if !r.After.IsZero() || !r.Before.IsZero() && more {
		previous = first
	}
	if !r.Before.IsZero() || more {
		next = last
	}
	return previous, next
}

// addMembers adds people to a group, or takes a step in choosing them.
func (c *Console) addMembers(w http.ResponseWriter, r *http.Request) error {
	id, name := r.PathValue("id"), draftOf(r.URL.Path)
	to := views.MembersURL(id, views.MembersAt{List: groupsOf(r)})
	if pickStep(r.PostForm) {
		if err := c.keepStep(r, name); err != nil {
			return err
		}
		return redirect(w, r, to+"#find")
	}
	if len(r.PostForm["contacts"]) == 0 {
		return c.showMembers(w, r, http.StatusUnprocessableEntity, r.PostForm,
			access.Invalid{{Field: "contacts", Code: access.Missing, Message: "Choose at least one person to add."}})
	}
	g, added, err := c.store.AddMembers(r.Context(), by(r), id, models.Refs(r.PostForm["contacts"]...), nil)
	if invalid, ok := problems(err); ok {
		return c.showMembers(w, r, http.StatusUnprocessableEntity, r.PostForm, invalid)
	}
	if err != nil {
		return err
	}
	c.dropDraft(r, name)
	return c.done(w, r, next(r, to), addedFlash(g, added))
}

// addedFlash says who was added. One person can be taken out again by its undo.
func addedFlash(g models.Group, added []models.Contact) views.Flash {
	switch len(added) {
	case 0:
		return views.Flash{Text: "They are members of " + text.Isolated(g.Name) + " already."}
	case 1:
		to := string(views.MembersURL(g.ID, views.MembersAt{}))
		return views.Flash{Text: text.Isolated(added[0].Name()) + " added to " + text.Isolated(g.Name) + ".", Undo: &views.Undo{
			Action: string(views.RemoveMemberURL(g.ID, "")),
			Fields: []views.Hidden{{Name: "contact", Value: added[0].ID}, {Name: "next", Value: to}},
		}}
	}
	return views.Flash{Text: fmt.Sprintf("%d people added to %s.", len(added), text.Isolated(g.Name))}
}

// removeMember takes somebody out of a group and offers to undo that.
func (c *Console) removeMember(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	to := next(r, views.MembersURL(id, views.MembersAt{}))
	contact, err := c.store.Contact(r.Context(), r.PostFormValue("contact"))
	if err != nil {
		return err
	}
	g, removed, err := c.store.RemoveMember(r.Context(), by(r), id, contact.ID)
	if err != nil {
		return err
	}
	if !removed {
		return c.done(w, r, to, views.Flash{Text: text.Isolated(contact.Name()) + " was not a member any more."})
	}
	text := text.Isolated(contact.Name()) + " removed from " + text.Isolated(g.Name) + "."
	if g.ContactsCount == 0 {
		text += " Nobody is left in it."
	}
	return c.done(w, r, to, views.Flash{Text: text, Undo: &views.Undo{
		Action: string(views.MembersURL(id, views.MembersAt{})),
		Fields: []views.Hidden{{Name: "contacts", Value: contact.ID}, {Name: "next", Value: string(to)}},
	}})
}

// pickStep reports whether a form was sent by one of the picker's buttons, and does
// to the chosen people what the button says.
func pickStep(form url.Values) bool {
	chosen := form["contacts"]
	switch {
	case form.Has("add"):
		if id := form.Get("add"); !slices.Contains(chosen, id) {
			chosen = append(chosen, id)
		}
		form.Del("find")
	case form.Has("remove"):
		chosen = slices.DeleteFunc(chosen, func(id string) bool { return id == form.Get("remove") })
	case form.Get("do") != "find" && (form.Has("do") || form.Get("find") == ""):
		return false // Enter in the search field sends no button
	}
	form["contacts"] = chosen
	return true
}

// peopleFound is how many people a picker offers.
const peopleFound = 10

// picker is the picker with what was chosen and searched in a form.
func (c *Console) picker(r *http.Request, groupID string, fields url.Values) (views.Picker, error) {
	p := views.Picker{GroupID: groupID, Find: fields.Get("find"), Searched: fields.Get("find") != "", Now: c.now(r)}
	var err error
	if p.Chosen, err = c.store.ContactsByID(r.Context(), fields["contacts"]); err != nil || !p.Searched {
		return p, err
	}
	err = c.find(r, &p)
	p.Found = slices.DeleteFunc(p.Found, func(found models.Contact) bool {
		return slices.ContainsFunc(p.Chosen, func(chosen models.Contact) bool { return chosen.ID == found.ID })
	})
	return p, err
}

// find looks for the people that a picker offers, and who of them is a member.
func (c *Console) find(r *http.Request, p *views.Picker) error {
	text := []rune(p.Find)
	page, err := c.store.Contacts(r.Context(), models.ContactQuery{
		Text: string(text[:min(len(text), models.MaxSearch)]), Range: db.Range{Limit: peopleFound},
	})
	if err != nil {
		return err
	}
	p.Found = page.Contacts
	p.Already, err = c.store.MembersAmong(r.Context(), p.GroupID, page.Contacts)
	return err
}

// pickContacts answers the people that a picker's combobox offers.
func (c *Console) pickContacts(w http.ResponseWriter, r *http.Request) error {
	p := views.Picker{GroupID: r.FormValue("group"), Find: r.FormValue("q"), Now: c.now(r)}
	if err := c.find(r, &p); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, views.PickerOptions(p))
}
