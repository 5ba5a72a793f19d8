package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// step reports whether a form was sent by one of the picker's buttons, and does what the button
// says. It returns what is wrong with a contact that was to be created.
func (p groupPages) step(r *http.Request) (bool, access.Invalid, error) {
	takeChoices(r.PostForm)
	if r.PostForm.Get("do") == "contact" {
		wrong, err := p.createContact(r)
		return true, wrong, err
	}
	return pickStep(r.PostForm), nil, nil
}

// pickStep is step for the buttons that change which contacts are chosen. A list that has not been
// looked up is looked up first.
func pickStep(form url.Values) bool { return pickStepIn(form, "contacts") }

// pickStepIn is pickStep for what is chosen in a field.
func pickStepIn(form url.Values, field string) bool {
	chosen := form[field]
	switch {
	case form.Has("add"):
		if id := form.Get("add"); !slices.Contains(chosen, id) {
			chosen = append(chosen, id)
		}
		dropSearch(form)
	case form.Has("remove"):
		chosen = slices.DeleteFunc(chosen, func(id string) bool { return id == form.Get("remove") })
	case form.Get("do") == "paste" || isNewList(form):
	case form.Get("do") != "find" && (form.Has("do") || form.Get("find") == ""):
		return false // Enter in the search field sends no button
	default:
		find := form.Get("find")
		dropSearch(form)
		form.Set("find", find)
	}
	form[field] = chosen
	return true
}

// keepStep keeps a form after a step in choosing contacts, and leads back to it.
func (p groupPages) keepStep(w http.ResponseWriter, r *http.Request, to templ.SafeURL) error {
	at := templ.SafeURL("#find")
	if r.PostForm.Get("do") == "paste" || isNewList(r.PostForm) {
		at = "#pasted-title"
	}
	if err := p.drafts.keepStep(r); err != nil {
		return err
	}
	return redirect(w, r, to+at)
}

// createContact creates the contact that a picker's form describes, and chooses it. It returns
// what is wrong with the contact.
func (p groupPages) createContact(r *http.Request) (access.Invalid, error) {
	form := r.PostForm
	contact, err := p.store.CreateContact(r.Context(), by(r), models.ContactChange{
		Username: field(r, "new_username"), DisplayName: field(r, "new_display_name"),
	}, formKey(r))
	if invalid, ok := problems(err); ok {
		for i := range invalid {
			invalid[i].Field = "new_" + invalid[i].Field
		}
		return invalid, nil
	}
	if err != nil {
		return nil, err
	}
	form.Add("contacts", contact.ID)
	dropSearch(form)
	return nil, nil
}

// dropSearch removes a search, and the contact that was suggested for it, from a form.
func dropSearch(form url.Values) {
	for _, field := range []string{"find", "new_username", "new_display_name"} {
		form.Del(field)
	}
}

// contactsOffered is how many contacts a picker offers.
const contactsOffered = 10

// picker returns the picker with what was chosen and searched in a form. wrong are the form's
// problems.
func (p groupPages) picker(r *http.Request, groupID string, fields url.Values, wrong access.Invalid) (views.Picker, error) {
	pick := views.Picker{By: by(r), GroupID: groupID, Find: fields.Get("find"), Searched: fields.Get("find") != "", Now: p.now(r)}
	var err error
	if pick.Chosen, err = p.store.ContactsByID(r.Context(), fields["contacts"]); err != nil {
		return pick, err
	}
	if pick.Searched {
		if err := p.findContacts(r, &pick); err != nil {
			return pick, err
		}
		pick.New.Shown = pick.New.Username != ""
	}
	if fields.Get("new_username") != "" || fields.Get("do") == "contact" {
		pick.New = newPick(fields, wrong)
	}
	return pick, p.matchPasted(r, &pick, fields)
}

// newPick returns the form that creates a contact, with what was typed into it.
func newPick(fields url.Values, wrong access.Invalid) views.NewPick {
	return views.NewPick{Shown: true, Username: fields.Get("new_username"), DisplayName: fields.Get("new_display_name"), Problems: wrong}
}

// findContacts looks for the contacts that a picker offers, and which of them are members. If
// what was typed names none exactly, it offers to create one.
func (p groupPages) findContacts(r *http.Request, pick *views.Picker) error {
	typed := []rune(pick.Find)
	page, err := p.store.Contacts(r.Context(), models.ContactQuery{
		Text: string(typed[:min(len(typed), models.MaxSearch)]), Range: db.Range{Limit: contactsOffered},
	})
	if err != nil {
		return err
	}
	pick.Found = page.Contacts
	if pick.Already, err = p.store.Members.MembersAmong(r.Context(), pick.GroupID, page.Contacts); err != nil || !pick.By.May(access.EditContacts) {
		return err
	}
	named, err := p.store.Members.Match(r.Context(), []string{strings.TrimSpace(pick.Find)})
	if err == nil && len(named[0].Contacts) == 0 {
		pick.New.Username, pick.New.DisplayName = models.SuggestUsername(pick.Find)
	}
	return err
}

// pick sends the contacts that a picker's combobox offers.
func (p groupPages) pick(w http.ResponseWriter, r *http.Request) error {
	pick := views.Picker{By: by(r), GroupID: r.FormValue("group"), Find: text.NormalText(r.FormValue("q")), Now: p.now(r)}
	if err := p.findContacts(r, &pick); err != nil {
		return err
	}
	return respond(w, r, http.StatusOK, views.PickerOptions(pick))
}
