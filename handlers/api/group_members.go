package api

import (
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// memberCalls are the calls about the members of a group.
type memberCalls struct{ *api }

func (a memberCalls) list(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	counted := q.included("total")
	page, err := a.Store.Members.List(r.Context(), models.MemberQuery{Group: r.PathValue("id"), Text: q.values["q"], Range: q.page(a.inFuture(r))})
	if err != nil {
		return result{}, err
	}
	return totalled(contactList(page), counted, func() (db.Count, error) { return a.Store.Members.Count(r.Context(), page) })
}

func (a memberCalls) add(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	refs := in.contacts("contacts")
	if refs == nil {
		in.missing("contacts", "List the contacts to add in “contacts”.")
		refs = &[]models.ContactRef{}
	}
	if problems := in.check(); len(problems) > 0 {
		return result{}, a.Store.Members.CheckContacts(r.Context(), problems, *refs)
	}
	g, _, err := a.Store.Members.AddMembers(r.Context(), by, r.PathValue("id"), *refs, in.key)
	added := one(g.Object())
	added.replayed = in.key.Replayed
	return added, err
}

func (a memberCalls) remove(r *http.Request, by access.Actor) (result, error) {
	_, _, err := a.Store.Members.RemoveMember(r.Context(), by, r.PathValue("id"), r.PathValue("contact_id"))
	return nothing(), err
}
