package handlers

import (
	"net/http"
	"slices"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/views"
)

// docPages are the console's own documentation.
type docPages struct{ *site }

// errorCode documents an error code of the API.
func (p docPages) errorCode(w http.ResponseWriter, r *http.Request) error {
	docs := api.ErrorDocs()
	i := slices.IndexFunc(docs, func(d api.ErrorDoc) bool { return d.Code == r.PathValue("code") })
	if i < 0 {
		return errNoPage
	}
	doc := views.ErrorDoc{Code: docs[i].Code, Status: docs[i].Status, Title: docs[i].Title, Text: docs[i].Text}
	for _, d := range docs {
		if d.Code != doc.Code {
			doc.Others = append(doc.Others, d.Code)
		}
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: doc.Code, Body: views.ErrorDocPage(doc)})
}

// roles documents the roles and their permissions.
func (p docPages) roles(w http.ResponseWriter, r *http.Request) error {
	if v, err := p.signedIn(r); err == nil {
		r = withSignedIn(r, v)
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Roles and permissions", Body: views.RolesPage()})
}
