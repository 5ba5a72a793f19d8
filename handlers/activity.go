package handlers

import (
	"net/http"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// activity shows who did what.
func (c *Console) activity(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, append([]string{"after", "before", "limit"}, activityFilters...)...)
	at, query := readActivityAt(a)
	list, err := c.listActivity(r, a, at, query)
	if err == nil && len(list.Lines) == 0 {
		list.At, err = c.unguessed(r, a, at)
	}
	if err != nil {
		return err
	}
	if list.Names, err = c.store.Audit.ActivityNames(r.Context(), query); err != nil {
		return err
	}
	if list.Kept, err = c.store.Audit.Retention(r.Context()); err != nil {
		return err
	}
	if list.People, list.Tokens, err = c.store.Audit.Doers(r.Context()); err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: views.Activity, Section: views.Activity, Body: views.ActivityPage(list)})
}

// ownActivity shows somebody what they did themselves, whatever else they may see.
func (c *Console) ownActivity(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "after", "before", "limit")
	at, query := readActivityAt(a)
	query.Who = by(r).UserID
	list, err := c.listActivity(r, a, at, query)
	if err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: "Your activity", Body: views.OwnActivityPage(list.Own())})
}

func (c *Console) listActivity(r *http.Request, a *address, at views.ActivityAt, query audit.ActivityQuery) (views.ActivityList, error) {
	page, err := c.store.Audit.Activity(r.Context(), query)
	if err == nil && !query.Before.IsZero() && !page.More {
		// The walk back came to the start: show the first page, and show it full.
		query.Before, at.Before = db.Cursor{}, ""
		page, err = c.store.Audit.Activity(r.Context(), query)
	}
	list := views.ActivityList{At: at, Lines: page.Lines, Notes: a.notes, PageSize: a.pageSize, By: by(r), Now: c.now(r)}
	if err != nil {
		return list, err
	}
	if n := len(page.Lines); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More, page.Lines[0].ID, page.Lines[n-1].ID)
		return list, nil
	}
	list.Since, err = c.store.Audit.ActivitySince(r.Context())
	return list, err
}

// activityLine shows one act.
func (c *Console) activityLine(w http.ResponseWriter, r *http.Request) error {
	line, err := c.store.Audit.ActivityLine(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	d := views.ActivityDetail{Line: line, Names: map[string]string{}, Now: c.now(r)}
	if models.Reversible(line, by(r)) {
		if d.Reversible, d.PutBackBy, err = c.putBack(r, line); err != nil {
			return err
		}
	}
	for _, id := range views.PeopleOf(line) {
		names, err := c.store.Audit.ActivityNames(r.Context(), audit.ActivityQuery{Who: id})
		if err != nil {
			return err
		}
		d.Names[id] = names.Who
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: models.Summary(line), Section: views.Activity, Body: views.ActivityLine(d)})
}

// gone is the day up to which activity was deleted by the rule, where a line is asked for
// that was; 0 elsewhere.
func (c *Console) gone(r *http.Request) int64 {
	v := visitOf(r)
	if v == nil || !v.actor.May(access.ReadActivity) || !strings.HasPrefix(r.URL.Path, "/activity/") {
		return 0
	}
	before, err := c.store.Audit.ActivityGone(r.Context(), r.PathValue("id"))
	if err != nil {
		return 0
	}
	return before
}
