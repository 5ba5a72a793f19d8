package handlers

import (
	"net/http"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
)

// themeOf returns the theme that was chosen in the browser, or "".
func (s *site) themeOf(r *http.Request) string {
	for _, theme := range s.cookies.all(r, themeCookie) {
		if theme == "light" || theme == "dark" {
			return theme
		}
	}
	return ""
}

// updateTheme stores the chosen theme in a cookie.
func (p profilePages) updateTheme(w http.ResponseWriter, r *http.Request) error {
	switch theme := r.PostFormValue("theme"); theme {
	case "light", "dark":
		p.cookies.set(w, themeCookie, theme, int((365 * 24 * time.Hour).Seconds()))
	case "system":
		p.cookies.set(w, themeCookie, "", -1)
	default:
		return access.Invalid{{Field: "theme", Code: access.Bad, Message: "The theme must be system, light or dark."}}
	}
	return redirect(w, r, next(r, templ.SafeURL("/")))
}
