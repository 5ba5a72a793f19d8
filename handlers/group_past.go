package handlers

import (
	"errors"
	"net/http"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/views"
)

// past shows a group as it was at an earlier time, which is in the user's zone.
func (p groupPages) past(w http.ResponseWriter, r *http.Request) error {
	page, status, err := p.pastOf(r)
	if err != nil {
		return err
	}
	return p.render(w, r, status, views.Page{Title: page.Name + " as of…", Failed: page.Problem != "", Body: views.GroupPastPage(page)})
}

// pastOf returns the request's group as it was at the time in the address, or what is wrong with that,
// and the status that the page has then.
func (p groupPages) pastOf(r *http.Request) (page views.GroupPast, status int, err error) {
	detail, err := p.detail(r)
	if err != nil {
		return page, 0, err
	}
	since, err := p.store.History.Since(r.Context())
	if err != nil {
		return page, 0, err
	}
	page = views.GroupPast{GroupDetail: detail, At: r.URL.Query().Get("at"), Since: max(since, detail.CreatedAt)}
	if page.At == "" {
		page.At = detail.Now.Format(typedMoment)
		return page, http.StatusOK, nil
	}
	status, err = p.readPast(r, &page)
	return page, status, err
}

// typedMoment is the form of what an input for a date and time sends, with or without seconds.
const typedMoment = "2006-01-02T15:04:05"

// readPast reads the group as it was at the time that was typed, or sets what is wrong with that.
func (p groupPages) readPast(r *http.Request, page *views.GroupPast) (status int, err error) {
	typed := page.At
	if len(typed) == len("2006-01-02T15:04") {
		typed += ":00"
	}
	at, err := time.ParseInLocation(typedMoment, typed, page.Now.Location())
	if err != nil {
		page.Problem = "Enter a date and a time, like 2026-01-31T18:00."
		return http.StatusUnprocessableEntity, nil
	}
	then, err := p.store.History.Group(r.Context(), by(r), page.ID, at.Unix())
	invalid, refused := problems(err)
	switch {
	case refused:
		page.Problem = invalid.For("at")
		return http.StatusUnprocessableEntity, nil
	case errors.Is(err, access.ErrNotFound):
		page.Problem = "The group didn't exist at that time."
		return http.StatusNotFound, nil
	case errors.As(err, new(models.BeforeRecords)):
		page.Problem = "What the group was like then isn't known. Its records begin later."
		return http.StatusConflict, nil
	case err != nil:
		return 0, err
	}
	page.Moment, page.Then = at.Unix(), &then
	return http.StatusOK, nil
}
