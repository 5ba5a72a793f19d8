package handlers

import (
	"net/http"
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/views"
)

// bulk returns the pages that change many groups.
func (p groupPages) bulk() bulkPages {
	return bulkPages{site: p.site, kind: "groups.", remove: models.BulkDelete, read: p.readBulk}
}

func (p groupPages) readBulk(r *http.Request, action models.BulkAction) (views.BulkForm, models.BulkChange, error) {
	a := readAddress(r, append(groupFilters, "select", "action", "list")...)
	at, query := readGroupsAt(a)
	bulk := models.Bulk{Action: action, IDs: selected(r, at.Select), Key: formKey(r)}
	f := p.bulkForm(r, action)
	f.BulkSet = views.GroupSet(action, bulk.IDs, groupsOf(r), at)
	if at.Select {
		bulk.Query, bulk.All = query, true
		if err := ignored(a); err != nil {
			return f, bulk, err
		}
	} else if len(bulk.IDs) == 0 {
		return f, bulk, nil
	}
	if !slices.Contains(models.GroupActions, action) {
		return f, bulk, noAction
	}
	readChange(&bulk, f, r.PostForm["contacts"])
	preview, err := p.store.BulkChanges.PreviewGroups(r.Context(), by(r), bulk)
	if err != nil {
		return f, bulk, err
	}
	if action == models.BulkDelete {
		if bulk.Hold, err = p.store.Holds.Period(r.Context()); err != nil {
			return f, bulk, err
		}
		f.Hold = bulk.Hold
	}
	f.Figures, f.Sample, f.AtOnce = preview.Figures, views.BulkGroups(preview.Sample), atOnce(action, preview.Figures)
	f.Members, err = p.picker(r, "", r.PostForm, nil)
	f.Members.Existing = action == models.BulkRemoveContacts
	return f, bulk, err
}

// readChange reads what is to be changed.
func readChange(b *models.Bulk, f views.BulkForm, contacts []string) {
	switch b.Action {
	case models.BulkAddContacts, models.BulkRemoveContacts:
		b.Contacts = models.Refs(contacts...)
	case models.BulkUpdate:
		switch f.DescriptionDo {
		case "set":
			b.Description = &f.Description
		case "append":
			b.Append = f.Description
		}
		if f.AvatarDo == "set" {
			b.AvatarURL = &f.AvatarURL
		}
	}
}
