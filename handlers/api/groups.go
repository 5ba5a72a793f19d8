package api

import (
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

func (a *api) groups(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	contact, ofContact := q.values["contact"]
	if ofContact && !text.ValidID(contact) {
		q.noContact("contact", contact)
	}
	wanted := models.GroupQuery{Text: q.values["q"], Status: q.status(), Contact: contact, WithContacts: true, Range: q.page(a.inFuture(r))}
	page, err := a.Store.Groups(r.Context(), wanted)
	if err != nil {
		return result{}, err
	}
	if ofContact && page.Contact == nil {
		q.noContact("contact", contact)
	}
	return listed(page.Groups, page.More, func(hit models.GroupHit) groupObject { return groupOf(hit.Group) }), q.check()
}

func (q *query) noContact(key, id string) {
	q.bad(key, "There is no contact with the id “%s”.", shorten(id))
}

func (a *api) createGroup(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	change := groupChange(in)
	in.given("id", "conversation_id", "created_at")
	once := in.once(r)
	change.Problems = in.check()
	g, err := a.Store.CreateGroup(r.Context(), by, change, once)
	return created(groupOf(g), "/v1/groups/"+g.ID, once), err
}

func (a *api) group(r *http.Request, _ access.Actor) (result, error) {
	g, err := a.Store.Group(r.Context(), r.PathValue("id"))
	return one(groupOf(g)), err
}

func (a *api) updateGroup(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	change, id := groupChange(in), r.PathValue("id")
	change.ArchivedAt = in.moment("archived_at")
	change.If = ifMatch(r, groupOf)
	err = in.unchanged(id, func() (string, int64, error) {
		g, err := a.Store.Group(r.Context(), id)
		return g.ConversationID, g.CreatedAt, err
	})
	if err != nil {
		return result{}, err
	}
	change.Problems = in.check()
	g, err := a.Store.UpdateGroup(r.Context(), by, id, change)
	return one(groupOf(g)), err
}

func (a *api) deleteGroup(r *http.Request, by access.Actor) (result, error) {
	return nothing(), a.Store.DeleteGroup(r.Context(), by, r.PathValue("id"), ifMatch(r, groupOf))
}

// groupChange takes what a new group and a change of one have in common.
func groupChange(in *input) models.GroupChange {
	in.ignore("contacts_count", "updated_at")
	change := models.NewGroupChange(in.text)
	change.Contacts = in.contacts("contacts")
	return change
}
