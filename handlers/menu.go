package handlers

import (
	"errors"
	"net/http"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// menuTTL is how old the numbers in the menu may be.
const menuTTL = 10 * time.Second

// menuLimit is for how long a page waits for the numbers in the menu. What isn't counted by then
// has none until a later page.
var menuLimit = 50 * time.Millisecond

// menuViews returns the views in the reader's menu, with the numbers of their groups.
func (s *site) menuViews(r *http.Request) ([]views.MenuView, error) {
	v := signedInAs(r)
	if v == nil || v.mustEnroll || !v.actor.May(access.ReadGroups) {
		return nil, nil
	}
	pins, err := s.store.Identity.SavedViews.Pins(r.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	var menu []views.MenuView
	until := time.Now().Add(menuLimit)
	for _, pin := range pins {
		title, query := views.PinnedList(pin)
		if title == "" {
			continue
		}
		at, groups := savedList(r, query)
		count, err := s.menuCount(r, v.user.TimeZone+" "+query, groups, until)
		if err != nil {
			return nil, err
		}
		menu = append(menu, views.NewMenuView(title, at, count, s.now(r)))
	}
	return menu, nil
}

// errLater leaves a number to a later page.
var errLater = errors.New("there is no time left")

// menuCount returns how many groups a view has, or nil if that isn't known in time.
func (s *site) menuCount(r *http.Request, key string, groups models.GroupQuery, until time.Time) (*db.Count, error) {
	count, err := s.menuCounts.Get(key, s.store.DB.Now(), func() (*db.Count, error) {
		left := time.Until(until)
		if left <= 0 {
			return nil, errLater
		}
		return s.store.GroupsCountWithin(r.Context(), groups, left)
	})
	if errors.Is(err, errLater) {
		return nil, nil
	}
	return count, err
}
