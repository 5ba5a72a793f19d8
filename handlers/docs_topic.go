package handlers

import (
	"net/http"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/views"
)

// docs lists the pages of the documentation.
func (c *Console) docs(w http.ResponseWriter, r *http.Request) error {
	return c.showDoc(w, r, views.Page{Title: "Documentation", Body: views.DocsPage()})
}

// doc shows a page of the documentation.
func (c *Console) doc(w http.ResponseWriter, r *http.Request) error {
	topic := r.PathValue("topic")
	if topic == views.ErrorsTopic {
		return c.showDoc(w, r, views.Page{Title: "API errors", Body: views.ErrorDocsPage(errorDocs())})
	}
	doc, ok := views.DocOf(topic)
	if !ok {
		return errNoPage
	}
	return c.showDoc(w, r, views.Page{Title: doc.Title, Section: "Documentation", Body: views.DocPage(doc)})
}

// showDoc shows a page that is open to everybody, and looks like any other to those who are
// signed in.
func (c *Console) showDoc(w http.ResponseWriter, r *http.Request, page views.Page) error {
	if v, err := c.visit(r); err == nil {
		r = withVisit(r, v)
	}
	return c.show(w, r, http.StatusOK, page)
}

// errorDocs returns the documentation of every error code of the API.
func errorDocs() []views.ErrorDoc {
	var docs []views.ErrorDoc
	for _, d := range api.ErrorDocs() {
		docs = append(docs, views.ErrorDoc{Code: d.Code, Status: d.Status, Title: d.Title, Text: d.Text})
	}
	return docs
}
