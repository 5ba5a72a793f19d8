package handlers

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// listFrom returns the list at an address that the page of a group was opened from.
func listFrom(r *http.Request, list templ.SafeURL) (views.GroupsAt, models.GroupQuery) {
	_, query, _ := strings.Cut(string(list), "?")
	return savedList(r, query)
}

// neighbours adds to a group's overview the groups before and after it in the list that the page was opened from.
func (p groupPages) neighbours(r *http.Request, d *views.GroupDetail) error {
	_, query := listFrom(r, d.List)
	if query.Sort == models.ByArchived && !d.Archived() {
		return nil // it has no place in that list
	}
	place := query.Cursor(d.Group)
	for _, side := range []struct {
		at   db.Range
		into **models.Group
	}{{db.Range{Before: place, Limit: 1}, &d.Before}, {db.Range{After: place, Limit: 1}, &d.After}} {
		query.Range = side.at
		page, err := p.store.Groups(r.Context(), query)
		if _, refused := problems(err); refused {
			return nil // the list itself says why
		}
		if err != nil {
			return err
		}
		if len(page.Groups) > 0 {
			*side.into = &page.Groups[0].Group
		}
	}
	return nil
}
