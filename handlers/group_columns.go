package handlers

import (
	"net/http"
	"strings"

	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// columns returns the columns that the address asks for, as words; "" for the reader's own.
func (a *address) columns() string {
	words := strings.FieldsFunc(strings.Join(a.values["cols"], " "), func(r rune) bool { return r == ' ' || r == ',' })
	return views.ParseColumns(words)
}

// chooseColumns shows the form for the columns of lists of groups.
func (p groupPages) chooseColumns(w http.ResponseWriter, r *http.Request) error {
	back := groupsOf(r)
	at := views.GroupsAt{}
	if _, query, found := strings.Cut(string(back), "?"); found {
		at, _ = savedList(r, query)
	}
	list := views.GroupList{At: at, Columns: signedInAs(r).user.GroupColumns}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Columns", Body: views.ColumnsPage(views.ColumnChoice{List: list, Back: views.GroupsOr(back)})})
}

// updateColumns sets the columns of all lists, or of the one that the form was opened from.
func (p groupPages) updateColumns(w http.ResponseWriter, r *http.Request) error {
	at := views.GroupsAt{}
	if _, query, found := strings.Cut(string(groupsOf(r)), "?"); found {
		at, _ = savedList(r, query)
	}
	at.Cols = ""
	chosen := views.ParseColumns(r.PostForm["cols"])
	switch r.PostFormValue("do") {
	case "list":
		at.Cols = chosen
		return redirect(w, r, views.GroupsURL(at))
	case "reset":
		chosen = ""
	}
	columns := views.OwnColumns(chosen)
	if err := p.store.Identity.Users.UpdateProfile(r.Context(), by(r), identity.ProfileChange{GroupColumns: &columns}); err != nil {
		return err
	}
	return redirect(w, r, views.GroupsURL(at))
}
