package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"protocol.chat/console/views"
)

// done redirects after a form was carried out, with a message.
func (s *site) done(w http.ResponseWriter, r *http.Request, to templ.SafeURL, flash views.Flash) error {
	v := signedInAs(r)
	v.setFlashes(append(v.flashes(), flash))
	if err := v.session.Save(r, w); err != nil {
		return err
	}
	return redirect(w, r, to)
}

// redirect sends the browser to where to go next.
func redirect(w http.ResponseWriter, r *http.Request, to templ.SafeURL) error {
	http.Redirect(w, r, string(to), http.StatusSeeOther)
	return nil
}

// maxAddress is how long an address to lead back to can be.
const maxAddress = 4096

// localPath returns s if it is the address of a page of this console, or else "".
func localPath(s string) string {
	if len(s) > maxAddress || !utf8.ValidString(s) || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") || isAPI(s) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || strings.HasPrefix(cleaned(u.Path), "//") || cleaned(u.Path) != u.Path {
		return ""
	}
	return s
}

// next returns where a form asks to be led, or else to.
func next(r *http.Request, to templ.SafeURL) templ.SafeURL {
	if path := localPath(r.FormValue("next")); path != "" {
		return templ.SafeURL(path)
	}
	return to
}

// listOf returns the list that a page was opened from, as its address says it: usual with
// filters, an order or a place. It is "" if that is not said.
func listOf(r *http.Request, usual templ.SafeURL) templ.SafeURL {
	list := localPath(r.FormValue("list"))
	if !strings.HasPrefix(list, string(usual)+"?") || strings.Contains(list, "#") {
		return ""
	}
	return templ.SafeURL(list)
}

// groupsOf is listOf for lists of groups.
func groupsOf(r *http.Request) templ.SafeURL { return listOf(r, views.GroupsURL(views.GroupsAt{})) }

// cameFrom returns the page of the console that led to a request, or "" if none did, or if it is the
// page of the request itself.
func (s *site) cameFrom(r *http.Request) string {
	path, here := strings.CutPrefix(r.Referer(), s.publicURL)
	path = localPath(path)
	if from, _, _ := strings.Cut(path, "?"); !here || from == r.URL.Path {
		return ""
	}
	return path
}
