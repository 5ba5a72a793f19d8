package handlers

import (
	"net/http"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
)

const themeCookie = "theme"

// themeOf is the theme that the browser asked for, or "".
func themeOf(r *http.Request) string {
	cookie, err := r.Cookie(themeCookie)
	if err != nil || (cookie.Value != "light" && cookie.Value != "dark") {
		return ""
	}
	return cookie.Value
}

// theme keeps the choice of a theme in a cookie.
func (c *Console) theme(w http.ResponseWriter, r *http.Request) error {
	cookie := &http.Cookie{
		Name: themeCookie, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
		HttpOnly: true, Secure: c.secure(), SameSite: http.SameSiteLaxMode,
	}
	switch theme := r.PostFormValue("theme"); theme {
	case "light", "dark":
		cookie.Value = theme
	case "system":
		cookie.MaxAge = -1
	default:
		return models.Invalid{{Field: "theme", Code: models.Bad, Message: "The theme must be system, light or dark."}}
	}
	http.SetCookie(w, cookie)
	return redirect(w, r, next(r, templ.SafeURL("/")))
}
