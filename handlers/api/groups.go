package api

import (
	"net/http"

	"protocol.chat/console/models"
)

func (a *api) groups(r *http.Request, _ models.Actor) (result, error) {
	q, err := readQuery(r)
	if err != nil {
		return result{}, err
	}
	wanted := models.GroupQuery{
		Text: q.values["q"], Status: q.status(), Contact: q.values["contact"],
		WithContacts: true, Range: q.page(a.inFuture(r)),
	}
	_, ofContact := q.values["contact"]
	if ofContact && !models.ValidID(wanted.Contact) {
		q.noContact("contact", wanted.Contact)
	}
	if err := q.check(); err != nil {
		return result{}, err
	}
	page, err := a.Store.Groups(r.Context(), wanted)
	if err != nil {
		return result{}, err
	}
	if ofContact && page.Contact == nil {
		q.noContact("contact", wanted.Contact)
	}
	return listed(page.Groups, page.More, func(hit models.GroupHit) groupObject { return groupOf(hit.Group) }), q.check()
}

func (q *query) noContact(key, id string) {
	q.bad(key, "There is no contact with the id “%s”.", shorten(id))
}

func (a *api) createGroup(r *http.Request, by models.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	change := groupChange(in)
	in.given("id", "conversation_id", "created_at")
	once, err := in.once(r)
	if err != nil {
		return result{}, err
	}
	g, err := a.Store.CreateGroup(r.Context(), by, change, once)
	return created(groupOf(g), "/v1/groups/"+g.ID, once), err
}

func (a *api) group(r *http.Request, _ models.Actor) (result, error) {
	g, err := a.Store.Group(r.Context(), r.PathValue("id"))
	return one(groupOf(g)), err
}

func (a *api) updateGroup(r *http.Request, by models.Actor) (result, error) {
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
	if err := in.check(); err != nil {
		return result{}, err
	}
	g, err := a.Store.UpdateGroup(r.Context(), by, id, change)
	return one(groupOf(g)), err
}

func (a *api) deleteGroup(r *http.Request, by models.Actor) (result, error) {
	return nothing(), a.Store.DeleteGroup(r.Context(), by, r.PathValue("id"), ifMatch(r, groupOf))
}

// groupChange takes what a new group and a change of one have in common.
func groupChange(in *input) models.GroupChange {
	in.ignore("contacts_count", "updated_at")
	return models.GroupChange{
		Name:        in.text("name"),
		Description: in.text("description"),
		AvatarURL:   in.text("avatar_url"),
		Contacts:    in.contacts("contacts"),
	}
}
