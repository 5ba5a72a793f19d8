package handlers

import (
	"net/http"
	"slices"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/views"
)

// errorDocs explains an error code of the API, to anybody.
func (c *Console) errorDocs(w http.ResponseWriter, r *http.Request) error {
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
	return c.show(w, r, http.StatusOK, views.Page{Title: doc.Code, Section: "API errors", Body: views.ErrorDocPage(doc)})
}

// roles says who may do what, to anybody.
func (c *Console) roles(w http.ResponseWriter, r *http.Request) error {
	if v, err := c.visit(r); err == nil {
		r = withVisit(r, v)
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: "Who may do what", Body: views.RolesPage()})
}
