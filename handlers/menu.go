package handlers

import (
	"net/http"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

const (
	// menuTTL is how old the numbers in the menu may be.
	menuTTL = 10 * time.Second
	// menuLimit is for how long a page waits for them. What isn't counted by then has no number
	// until a later page.
	menuLimit = 50 * time.Millisecond
)

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
	begun := time.Now()
	for _, pin := range pins {
		title, query := views.PinnedList(pin)
		if title == "" {
			continue
		}
		at, groups := savedList(r, query)
		count, known := s.menuCounts.Peek(v.user.TimeZone+" "+query, s.store.DB.Now())
		if !known && time.Since(begun) < menuLimit {
			count, err = s.menuCounts.Get(v.user.TimeZone+" "+query, s.store.DB.Now(), func() (db.Count, error) {
				return s.store.GroupsCountOf(r.Context(), groups)
			})
			if err != nil {
				return nil, err
			}
			known = true
		}
		item := views.NewMenuView(title, at, nil, s.now(r))
		if known {
			item = views.NewMenuView(title, at, &count, s.now(r))
		}
		menu = append(menu, item)
	}
	return menu, nil
}
