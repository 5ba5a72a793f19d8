package handlers

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// mergeForm shows what merging two contacts would do. If the address has one, it asks for the other.
func (p contactPages) mergeForm(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "ids", "q", "list")
	switch ids := mergedIDs(a.values["ids"]); len(ids) {
	case 1:
		return p.findToMerge(w, r, a, ids[0])
	case 2:
		preview, err := p.store.Merges.Preview(r.Context(), [2]string(ids), groupsNamed)
		if err != nil {
			return err
		}
		form := views.NewMergeForm(preview)
		form.Notes = a.notes
		return p.showMerge(w, r, http.StatusOK, form)
	default:
		body := views.SelectToMerge(len(ids), listOf(r, views.ContactsURL(views.ContactsAt{})))
		return p.render(w, r, http.StatusOK, views.Page{Title: "Merge contacts", Body: body})
	}
}

// mergedIDs returns those ids that can be of contacts, each once.
func mergedIDs(ids []string) []string {
	var each []string
	for _, id := range ids {
		if text.ValidID(id) && !slices.Contains(each, id) {
			each = append(each, id)
		}
	}
	return each
}

// findToMerge shows the contacts that are found, or such as are like the contact with the id.
func (p contactPages) findToMerge(w http.ResponseWriter, r *http.Request, a *address, id string) error {
	contact, err := p.store.Contact(r.Context(), id)
	if err != nil {
		return err
	}
	s := views.MergeSearch{Contact: contact, Q: a.search(), List: listOf(r, views.ContactsURL(views.ContactsAt{})), Notes: a.notes, Now: p.now(r)}
	for _, q := range likely(contact, s.Q) {
		page, err := p.store.Contacts(r.Context(), models.ContactQuery{Text: q, Range: db.Range{Limit: contactsOffered}})
		if err != nil {
			return err
		}
		s.Found = slices.DeleteFunc(page.Contacts, func(c models.Contact) bool { return c.ID == id })
		if len(s.Found) > 0 {
			break
		}
	}
	s.Suggested = s.Q == ""
	return p.render(w, r, http.StatusOK, views.Page{Title: "Merge " + contact.Name(), Body: views.FindToMerge(s)})
}

// likely returns the searches by which the other contact may be found, in turn: what was typed, or
// else the contact's phone number and its name.
func likely(c models.Contact, typed string) []string {
	if typed != "" {
		return []string{typed}
	}
	if c.PhoneNumber != nil {
		return []string{*c.PhoneNumber, c.Name()}
	}
	return []string{c.Name()}
}

func (p contactPages) showMerge(w http.ResponseWriter, r *http.Request, status int, form views.MergeForm) error {
	form.Key, form.List, form.Now = rand.Text(), listOf(r, views.ContactsURL(views.ContactsAt{})), p.now(r)
	return p.render(w, r, status, views.Page{Title: "Merge contacts", Failed: len(form.Problems) > 0 || form.Changed, Body: views.MergeContacts(form)})
}

// merge merges two contacts.
func (p contactPages) merge(w http.ResponseWriter, r *http.Request) error {
	ids, keep := mergedIDs(r.PostForm["ids"]), r.PostForm.Get("keep")
	if len(ids) != 2 || !slices.Contains(ids, keep) {
		return errBadForm
	}
	from := ids[1-slices.Index(ids, keep)]
	chosen, take := map[string]string{}, []string{}
	for _, input := range (models.ContactFields{}).Inputs() {
		if chosen[input.Name] = r.PostForm.Get(input.Name); chosen[input.Name] == from {
			take = append(take, input.Name)
		}
	}
	contact, err := p.store.Merges.Merge(r.Context(), by(r), keep, models.ContactMerge{
		From: from, Take: take, If: asSeen(r, keep), IfFrom: asSeen(r, from),
	}, formKey(r))
	if errors.Is(err, access.ErrChanged) {
		preview, err := p.store.Merges.Preview(r.Context(), [2]string(ids), groupsNamed)
		if err != nil {
			return err
		}
		return p.showMerge(w, r, http.StatusConflict, views.MergeForm{MergePreview: preview, Keep: keep, Chosen: chosen, Changed: true})
	}
	if _, gone := problems(err); gone {
		return access.ErrNotFound // nothing else can be wrong with what the form sends
	}
	if err != nil {
		return err
	}
	return p.done(w, r, views.ContactURL(contact.ID), views.Flash{Text: "Contacts merged into " + text.Isolated(contact.Name()) + "."})
}

// asSeen returns whether a contact is as the form showed it; nil if the form doesn't say.
func asSeen(r *http.Request, id string) func(models.Contact) bool {
	seen, err := strconv.ParseInt(r.PostForm.Get("seen_"+id), 10, 64)
	if err != nil {
		return nil
	}
	return func(c models.Contact) bool { return c.UpdatedAt == seen }
}

// tombstone adds to a 404 into which contact the one of the request was merged, or that its personal
// data were erased.
func (p contactPages) tombstone(r *http.Request, f *views.Failure) {
	t, err := p.store.ContactTombstone(r.Context(), r.PathValue("id"))
	if err != nil || !by(r).May(access.ReadContacts) {
		return
	}
	if !by(r).May(access.ReadActivity) {
		t.DeletedBy = ""
	}
	f.Title, f.Merged = "This contact was merged", &t
	if t.Erased() {
		f.Title = "This contact was erased"
	}
}
