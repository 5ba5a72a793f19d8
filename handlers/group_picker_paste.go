package handlers

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/views"
)

// isNewList reports whether a form has a pasted list that has not been looked up.
func isNewList(form url.Values) bool {
	entries := models.ListEntries(form.Get("paste"))
	return len(entries) > 0 && strings.Join(entries, ",") != form.Get("pasted")
}

// takeChoices adds what was chosen among the contacts that pasted entries can mean.
func takeChoices(form url.Values) {
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if !strings.HasPrefix(name, views.ChoicePrefix) {
			continue
		}
		if id := form.Get(name); id != "" {
			form.Add("contacts", id)
		}
		form.Del(name)
	}
}

// matchPasted looks up the list that was pasted into a picker.
func (p groupPages) matchPasted(r *http.Request, pick *views.Picker, fields url.Values) error {
	pick.Paste = views.Paste{Text: fields.Get("paste"), Before: models.ListEntries(fields.Get("pasted"))}
	matches, err := p.store.Members.Match(r.Context(), models.ListEntries(pick.Paste.Text))
	if invalid, ok := problems(err); ok {
		pick.Paste.Problem = invalid.For("paste")
		return nil
	}
	if err != nil {
		return err
	}
	pick.Paste.Matches = matches
	var found []models.Contact
	for _, m := range matches {
		found = append(found, m.Contacts...)
	}
	members, err := p.store.Members.MembersAmong(r.Context(), pick.GroupID, found)
	if pick.Already == nil {
		pick.Already = members
	}
	maps.Copy(pick.Already, members)
	return err
}

// missing sends the entries of a pasted list for which nothing was found, as a file.
func (p groupPages) missing(w http.ResponseWriter, r *http.Request) error {
	matches, err := p.store.Members.Match(r.Context(), models.ListEntries(r.PostForm.Get("paste")))
	if err != nil {
		return err
	}
	d := p.download(w, r, export.Named("csv"), "contacts-not-found", []string{"contact"})
	defer d.Discard()
	for _, m := range matches {
		if len(m.Contacts) > 0 {
			continue
		}
		if err := d.Write(m.Entry); err != nil {
			return d.finish(err)
		}
	}
	return d.finish(nil)
}
