package handlers

import (
	"net/http"
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// bulk returns the pages that change many contacts.
func (p contactPages) bulk() bulkPages {
	return bulkPages{site: p.site, kind: "contacts.", remove: models.BulkDeleteContacts, read: p.readBulk}
}

func (p contactPages) readBulk(r *http.Request, action models.BulkAction) (views.BulkForm, models.BulkChange, error) {
	a := readAddress(r, "q", "sort", "select", "action", "list")
	at, query := readContactsAt(a)
	bulk := models.ContactBulk{Action: action, IDs: selected(r, at.Select), Key: formKey(r)}
	f := p.bulkForm(r, action)
	f.BulkSet = views.ContactSet(action, bulk.IDs, listOf(r, views.ContactsURL(views.ContactsAt{})), at)
	if at.Select {
		bulk.Query, bulk.All = models.ContactQuery{Text: query.Text}, true
		if err := ignored(a); err != nil {
			return f, bulk, err
		}
	} else if len(bulk.IDs) == 0 {
		return f, bulk, nil
	}
	if action == models.BulkAddToGroups {
		bulk.Groups = append([]string{}, r.PostForm["groups"]...)
	}
	return p.previewed(r, f, bulk)
}

// previewed adds to a form what the change of contacts would do.
func (s *site) previewed(r *http.Request, f views.BulkForm, bulk models.ContactBulk) (views.BulkForm, models.BulkChange, error) {
	if !slices.Contains(models.ContactActions, bulk.Action) {
		return f, bulk, noAction
	}
	preview, err := s.store.BulkChanges.PreviewContactSet(r.Context(), by(r), bulk)
	if err != nil {
		return f, bulk, err
	}
	f.Figures, f.Sample, f.Ending = preview.Figures, views.BulkContacts(preview.Sample), preview.Ending
	f.AtOnce = atOnce(bulk.Action, preview.Figures)
	f.Groups = views.GroupPicker{Chosen: preview.Groups, Now: f.Now}
	if find := r.PostForm.Get("find"); find != "" {
		f.Groups.Find, f.Groups.Searched = find, true
		f.Groups.Found, err = s.groupsOffered(r, find)
	}
	return f, bulk, err
}

// groupsOffered returns the groups that a picker offers for a search.
func (s *site) groupsOffered(r *http.Request, find string) ([]models.Group, error) {
	text := []rune(find)
	page, err := s.store.Groups(r.Context(), models.GroupQuery{
		Search: models.ParseSearch(string(text[:min(len(text), models.MaxSearch)]), zone(r)), Range: db.Range{Limit: contactsOffered},
	})
	var groups []models.Group
	if page.Exact != nil {
		groups = append(groups, *page.Exact)
	}
	for _, hit := range page.Groups {
		groups = append(groups, hit.Group)
	}
	return groups, err
}

// pickGroup sends the groups that a picker's combobox offers.
func (p groupPages) pickGroup(w http.ResponseWriter, r *http.Request) error {
	found, err := p.groupsOffered(r, r.FormValue("q"))
	if err != nil {
		return err
	}
	return respond(w, r, http.StatusOK, views.GroupPickerOptions(views.GroupPicker{Found: found, Now: p.now(r)}))
}

// bulk returns the pages that change many members of a group.
func (p memberPages) bulk() bulkPages {
	return bulkPages{site: p.site, kind: "contacts.", read: p.readBulk}
}

func (p memberPages) readBulk(r *http.Request, action models.BulkAction) (views.BulkForm, models.BulkChange, error) {
	g, err := p.store.GroupPreview(r.Context(), r.PathValue("id"))
	if err != nil {
		return views.BulkForm{}, nil, err
	}
	a := readAddress(r, "q", "sort", "select", "action", "list")
	sort, _, _ := memberSort(a)
	at := views.MembersAt{Q: a.search(), Sort: sort, Select: a.one("select", "all") != "", List: groupsOf(r)}
	bulk := models.ContactBulk{Action: action, Groups: []string{g.ID}, IDs: selected(r, at.Select), Key: formKey(r)}
	f := p.bulkForm(r, action)
	f.BulkSet = views.MemberSet(g, bulk.IDs, at)
	if at.Select {
		bulk.Query.Text, bulk.Group = at.Q, g.ID
		if err := ignored(a); err != nil {
			return f, bulk, err
		}
	} else if len(bulk.IDs) == 0 {
		return f, bulk, nil
	}
	if action != models.BulkRemoveFromGroups {
		return f, bulk, noAction
	}
	return p.previewed(r, f, bulk)
}

// memberSort is address.sort for lists of members.
func memberSort(a *address) (at, order string, reverse bool) {
	return a.sort("name", "added", "active")
}
