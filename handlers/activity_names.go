package handlers

import (
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// named returns the users, tokens, groups and contacts whose names have the words of a search of the
// activity, a few of each. Each leads to its activity, with the other filters.
func (p activityPages) named(r *http.Request, at views.ActivityAt) ([]views.Result, error) {
	q := at.Q
	at.Q, at.After, at.Before = "", "", ""
	users, tokens, err := p.store.Audit.ActorOptions(r.Context())
	if err != nil {
		return nil, err
	}
	found := append(actorsNamed(q, "User", users, at), actorsNamed(q, "API token", tokens, at)...)
	if by(r).May(access.ReadGroups) {
		page, err := p.store.Groups(r.Context(), models.GroupQuery{Text: q, Range: db.Range{Limit: resultsOfKind}})
		if err != nil {
			return nil, err
		}
		for _, g := range page.Groups {
			found = append(found, about(views.GroupResult(g.Group), g.ID, at))
		}
	}
	if by(r).May(access.ReadContacts) {
		page, err := p.store.Contacts(r.Context(), models.ContactQuery{Text: q, Range: db.Range{Limit: resultsOfKind}})
		if err != nil {
			return nil, err
		}
		for _, c := range page.Contacts {
			found = append(found, about(views.ContactResult(c), c.ID, at))
		}
	}
	return found, nil
}

func actorsNamed(q, kind string, options []audit.ActorOption, at views.ActivityAt) []views.Result {
	results := make([]views.Result, len(options))
	for i, o := range options {
		at.Who = o.ID
		results[i] = views.ActorResult(kind, o.Name, at)
	}
	return views.Named(q, results, resultsOfKind)
}

// about lets a result lead to the activity of its object.
func about(result views.Result, id string, at views.ActivityAt) views.Result {
	at.Object = id
	result.Href = views.ActivityURL(at)
	return result
}
