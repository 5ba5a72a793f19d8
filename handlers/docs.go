package handlers

import (
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models"
	"protocol.chat/console/models/text"
	"protocol.chat/console/static"
	"protocol.chat/console/views"
)

// docPages are the console's own documentation. Who may read it is decided in docs_readers.go.
type docPages struct{ *site }

// list lists the pages of the documentation, or what a search finds in them.
func (p docPages) list(w http.ResponseWriter, r *http.Request) error {
	if q := text.Cut(strings.TrimSpace(r.URL.Query().Get("q")), models.MaxSearch); q != "" {
		ref, err := p.reference()
		if err != nil {
			return err
		}
		found := views.SearchDocs(q, append(views.ReferenceParts(ref), errorParts()...))
		return p.renderOpen(w, r, views.DocsURL(), views.Page{Title: "Search the documentation", Body: views.DocsFoundPage(found)})
	}
	return p.renderOpen(w, r, views.DocsURL(), views.Page{Title: "Documentation", Body: views.DocsPage()})
}

// show shows a page of the documentation.
func (p docPages) show(w http.ResponseWriter, r *http.Request) error {
	topic := r.PathValue("topic")
	if topic == views.ErrorsTopic {
		return p.renderOpen(w, r, views.DocURL(topic), views.Page{Title: "API errors", Body: views.ErrorDocsPage(errorDocs())})
	}
	doc, ok := views.DocOf(topic)
	if !ok {
		return errNoPage
	}
	if topic == views.APITopic {
		return p.api(w, r, doc)
	}
	return p.renderOpen(w, r, views.DocURL(topic), views.Page{Title: doc.Title, Body: views.DocPage(doc)})
}

// errorCode documents an error code of the API.
func (p docPages) errorCode(w http.ResponseWriter, r *http.Request) error {
	docs := errorDocs()
	i := slices.IndexFunc(docs, func(d views.ErrorDoc) bool { return d.Code == r.PathValue("code") })
	if i < 0 {
		return errNoPage
	}
	doc := docs[i]
	for _, d := range docs {
		if d.Code != doc.Code {
			doc.Others = append(doc.Others, d.Code)
		}
	}
	return p.renderOpen(w, r, views.DocURL(views.ErrorsTopic), views.Page{Title: doc.Code, Body: views.DocFrame(views.ErrorsTopic, views.ErrorDocPage(doc))})
}

// roles documents the roles and their permissions.
func (p docPages) roles(w http.ResponseWriter, r *http.Request) error {
	return p.renderOpen(w, r, views.DocURL(views.RolesTopic), views.Page{Title: "Roles and permissions", Body: views.DocFrame(views.RolesTopic, views.RolesPage())})
}

// client sends a client of the API, to be saved: also to a program that has a token.
func (p docPages) client(w http.ResponseWriter, r *http.Request) error {
	body, ok := static.Client(r.PathValue("file"))
	if !ok {
		return errNoPage
	}
	return p.download(w, r, r.PathValue("file"), body)
}

// alerts sends the rules for Prometheus, and dashboard that for Grafana.
func (p docPages) alerts(w http.ResponseWriter, r *http.Request) error {
	return p.download(w, r, "alerts.yml", []byte(static.Alerts))
}

func (p docPages) dashboard(w http.ResponseWriter, r *http.Request) error {
	return p.download(w, r, "dashboard.json", []byte(static.Dashboard))
}

// download sends a file to those who may read the documentation.
func (p docPages) download(w http.ResponseWriter, r *http.Request, name string, body []byte) error {
	if err := p.mayDownload(r); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8") // what browsers show and never run
	h.Set("Content-Disposition", "attachment; filename="+name)
	_, err := w.Write(body)
	return err
}

// renderOpen shows a page to those who may read the documentation, with its menu; at is as in
// views.DocsNav.
func (p docPages) renderOpen(w http.ResponseWriter, r *http.Request, at templ.SafeURL, page views.Page) error {
	r, err := p.reader(r)
	if err != nil {
		return err
	}
	ref, err := p.reference()
	if err != nil {
		return err
	}
	page.Docs = &views.DocsNav{At: at, Reference: views.ReferenceLinks(ref), Q: strings.TrimSpace(r.URL.Query().Get("q"))}
	return p.render(w, r, http.StatusOK, page)
}

// errorParts returns the error codes of the API as a search finds them.
func errorParts() []views.DocPart {
	var parts []views.DocPart
	for _, d := range errorDocs() {
		parts = append(parts, views.DocPart{Href: views.ErrorDocsURL(d.Code), Page: d.Code, Text: d.Title + ". " + d.Text})
	}
	return parts
}

// errorDocs returns the documentation of every error code of the API.
func errorDocs() []views.ErrorDoc {
	var docs []views.ErrorDoc
	for _, d := range api.ErrorDocs() {
		docs = append(docs, views.ErrorDoc{Code: d.Code, Status: d.Status, Title: d.Title, Text: d.Text})
	}
	return docs
}
