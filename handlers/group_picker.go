package handlers

import (
	"net/http"
	"net/url"
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

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
