package handlers

import (
	"net/http"
	"slices"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// docsFound is how many parts of the documentation a search over everything has.
const docsFound = 3

// find returns what a search finds: what has this ID, then pages, views, groups, contacts, users and
// parts of the documentation.
func (p searchPages) find(r *http.Request, q string) ([]views.Result, error) {
	results, err := p.exact(r, q)
	if err != nil {
		return nil, err
	}
	others := p.places(r, q, resultsOfKind)
	for _, kind := range []struct {
		right access.Right
		find  func(*http.Request, string) ([]views.Result, error)
	}{{access.ReadGroups, p.savedViews}, {access.ReadGroups, p.groups}, {access.ReadContacts, p.contacts}, {access.ReadUsers, p.users}} {
		if !by(r).May(kind.right) {
			continue
		}
		found, err := kind.find(r, q)
		if err != nil {
			return nil, err
		}
		others = append(others, found...)
	}
	for _, other := range append(others, views.DocResults(q, docsFound)...) {
		if !slices.ContainsFunc(results, func(known views.Result) bool { return known.Href == other.Href }) {
			results = append(results, other)
		}
	}
	return results, nil
}

// exact returns the group or the contact whose ID, or whose conversation's ID, a search is.
func (p searchPages) exact(r *http.Request, q string) (results []views.Result, err error) {
	if !text.ValidID(text.Unquote(q)) || !by(r).May(access.ReadGroups) {
		return nil, nil
	}
	page, err := p.store.Groups(r.Context(), models.GroupQuery{Search: models.ParseSearch(q, nil), Range: db.Range{Limit: 1}})
	if err == nil && page.Exact != nil {
		results = append(results, views.GroupResult(*page.Exact))
	}
	return results, err
}

// groups returns those whose names begin with a search, by name, and then others that have its words.
func (p searchPages) groups(r *http.Request, q string) ([]views.Result, error) {
	var results []views.Result
	byName := models.GroupQuery{Sort: models.ByName, Range: db.Range{Limit: resultsOfKind}}
	if at, ok := byName.CursorAt(q, nil); ok {
		byName.After = at
		page, err := p.store.Groups(r.Context(), byName)
		if err != nil {
			return nil, err
		}
		for _, g := range page.Groups {
			if strings.HasPrefix(text.SortKey(g.Name), text.SortKey(q)) {
				results = append(results, views.GroupResult(g.Group))
			}
		}
	}
	page, err := p.store.Groups(r.Context(), models.GroupQuery{Text: q, Range: db.Range{Limit: resultsOfKind}})
	if err != nil {
		return nil, err
	}
	more := page.More
	for _, g := range page.Groups {
		result := views.GroupResult(g.Group)
		switch known := slices.ContainsFunc(results, func(r views.Result) bool { return r.Href == result.Href }); {
		case known:
		case len(results) == resultsOfKind:
			more = true
		default:
			results = append(results, result)
		}
	}
	if more {
		results = append(results, views.MoreGroups(q))
	}
	return results, nil
}

// contacts returns those that have the words of a search, or its phone number or ID.
func (p searchPages) contacts(r *http.Request, q string) (results []views.Result, err error) {
	page, err := p.store.Contacts(r.Context(), models.ContactQuery{Text: q, Range: db.Range{Limit: resultsOfKind}})
	for _, c := range page.Contacts {
		results = append(results, views.ContactResult(c))
	}
	if page.More {
		results = append(results, views.MoreContacts(q))
	}
	return results, err
}

// users returns those whose name or email address has the words of a search.
func (p searchPages) users(r *http.Request, q string) (results []views.Result, err error) {
	accounts, err := p.store.Identity.Users.Accounts(r.Context(), by(r))
	for _, u := range accounts {
		if u.ID == text.Unquote(q) {
			return []views.Result{views.UserResult(u.User)}, err
		}
		results = append(results, views.UserResult(u.User))
	}
	return views.Named(q, results, resultsOfKind), err
}

// savedViews returns the views of groups that the reader can open, saved and built in.
func (p searchPages) savedViews(r *http.Request, q string) (results []views.Result, err error) {
	saved, err := p.store.Identity.SavedViews.Views(r.Context(), by(r))
	for _, v := range saved {
		owner := ""
		if v.OwnerID != by(r).UserID {
			owner = v.OwnerName
		}
		results = append(results, views.ViewResult(v.Name, v.Query, owner))
	}
	for _, v := range models.BuiltInViews {
		title, _ := views.BuiltInTitle(v.ID)
		results = append(results, views.ViewResult(title, views.ViewQuery(views.GroupsAt{Q: v.Search}), ""))
	}
	return views.Named(q, results, resultsOfKind), err
}
