package handlers

import (
	"net/http"
	"net/url"
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// pickStep reports whether a form was sent by one of the picker's buttons, and does to the chosen
// contacts what the button says.
func pickStep(form url.Values) bool { return pickStepIn(form, "contacts") }

// pickStepIn is pickStep for what is chosen in a field.
func pickStepIn(form url.Values, field string) bool {
	chosen := form[field]
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
	form[field] = chosen
	return true
}

// contactsOffered is how many contacts a picker offers.
const contactsOffered = 10

// picker returns the picker with what was chosen and searched in a form.
func (p groupPages) picker(r *http.Request, groupID string, fields url.Values) (views.Picker, error) {
	pick := views.Picker{GroupID: groupID, Find: fields.Get("find"), Searched: fields.Get("find") != "", Now: p.now(r)}
	var err error
	if pick.Chosen, err = p.store.ContactsByID(r.Context(), fields["contacts"]); err != nil || !pick.Searched {
		return pick, err
	}
	err = p.findContacts(r, &pick)
	pick.Found = slices.DeleteFunc(pick.Found, func(found models.Contact) bool {
		return slices.ContainsFunc(pick.Chosen, func(chosen models.Contact) bool { return chosen.ID == found.ID })
	})
	return pick, err
}

// findContacts looks for the contacts that a picker offers, and which of them are members.
func (p groupPages) findContacts(r *http.Request, pick *views.Picker) error {
	text := []rune(pick.Find)
	page, err := p.store.Contacts(r.Context(), models.ContactQuery{
		Text: string(text[:min(len(text), models.MaxSearch)]), Range: db.Range{Limit: contactsOffered},
	})
	if err != nil {
		return err
	}
	pick.Found = page.Contacts
	pick.Already, err = p.store.Members.MembersAmong(r.Context(), pick.GroupID, page.Contacts)
	return err
}

// pick sends the contacts that a picker's combobox offers.
func (p groupPages) pick(w http.ResponseWriter, r *http.Request) error {
	pick := views.Picker{GroupID: r.FormValue("group"), Find: r.FormValue("q"), Now: p.now(r)}
	if err := p.findContacts(r, &pick); err != nil {
		return err
	}
	return respond(w, r, http.StatusOK, views.PickerOptions(pick))
}
