package api

import (
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

func (a *api) members(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	wanted := models.MemberQuery{Group: r.PathValue("id"), Text: q.values["q"], Range: q.page(a.inFuture(r))}
	page, err := a.Store.Members(r.Context(), wanted)
	return listed(page.Contacts, page.More, contactOf), err
}

func (a *api) addMembers(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	refs := in.contacts("contacts")
	if refs == nil {
		in.lacks("contacts", "Say in “contacts” who is to be added.")
		refs = &[]models.ContactRef{}
	}
	once := in.once(r)
	if problems := in.check(); len(problems) > 0 {
		return result{}, a.Store.Refuse(r.Context(), problems, *refs)
	}
	g, _, err := a.Store.AddMembers(r.Context(), by, r.PathValue("id"), *refs, once)
	added := one(groupOf(g))
	added.replayed = once.Replayed
	return added, err
}

func (a *api) removeMember(r *http.Request, by access.Actor) (result, error) {
	_, _, err := a.Store.RemoveMember(r.Context(), by, r.PathValue("id"), r.PathValue("contact_id"))
	return nothing(), err
}
