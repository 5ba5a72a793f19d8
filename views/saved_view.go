package views

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// BuiltInTitle returns what the built-in view with an ID is called, and whether there is
// one.
func BuiltInTitle(id string) (string, bool) {
	_, ok := builtIn(id)
	return builtInTitles[id], ok
}

// builtInTitles are the names of the models.BuiltInViews.
var builtInTitles = map[string]string{
	"empty":         "Empty",
	"inactive":      "Inactive 90 days",
	"undescribed":   "No description",
	"same-name":     "Same name",
	"long-archived": "Archived over a year",
}

func builtIn(id string) (models.BuiltInView, bool) {
	i := slices.IndexFunc(models.BuiltInViews, func(v models.BuiltInView) bool { return v.ID == id })
	if i < 0 {
		return models.BuiltInView{}, false
	}
	return models.BuiltInViews[i], true
}

// PinnedList returns what a view in a menu is called, and the query of its list; "" for a
// built-in view that there isn't any more.
func PinnedList(p identity.Pin) (title, query string) {
	if p.Saved {
		return p.Name, p.Query
	}
	v, _ := builtIn(p.View)
	return builtInTitles[v.ID], ViewQuery(GroupsAt{Q: v.Search})
}

// MenuView is a view in the reader's menu.
type MenuView struct {
	Title string
	At    GroupsAt
	// Count is how many groups it has, in words; "" if that isn't known.
	Count string
}

// NewMenuView returns a view of a list that has about count groups; nil if that isn't known.
func NewMenuView(title string, at GroupsAt, count *db.Count, now Clock) MenuView {
	v := MenuView{Title: title, At: at}
	if count != nil {
		v.Count = tally(*count, now)
	}
	return v
}

// ViewItem is a view in the list of views.
type ViewItem struct {
	// View is its name in a menu: the ID of a saved view.
	View, Title string
	// Saved is the saved view, or nil if it is built in.
	Saved *identity.SavedView
	// List is what it shows, without rows.
	List   GroupList
	Pinned bool
}

// Views are all views that the reader can open.
type Views struct {
	By                    access.Actor
	BuiltIn, Own, OfOther []ViewItem
	// List is the list that the page was opened from; "" for the default.
	List templ.SafeURL
}

// ViewForm is what the forms for new and edited views show.
type ViewForm struct {
	By access.Actor
	// ID is the edited view's; "" for a new one.
	ID   string
	Name string
	// Shared is who sees it; Pinned puts a new view in the menu.
	Shared, Pinned bool
	// Replace offers to replace the view of this name.
	Replace bool
	// List is what the view shows.
	List GroupList
	// Owner is the name of another user whose view it is, or "".
	Owner    string
	Problems access.Invalid
}

// ViewDelete is what the confirmation before deleting a view shows.
type ViewDelete struct {
	identity.SavedView
	By access.Actor
	// PinnedBy are the other users in whose menus the view is.
	PinnedBy []string
	Now      Clock
}

// The addresses of views.

// ViewsURL returns the address of the list of views, opened from a list of groups.
func ViewsURL(list templ.SafeURL) templ.SafeURL { return "/groups/views" + FromList(list) }

// NewViewURL returns the address of the form that saves a list.
func NewViewURL(at GroupsAt) templ.SafeURL {
	return withParams("/groups/views/new", viewParams(at)...)
}
func EditViewURL(id string) templ.SafeURL { return pathTo("/groups/views/", id, "/edit", "") }

// DeleteViewURL returns the address that deletes a view, or confirms that.
func DeleteViewURL(id string) templ.SafeURL { return pathTo("/groups/views/", id, "/delete", "") }

// PinViewURL returns the address that pins a view or unpins it.
func PinViewURL() templ.SafeURL { return "/groups/views/pin" }

// viewParams are the parameters of a list that a view keeps.
func viewParams(at GroupsAt) []string {
	return []string{
		"q", at.Q, "status", at.Status, "member", at.Member,
		"created_after", at.CreatedAfter, "created_before", at.CreatedBefore, "sort", at.Sort, "cols", at.Cols,
	}
}

// ViewQuery returns the query of a view that shows a list from its beginning.
func ViewQuery(at GroupsAt) string {
	return strings.TrimPrefix(string(withParams("", viewParams(at)...)), "?")
}

// savedURL returns the address of a saved view.
func savedURL(at GroupsAt) templ.SafeURL { return withParams("/groups", viewParams(at)...) }

// current reports whether the page at path shows the view.
func (m MenuView) current(path string) bool {
	u, err := url.Parse(path)
	if err != nil || u.Path != "/groups" {
		return false
	}
	values := u.Query()
	for _, place := range []string{"after", "before", "limit", "select"} {
		values.Del(place)
	}
	is, err := url.ParseQuery(ViewQuery(m.At))
	return err == nil && is.Encode() == values.Encode()
}

// GroupsOr returns the list that a page was opened from, or all groups.
func GroupsOr(list templ.SafeURL) templ.SafeURL {
	if list == "" {
		return GroupsURL(GroupsAt{})
	}
	return list
}

// tally returns a count in a menu: "912", "18,018", "1.02 million", "10k+".
func tally(c db.Count, now Clock) string {
	switch {
	case c.About:
		return roughly(c.N, now)
	case c.More && c.N >= 1000:
		return strconv.Itoa(c.N/1000) + "k+"
	}
	return briefly(c, now)
}

// filters describes what a view shows: "is:empty · Archived".
func (v ViewItem) filters() string { return filterWords(v.List) }

func filterWords(l GroupList) string {
	var words []string
	for _, c := range l.chips() {
		words = append(words, c.Words)
	}
	if len(words) == 0 {
		return "All active groups"
	}
	return strings.Join(words, " · ")
}

// title returns the heading of the form.
func (f ViewForm) title() string {
	if f.ID == "" {
		return "Save view"
	}
	return "Edit view"
}

func (f ViewForm) action() templ.SafeURL {
	if f.ID == "" {
		return NewViewURL(f.List.At)
	}
	return EditViewURL(f.ID)
}

// pinnedWords says in whose menus a view is.
func (d ViewDelete) pinnedWords() string {
	const named = 5
	names := make([]string, 0, named)
	for _, name := range d.PinnedBy[:min(named, len(d.PinnedBy))] {
		names = append(names, text.Isolated(name))
	}
	words := strings.Join(names, ", ")
	if more := len(d.PinnedBy) - named; more > 0 {
		words += " and " + counted(more, "other user", "other users", d.Now)
	} else if n := len(names); n > 1 {
		words = strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return "Pinned by " + words
}
