package handlers

import (
	"fmt"
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/views"
)

// activityPages are the pages of the activity log.
type activityPages struct{ *site }

// list shows who did what.
func (p activityPages) list(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, append([]string{"after", "before", "limit"}, activityFilters...)...)
	at, query := readActivityAt(a)
	list, err := p.listAt(r, a, at, query)
	if err == nil && len(list.Lines) == 0 {
		list.At, err = p.dropEmptyGuess(r, a, at)
	}
	if err != nil {
		return err
	}
	if list.At.Q != "" {
		if list.Matches, err = p.named(r, list.At); err != nil {
			return err
		}
		if len(list.Matches) == 1 {
			return redirect(w, r, list.Matches[0].Href)
		}
		if len(list.Matches) == 0 && len(list.Lines) > 0 {
			list.Notes = append(list.Notes, fmt.Sprintf("Nothing has the name or ID “%s”, so that filter was ignored.", clip(list.At.Q)))
		}
	}
	if list.Names, err = p.store.Audit.ActivityNames(r.Context(), query); err != nil {
		return err
	}
	if list.Kept, err = p.store.Audit.Retention.Rule(r.Context()); err != nil {
		return err
	}
	if list.Users, list.Tokens, err = p.store.Audit.ActorOptions(r.Context()); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: views.Activity, Body: views.ActivityPage(list)})
}

// own shows users what they did themselves, whatever else they may see.
func (p activityPages) own(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "after", "before", "limit")
	at, query := readActivityAt(a)
	query.Who = by(r).UserID
	list, err := p.listAt(r, a, at, query)
	if err != nil {
		return err
	}
	if list.Steps, err = p.store.Audit.Steps(r.Context(), by(r)); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Your activity", Body: views.OwnActivityPage(list.Own())})
}

func (p activityPages) listAt(r *http.Request, a *address, at views.ActivityAt, query audit.ActivityQuery) (views.ActivityList, error) {
	page, err := fullPage(&query.Range, func() (page audit.Page, more bool, err error) {
		page, err = p.store.Audit.Activity(r.Context(), query)
		return page, page.More, err
	})
	at.Before = query.Before.String()
	list := views.ActivityList{At: at, Lines: page.Lines, Notes: a.notes, PageSize: a.pageSize, By: by(r), Now: p.now(r)}
	if err != nil {
		return list, err
	}
	if n := len(page.Lines); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More, page.Lines[0].ID, page.Lines[n-1].ID)
		return list, nil
	}
	list.Since, err = p.store.Audit.OldestActivity(r.Context())
	return list, err
}

// show shows one entry.
func (p activityPages) show(w http.ResponseWriter, r *http.Request) error {
	line, err := p.store.Audit.ActivityLine(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	d := views.ActivityDetail{Line: line, Names: map[string]string{}, Now: p.now(r)}
	if d.Undelete, err = p.mayUndelete(r, line); err != nil {
		return err
	}
	if models.Reversible(line, by(r)) {
		if d.Reversible, d.Reverted, err = p.revertOffer(r, line); err != nil {
			return err
		}
	}
	for _, id := range views.UserIDs(line) {
		names, err := p.store.Audit.ActivityNames(r.Context(), audit.ActivityQuery{Who: id})
		if err != nil {
			return err
		}
		d.Names[id] = names.Who
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: d.Title(), Body: views.ActivityLine(d)})
}

// deletedBefore adds to a 404 that the entry was deleted under the retention setting.
func (p activityPages) deletedBefore(r *http.Request, f *views.Failure) {
	before, err := p.store.Audit.Retention.LineDeletedBefore(r.Context(), r.PathValue("id"))
	if err != nil || before == 0 || !by(r).May(access.ReadActivity) {
		return
	}
	f.Title, f.Sentence, f.Search = "This entry is no longer kept", views.ActivityDeleted(before, p.now(r)), false
}
