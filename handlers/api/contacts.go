package api

import (
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

func (a *api) contacts(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	wanted := models.ContactQuery{Text: q.values["q"], Range: q.page(a.inFuture(r))}
	page, err := a.Store.Contacts(r.Context(), wanted)
	return listed(page.Contacts, page.More, contactOf), err
}

func (a *api) createContact(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	change := contactChange(in)
	in.given("id", "conversation_id", "created_at")
	once := in.once(r)
	change.Problems = in.check()
	c, err := a.Store.CreateContact(r.Context(), by, change, once)
	return created(contactOf(c), "/v1/contacts/"+c.ID, once), err
}

func (a *api) contact(r *http.Request, _ access.Actor) (result, error) {
	c, err := a.Store.Contact(r.Context(), r.PathValue("id"))
	return one(contactOf(c)), err
}

func (a *api) updateContact(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	change, id := contactChange(in), r.PathValue("id")
	change.If = ifMatch(r, contactOf)
	err = in.unchanged(id, func() (string, int64, error) {
		c, err := a.Store.Contact(r.Context(), id)
		return c.ConversationID, c.CreatedAt, err
	})
	if err != nil {
		return result{}, err
	}
	change.Problems = in.check()
	c, err := a.Store.UpdateContact(r.Context(), by, id, change)
	return one(contactOf(c)), err
}

func (a *api) deleteContact(r *http.Request, by access.Actor) (result, error) {
	return nothing(), a.Store.DeleteContact(r.Context(), by, r.PathValue("id"), ifMatch(r, contactOf))
}

// contactChange takes what a new contact and a change of one have in common.
func contactChange(in *input) models.ContactChange {
	in.ignore("last_active_at", "updated_at")
	return models.NewContactChange(in.text)
}
