package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
	"protocol.chat/console/views/reference"
)

// calls shows the API calls that do what the page does from which one comes: with its filters, its object
// and what its form would send.
func (p docPages) calls(w http.ResponseWriter, r *http.Request) error {
	ref, err := p.reference()
	if err != nil {
		return err
	}
	from := localPath(r.URL.Query().Get("page"))
	if from == "" {
		from = p.cameFrom(r)
	}
	found, err := p.callsOf(r, ref, from)
	if err != nil {
		return err
	}
	page := views.CallsPage{From: from, Calls: found.requests, Missing: found.missing, Language: p.language(w, r)}
	return p.renderOpen(w, r, views.DocURL(views.APITopic), views.Page{Title: "API calls", Reference: true, Body: views.PageCalls(page)})
}

// pageCalls are the calls of a page, as they are found.
type pageCalls struct {
	ref *reference.Reference
	// origin is where they go.
	origin string
	// id is that of the object in the page's address, or "".
	id       string
	requests []reference.Request
	// missing are what limits or orders the page and isn't in the API.
	missing []string
}

// add adds a call with the page's object, and returns it to be filled in. It has no query and no body
// but those that the description has as an example.
func (c *pageCalls) add(id string) *reference.Request {
	_, call, ok := c.ref.Call(id)
	if !ok {
		return &reference.Request{}
	}
	request := call.Request(c.origin)
	request.Query = nil
	if c.id != "" && request.Path["id"] != "" {
		request.Path["id"] = c.id
	}
	c.requests = append(c.requests, request)
	return &c.requests[len(c.requests)-1]
}

// addAll adds calls of the page's object.
func (c *pageCalls) addAll(ids ...string) {
	for _, id := range ids {
		c.add(id)
	}
}

// callsOf returns the calls of a page by its address; none if it has none.
func (p docPages) callsOf(r *http.Request, ref *reference.Reference, page string) (*pageCalls, error) {
	found := &pageCalls{ref: ref, origin: p.publicURL}
	at, err := url.Parse(page)
	if page == "" || err != nil {
		return found, nil
	}
	rt := p.routes.at(http.MethodGet, page)
	found.id = rt.id(at.Path)
	if strings.Contains(rt.path, "{id}") && found.id == "" {
		return found, nil
	}
	if may := by(r).May(rt.right) || rt.right == access.SignedInOnly; !may || rt.handle == nil {
		return found, nil
	}
	a := &address{values: at.Query(), pageSize: pageSize(r), zone: zone(r)}
	switch rt.path {
	case "/groups":
		_, query := readGroupsAt(a)
		found.listGroups(query)
	case "/groups/bulk", "/groups/bulk/delete":
		found.bulkGroups(a)
	case "/groups/{id}/edit":
		err = p.updateGroup(r, found)
	case "/groups/{id}/members":
		found.listMembers(a)
	case "/groups/{id}/activity":
		found.add("listActivity").Query = reference.Members{{Key: "object", Value: found.id}}
	case "/contacts":
		_, query := readContactsAt(a)
		found.listContacts(query)
	case "/contacts/bulk", "/contacts/bulk/delete":
		found.bulkContacts(a)
	case "/contacts/{id}/edit":
		err = p.updateContact(r, found)
	case "/activity":
		_, query := readActivityAt(a)
		found.listActivity(query)
	default:
		found.addAll(plainCalls[rt.path]...)
	}
	return found, err
}

// plainCalls are the calls of the pages whose address has all that they need, by the route's path.
var plainCalls = map[string][]string{
	"/groups/new":                 {"createGroup"},
	"/groups/{id}":                {"getGroup", "updateGroup", "archiveGroup", "restoreGroup", "deleteGroup"},
	"/groups/{id}/delete":         {"deleteGroup"},
	"/groups/export":              {"exportGroups"},
	"/groups/{id}/members/export": {"exportMembers"},
	"/groups/import":              {"importFile"},
	"/contacts/new":               {"createContact"},
	"/contacts/{id}":              {"getContact", "updateContact", "deleteContact"},
	"/contacts/{id}/delete":       {"deleteContact"},
	"/contacts/export":            {"exportContacts"},
	"/contacts/import":            {"importFile"},
	"/jobs":                       {"listJobs"},
	"/jobs/{id}":                  {"getJob", "listJobResults", "cancelJob", "undoJob"},
	"/jobs/{id}/import":           {"getJob", "startJob"},
	"/activity/{id}":              {"getActivity"},
	"/activity/verify":            {"verifyActivity"},
}

// filledCalls are the paths of the routes whose calls callsOf fills in.
var filledCalls = []string{
	"/groups", "/groups/bulk", "/groups/bulk/delete", "/groups/{id}/edit", "/groups/{id}/members", "/groups/{id}/activity",
	"/contacts", "/contacts/bulk", "/contacts/bulk/delete", "/contacts/{id}/edit", "/activity",
}

// hasCalls reports whether a page of the route has calls.
func (rt *route) hasCalls() bool {
	return plainCalls[rt.path] != nil || slices.Contains(filledCalls, rt.path)
}

// updateGroup adds the call that saves a group as it is in its form.
func (p docPages) updateGroup(r *http.Request, found *pageCalls) error {
	g, err := p.store.GroupPreview(r.Context(), found.id)
	if err != nil {
		return err
	}
	found.add("updateGroup").Body = reference.Members{
		{Key: "name", Value: g.Name}, {Key: "description", Value: orNull(g.Description)}, {Key: "avatar_url", Value: orNull(g.AvatarURL)},
	}
	return nil
}

// updateContact adds the call that saves a contact as it is in its form.
func (p docPages) updateContact(r *http.Request, found *pageCalls) error {
	c, err := p.store.Contact(r.Context(), found.id)
	if err != nil {
		return err
	}
	found.add("updateContact").Body = reference.Members{
		{Key: "username", Value: c.Username},
		{Key: "display_name", Value: orNull(c.DisplayName)},
		{Key: "phone_number", Value: orNull(c.PhoneNumber)},
		{Key: "avatar_url", Value: orNull(c.AvatarURL)},
	}
	return nil
}

// orNull returns what a pointer points to, or nil as JSON's null.
func orNull(s *string) any {
	if s == nil {
		return nil
	}
	return text.Deref(s)
}
