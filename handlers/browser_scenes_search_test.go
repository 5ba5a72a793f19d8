package handlers_test

import (
	"net/url"

	"protocol.chat/console/models/text"
)

// searchScenes are the search over everything, and what the search box suggests.
var searchScenes = []scene{
	{"search", at(func(v *town) string {
		return "/search?from=/groups/" + v.group.ID + "&q=" + url.QueryEscape(text.Straight(v.group.Name)[:3])
	})},
	{"search empty", address("/search?q=zzzzzz")},
	{"search palette", func(t *tab, v *town) {
		t.visit("/groups/" + v.group.ID)
		t.press("ctrl+K")
		t.until("there are results", "all('dialog [role=option]').length > 0")
	}},
	{"search suggestions", func(t *tab, _ *town) {
		t.visit("/groups?q=is")
		t.click("#q")
		t.until("the suggestions have come", "find('#q').hasAttribute('aria-controls')")
		t.press("End")
		t.press("Down")
		t.until("a suggestion is chosen", "find('#q').hasAttribute('aria-activedescendant')")
	}},
}
