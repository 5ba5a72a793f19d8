package handlers

import (
	"net/http"
	"sync"
	"time"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/views"
	"protocol.chat/console/views/reference"
)

// apiReference returns what the documentation shows of the API. It is read once, when it is needed.
type apiReference func() (*reference.Reference, error)

func newReference(publicURL string) apiReference {
	return sync.OnceValues(func() (*reference.Reference, error) { return api.Reference(publicURL) })
}

// api documents how the API is used, and lists the groups of its calls.
func (p docPages) api(w http.ResponseWriter, r *http.Request, doc views.Doc) error {
	ref, err := p.reference()
	if err != nil {
		return err
	}
	return p.renderOpen(w, r, views.DocURL(doc.Topic), views.Page{Title: doc.Title, Body: views.APIPage(doc, ref)})
}

// referenceGroup documents a group of calls, with samples in the language that was chosen.
func (p docPages) referenceGroup(w http.ResponseWriter, r *http.Request) error {
	ref, err := p.reference()
	if err != nil {
		return err
	}
	group, ok := ref.Group(r.PathValue("group"))
	if !ok {
		return errNoPage
	}
	page := views.ReferencePage{Group: group, Language: p.language(w, r), Origin: p.publicURL}
	return p.renderOpen(w, r, views.ReferenceURL(group.Slug, ""), views.Page{Title: group.Name, Reference: true, Body: views.ReferenceGroup(page)})
}

// language returns the language of samples that the address names, which the browser remembers, or
// else the one that it remembers.
func (s *site) language(w http.ResponseWriter, r *http.Request) reference.Language {
	chosen := r.URL.Query().Get("lang")
	if chosen == "" {
		return reference.LanguageOf(s.cookies.first(r, langCookie))
	}
	l := reference.LanguageOf(chosen)
	s.cookies.set(w, langCookie, l.ID, int((365 * 24 * time.Hour).Seconds()))
	return l
}
