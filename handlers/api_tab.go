package handlers

import (
	"net/http"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models/access"
	"protocol.chat/console/views"
	"protocol.chat/console/views/reference"
)

// api shows a group as the API returns it, and calls about it.
func (p groupPages) api(w http.ResponseWriter, r *http.Request) error {
	detail, err := p.detail(r)
	if err != nil {
		return err
	}
	g, err := p.store.Group(r.Context(), detail.ID)
	if err != nil {
		return err
	}
	answer, err := api.AnswerOf(g.Object())
	if err != nil {
		return err
	}
	archive := "archiveGroup"
	if g.Archived() {
		archive = "restoreGroup"
	}
	tab, err := p.apiTab(w, r, g.ID, answer, []apiCall{
		{id: "getGroup"}, {id: "updateGroup", body: reference.Members{{Key: "name", Value: g.Name}}}, {id: archive}, {id: "deleteGroup"},
	})
	if err != nil {
		return err
	}
	body := views.GroupAPITab(views.GroupAPI{GroupDetail: detail, APITab: tab})
	return p.render(w, r, http.StatusOK, views.Page{Title: detail.Name + " API", Reference: true, Body: body})
}

// api is groupPages.api for a contact.
func (p contactPages) api(w http.ResponseWriter, r *http.Request) error {
	detail, err := p.detail(r)
	if err != nil {
		return err
	}
	answer, err := api.AnswerOf(detail.Object())
	if err != nil {
		return err
	}
	tab, err := p.apiTab(w, r, detail.ID, answer, []apiCall{
		{id: "getContact"}, {id: "updateContact", body: reference.Members{{Key: "display_name", Value: detail.Name()}}}, {id: "deleteContact"},
	})
	if err != nil {
		return err
	}
	body := views.ContactAPITab(views.ContactAPI{ContactDetail: detail, APITab: tab})
	return p.render(w, r, http.StatusOK, views.Page{Title: detail.Name() + " API", Reference: true, Body: body})
}

// apiCall is a call of an API tab, by its name in the description, and its body.
type apiCall struct {
	id   string
	body any
}

// apiTab returns the API tab of an object with calls about it, of which the first reads it.
func (s *site) apiTab(w http.ResponseWriter, r *http.Request, id string, answer api.Answer, calls []apiCall) (views.APITab, error) {
	tab := views.APITab{JSON: reference.Indented(answer.Body), ETag: answer.ETag, Language: s.language(w, r)}
	ref, err := s.reference()
	if err != nil {
		return tab, err
	}
	for _, c := range calls {
		_, call, ok := ref.Call(c.id)
		if !ok {
			return tab, access.ErrNotFound
		}
		request := reference.Request{Call: call, Base: s.publicURL, Path: map[string]string{"id": id}, Body: c.body}
		if call.Method == http.MethodPut || call.Method == http.MethodDelete {
			request.IfMatch = answer.ETag
		}
		tab.Calls = append(tab.Calls, request)
	}
	return tab, nil
}
