package handlers

import (
	"net/http"
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// searchPages search everything that their reader can open.
type searchPages struct{ *site }

const (
	// resultsOfKind is how many results of each kind a search has.
	resultsOfKind = 6
	// placesShown is how many pages are shown without a search: those of the menu, and the most used ones.
	placesShown = 9
	// linesOfRecent is how many of their last activity entries are searched for what users changed last.
	linesOfRecent = 40
)

// list shows what a search finds, or without one where its reader may want to go.
func (p searchPages) list(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "q", "from")
	found := views.Found{Q: a.search(), From: localPath(a.get("from"))}
	found.Notes = a.notes
	actions, err := p.actions(r, found.Q, found.From)
	if err != nil {
		return err
	}
	var others []views.Result
	if found.Q == "" {
		others, err = p.recent(r)
		others = append(others, p.places(r, "", placesShown)...)
	} else {
		others, err = p.find(r, found.Q)
	}
	if err != nil {
		return err
	}
	found.Results = append(actions, others...)
	return p.render(w, r, http.StatusOK, views.Page{Title: listTitle(found.Q, "Search"), Body: views.SearchPage(found)})
}

// actions returns what the reader can do with the object of the page at an address.
func (p searchPages) actions(r *http.Request, q, from string) ([]views.Result, error) {
	from, _, _ = strings.Cut(from, "?")
	at := p.routes.at(http.MethodGet, from)
	id := at.id(from)
	if id == "" || !by(r).May(at.right) {
		return nil, nil
	}
	var actions []views.Result
	switch {
	case strings.HasPrefix(at.path, "/groups/{id}"):
		groups, err := p.store.GroupsByID(r.Context(), []string{id})
		if err != nil || len(groups) == 0 {
			return nil, err
		}
		actions = views.GroupActions(groups[0], by(r))
	case strings.HasPrefix(at.path, "/contacts/{id}"):
		contacts, err := p.store.ContactsByID(r.Context(), []string{id})
		if err != nil || len(contacts) == 0 {
			return nil, err
		}
		actions = views.ContactActions(contacts[0], by(r))
	}
	return views.Named(q, actions, resultsOfKind), nil
}

// places returns the pages that have all words of a search in their names, and that the reader can open.
func (p searchPages) places(r *http.Request, q string, most int) []views.Result {
	open := slices.DeleteFunc(views.Places(), func(place views.Result) bool {
		rt := p.routes.at(http.MethodGet, string(place.Href))
		return rt.right != anybody && !by(r).May(rt.right)
	})
	return views.Named(q, open, most)
}

// recent returns the groups and contacts that the reader changed last.
func (p searchPages) recent(r *http.Request) ([]views.Result, error) {
	page, err := p.store.Audit.Activity(r.Context(), audit.ActivityQuery{Who: by(r).UserID, Range: db.Range{Limit: linesOfRecent}})
	if err != nil {
		return nil, err
	}
	var groups, contacts, order []string
	for _, line := range page.Lines {
		if line.ActorKind != access.UserActor || slices.Contains(order, line.ObjectID) || len(order) == resultsOfKind {
			continue
		}
		switch {
		case line.ObjectKind == "group" && by(r).May(access.ReadGroups):
			groups, order = append(groups, line.ObjectID), append(order, line.ObjectID)
		case line.ObjectKind == "contact" && by(r).May(access.ReadContacts):
			contacts, order = append(contacts, line.ObjectID), append(order, line.ObjectID)
		}
	}
	return p.byID(r, groups, contacts, order)
}

// byID returns groups and contacts in the order of ids, without those that are gone.
func (p searchPages) byID(r *http.Request, groups, contacts, order []string) ([]views.Result, error) {
	if len(order) == 0 {
		return nil, nil
	}
	foundGroups, err := p.store.GroupsByID(r.Context(), groups)
	if err != nil {
		return nil, err
	}
	foundContacts, err := p.store.ContactsByID(r.Context(), contacts)
	if err != nil {
		return nil, err
	}
	byID := map[string]views.Result{}
	for _, g := range foundGroups {
		byID[g.ID] = views.GroupResult(g)
	}
	for _, c := range foundContacts {
		byID[c.ID] = views.ContactResult(c)
	}
	var results []views.Result
	for _, id := range order {
		if result, ok := byID[id]; ok {
			results = append(results, result)
		}
	}
	return results, nil
}
