package api

import (
	"context"
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// groupCalls are the calls about groups.
type groupCalls struct{ *api }

func (a groupCalls) list(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	wanted := q.groups()
	q.sort(&wanted)
	counted := q.included("total")
	wanted.WithContacts, wanted.Range = true, q.page(a.inFuture(r))
	if len(q.problems) == 0 {
		if err := a.places(r.Context(), q, &wanted); err != nil {
			return result{}, err
		}
		wanted.Problems = q.problems
	}
	page, err := a.Store.Groups(r.Context(), wanted)
	if err != nil {
		return result{}, err
	}
	for _, id := range page.Missing {
		q.noContact("contact", id)
	}
	answer := list[models.GroupObject]{HasMore: page.More, Data: each(page.Groups, func(hit models.GroupHit) models.GroupObject { return hit.Group.Object() })}
	if err := q.check(); err != nil {
		return result{}, err
	}
	return totalled(answer, counted, func() (db.Count, error) { return a.Store.GroupsCount(r.Context(), page) })
}

func (a groupCalls) create(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	g, err := a.Store.CreateGroup(r.Context(), by, newGroup(in), in.key)
	return created(g.Group.Object(), "/v1/groups/"+g.ID, in.key), err
}

func (a groupCalls) show(r *http.Request, by access.Actor) (result, error) {
	q, id := queryOf(r), r.PathValue("id")
	at := q.moment("at")
	if err := q.check(); err != nil {
		return result{}, err
	}
	if at.IsZero() {
		g, err := a.Store.Group(r.Context(), id)
		return one(g.Object()), err
	}
	g, err := a.Store.History.Group(r.Context(), by, id, at.Unix())
	return one(g.Object()), err
}

func (a groupCalls) update(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	id := r.PathValue("id")
	change, err := a.changeOf(r.Context(), in, id)
	if err != nil {
		return result{}, err
	}
	change.If = ifMatch(r, models.Group.Object)
	g, err := a.Store.UpdateGroup(r.Context(), by, id, change)
	return one(g.Object()), err
}

func (a groupCalls) archive(r *http.Request, by access.Actor) (result, error) {
	return a.act(r, by, func(ctx context.Context, id string) (models.Group, error) {
		return a.Store.ArchiveGroup(ctx, by, id, 0)
	})
}

func (a groupCalls) restore(r *http.Request, by access.Actor) (result, error) {
	return a.act(r, by, func(ctx context.Context, id string) (models.Group, error) {
		return a.Store.RestoreGroup(ctx, by, id)
	})
}

// act handles a POST without attributes; its result is the group that fn returns.
func (a groupCalls) act(r *http.Request, by access.Actor, fn func(ctx context.Context, id string) (models.Group, error)) (result, error) {
	g, key, err := once(a.api, r, by, fn)
	acted := one(g.Object())
	acted.replayed = key.Replayed
	return acted, err
}

func (a groupCalls) delete(r *http.Request, by access.Actor) (result, error) {
	return nothing(), a.Store.DeleteGroup(r.Context(), by, r.PathValue("id"), ifMatch(r, models.Group.Object))
}

// newGroup reads the attributes of a new group.
func newGroup(in *input) models.GroupChange {
	change := groupChange(in)
	in.setByServer("id", "conversation_id", "created_at")
	change.Problems = in.check()
	return change
}

// changeOf reads the attributes to change about a group.
func (a groupCalls) changeOf(ctx context.Context, in *input, id string) (models.GroupChange, error) {
	change := groupChange(in)
	change.ArchivedAt = in.moment("archived_at")
	err := in.unchanged(id, func() (string, int64, error) {
		g, err := a.Store.Group(ctx, id)
		return g.ConversationID, g.CreatedAt, err
	})
	change.Problems = in.check()
	return change, err
}

// groupChange takes what a new group and a change of one have in common.
func groupChange(in *input) models.GroupChange {
	in.ignore("contacts_count", "updated_at")
	change := models.NewGroupChange(in.text)
	change.Contacts = in.contacts("contacts")
	return change
}
