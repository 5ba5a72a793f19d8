package handlers

import (
	"net/http"
	"net/url"
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// viewPages are the pages of saved views, which are lists of groups under a name.
type viewPages struct{ groupPages }

// savedList reads the query of a view as the address of a list.
func savedList(r *http.Request, query string) (views.GroupsAt, models.GroupQuery) {
	values, _ := url.ParseQuery(query) // what isn't valid is left out
	return readGroupsAt(&address{values: values, pageSize: pageSize(r), zone: zone(r)})
}

// shownAs returns what a view shows, without its rows.
func (p viewPages) shownAs(r *http.Request, query string) views.GroupList {
	at, search := savedList(r, query)
	return views.GroupList{By: by(r), At: at, Status: search.Shown(), Search: search.Search, Now: p.now(r)}
}

// list shows all views that the reader can open.
func (p viewPages) list(w http.ResponseWriter, r *http.Request) error {
	saved, err := p.store.Identity.SavedViews.Views(r.Context(), by(r))
	if err != nil {
		return err
	}
	pins, err := p.store.Identity.SavedViews.Pins(r.Context(), by(r))
	if err != nil {
		return err
	}
	pinned := func(view string) bool {
		return slices.ContainsFunc(pins, func(pin identity.Pin) bool { return pin.View == view })
	}
	page := views.Views{By: by(r), List: groupsOf(r)}
	for _, v := range models.BuiltInViews {
		list := p.shownAs(r, views.ViewQuery(views.GroupsAt{Q: v.Search}))
		title, _ := views.BuiltInTitle(v.ID)
		page.BuiltIn = append(page.BuiltIn, views.ViewItem{View: v.ID, Title: title, List: list, Pinned: pinned(v.ID)})
	}
	for _, v := range saved {
		item := views.ViewItem{View: v.ID, Title: v.Name, Saved: &v, List: p.shownAs(r, v.Query), Pinned: pinned(v.ID)}
		if v.OwnerID == by(r).UserID {
			page.Own = append(page.Own, item)
		} else {
			page.OfOther = append(page.OfOther, item)
		}
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Views", Body: views.ViewsPage(page)})
}

// new shows the form that saves the list in the address.
func (p viewPages) new(w http.ResponseWriter, r *http.Request) error {
	return p.showForm(w, r, http.StatusOK, views.ViewForm{List: p.shownAs(r, r.URL.RawQuery)})
}

func (p viewPages) showForm(w http.ResponseWriter, r *http.Request, status int, f views.ViewForm) error {
	f.By = by(r)
	title := "Save view"
	if f.ID != "" {
		title = "Edit view"
	}
	return p.render(w, r, status, views.Page{Title: title, Failed: len(f.Problems) > 0, Body: views.ViewFormPage(f)})
}

// create saves the list in the address as a view, or replaces the reader's view of that name.
func (p viewPages) create(w http.ResponseWriter, r *http.Request) error {
	f := views.ViewForm{
		Name: r.PostFormValue("name"), Shared: r.PostFormValue("shared") != "", Pinned: r.PostFormValue("pinned") != "",
		List: p.shownAs(r, r.URL.RawQuery),
	}
	change := identity.ViewChange{Name: &f.Name, Query: new(views.ViewQuery(f.List.At)), Shared: &f.Shared}
	var v identity.SavedView
	var err error
	if r.PostFormValue("replace") != "" {
		v, err = p.store.Identity.SavedViews.Replace(r.Context(), by(r), change)
	} else {
		v, err = p.store.Identity.SavedViews.Create(r.Context(), by(r), change)
	}
	if invalid, ok := problems(err); ok {
		f.Problems, f.Replace = invalid, invalid[0].Code == identity.ViewExists
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	flash := views.Flash{Text: "View " + text.Isolated(v.Name) + " saved."}
	if f.Pinned {
		if err := p.store.Identity.SavedViews.Pin(r.Context(), by(r), v.ID); err != nil {
			flash = views.Flash{Kind: "warn", Text: flash.Text + " It couldn't be pinned: " + p.failure(r, err).Sentence}
		}
	}
	return p.done(w, r, views.GroupsURL(f.List.At), flash)
}

// edit shows the form that renames a view and shares it.
func (p viewPages) edit(w http.ResponseWriter, r *http.Request) error {
	v, err := p.store.Identity.SavedViews.View(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !v.MayChange(by(r)) {
		return access.Denied{Right: access.ManageViews}
	}
	return p.showForm(w, r, http.StatusOK, p.editForm(r, v))
}

func (p viewPages) editForm(r *http.Request, v identity.SavedView) views.ViewForm {
	f := views.ViewForm{ID: v.ID, Name: v.Name, Shared: v.Shared, List: p.shownAs(r, v.Query)}
	if v.OwnerID != by(r).UserID {
		f.Owner = v.OwnerName
	}
	return f
}

// update renames a view, and shares it or not.
func (p viewPages) update(w http.ResponseWriter, r *http.Request) error {
	id, name, shared := r.PathValue("id"), r.PostFormValue("name"), r.PostFormValue("shared") != ""
	_, err := p.store.Identity.SavedViews.Update(r.Context(), by(r), id, identity.ViewChange{Name: &name, Shared: &shared})
	if invalid, ok := problems(err); ok {
		v, err := p.store.Identity.SavedViews.View(r.Context(), by(r), id)
		if err != nil {
			return err
		}
		f := p.editForm(r, v)
		f.Name, f.Shared, f.Problems = name, shared, invalid
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return p.done(w, r, views.ViewsURL(""), views.Flash{Text: "View saved."})
}

// confirmDelete asks before a view is deleted.
func (p viewPages) confirmDelete(w http.ResponseWriter, r *http.Request) error {
	v, err := p.store.Identity.SavedViews.View(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !v.MayChange(by(r)) {
		return access.Denied{Right: access.ManageViews}
	}
	pinnedBy, err := p.store.Identity.SavedViews.PinnedBy(r.Context(), by(r), v.ID)
	if err != nil {
		return err
	}
	page := views.ViewDelete{SavedView: v, PinnedBy: pinnedBy, Now: p.now(r)}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Delete view", Body: views.DeleteView(page)})
}

func (p viewPages) delete(w http.ResponseWriter, r *http.Request) error {
	if err := p.store.Identity.SavedViews.Delete(r.Context(), by(r), r.PathValue("id")); err != nil {
		return err
	}
	return p.done(w, r, views.ViewsURL(""), views.Flash{Text: "View deleted."})
}

// pin puts a view in the reader's menu, or removes it from there.
func (p viewPages) pin(w http.ResponseWriter, r *http.Request) error {
	view := r.PostFormValue("view")
	title, builtIn := views.BuiltInTitle(view)
	if !builtIn {
		v, err := p.store.Identity.SavedViews.View(r.Context(), by(r), view)
		if err != nil {
			return err
		}
		title = v.Name
	}
	pins, words := p.store.Identity.SavedViews, " pinned to the menu."
	var err error
	switch {
	case r.PostFormValue("pinned") != "yes":
		err, words = pins.Unpin(r.Context(), by(r), view, title), " unpinned."
	case builtIn:
		err = pins.PinBuiltIn(r.Context(), by(r), view, title)
	default:
		err = pins.Pin(r.Context(), by(r), view)
	}
	if err != nil {
		return err
	}
	return p.done(w, r, views.ViewsURL(groupsOf(r)), views.Flash{Text: text.Isolated(title) + words})
}
