package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// contactCalls are the calls about contacts.
type contactCalls struct{ *api }

func (a contactCalls) list(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	wanted := models.ContactQuery{Text: q.values["q"]}
	q.sortContacts(&wanted)
	counted := q.included("total")
	wanted.Range = q.page(a.inFuture(r))
	if err := a.places(r.Context(), q, &wanted); err != nil {
		return result{}, err
	}
	page, err := a.Store.Contacts(r.Context(), wanted)
	if err != nil {
		return result{}, err
	}
	return totalled(contactList(page), counted, func() (db.Count, error) { return a.Store.ContactsCount(r.Context(), page) })
}

func contactList(page models.ContactPage) list[models.ContactObject] {
	return list[models.ContactObject]{HasMore: page.More, Data: each(page.Contacts, models.Contact.Object)}
}

// totalled returns a list with its total, if the call asked for that.
func totalled[T any](l list[T], counted bool, count func() (db.Count, error)) (result, error) {
	if counted {
		n, err := count()
		if err != nil {
			return result{}, err
		}
		l.Total = totalOf(n)
	}
	return result{status: http.StatusOK, body: l}, nil
}

// sortContacts sets the order of a list of contacts.
func (q *query) sortContacts(contacts *models.ContactQuery) {
	value, given := q.values["sort"]
	name, down := strings.CutPrefix(value, "-")
	switch {
	case !given:
	case name == "created_at":
		contacts.Reverse = !down
	case name == "name":
		contacts.Sort, contacts.Reverse = models.ContactsByName, down
	default:
		q.invalid("sort", "“sort” must be created_at or name, with a “-” before it for the reverse order.")
	}
}

// places completes the cursors of a list in the order of names, as groupCalls.places does.
func (a contactCalls) places(ctx context.Context, q *query, contacts *models.ContactQuery) error {
	if contacts.Sort != models.ContactsByName || len(q.problems) > 0 {
		return nil
	}
	for key, cursor := range map[string]*db.Cursor{"starting_after": &contacts.After, "ending_before": &contacts.Before} {
		if cursor.IsZero() {
			continue
		}
		c, err := a.Store.Contact(ctx, cursor.ID)
		switch {
		case errors.Is(err, access.ErrNotFound):
			q.invalid(key, "“%s” must be the ID of a contact from the list, and “%s” isn't one, or no longer.", key, shorten(cursor.ID))
		case err != nil:
			return err
		default:
			*cursor = contacts.Cursor(c)
		}
	}
	contacts.Problems = q.problems
	return nil
}

func (a contactCalls) create(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	change := contactChange(in)
	in.setByServer("id", "conversation_id", "created_at")
	change.Problems = in.check()
	c, err := a.Store.CreateContact(r.Context(), by, change, in.key)
	return created(c.Object(), "/v1/contacts/"+c.ID, in.key), err
}

func (a contactCalls) show(r *http.Request, _ access.Actor) (result, error) {
	c, err := a.Store.Contact(r.Context(), r.PathValue("id"))
	return one(c.Object()), err
}

func (a contactCalls) update(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	change, id := contactChange(in), r.PathValue("id")
	change.If = ifMatch(r, models.Contact.Object)
	err = in.unchanged(id, func() (string, int64, error) {
		c, err := a.Store.Contact(r.Context(), id)
		return c.ConversationID, c.CreatedAt, err
	})
	if err != nil {
		return result{}, err
	}
	change.Problems = in.check()
	c, err := a.Store.UpdateContact(r.Context(), by, id, change)
	return one(c.Object()), err
}

func (a contactCalls) delete(r *http.Request, by access.Actor) (result, error) {
	return nothing(), a.Store.DeleteContact(r.Context(), by, r.PathValue("id"), ifMatch(r, models.Contact.Object))
}

// merge merges another contact into the one of the path.
func (a contactCalls) merge(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	merge := models.ContactMerge{From: in.plain("from"), If: ifMatch(r, models.Contact.Object)}
	if list, given := in.list("take"); given {
		merge.Take = make([]string, len(list))
		for i, name := range list {
			merge.Take[i], _ = name.(string) // what isn't text is no field either
		}
	}
	merge.Problems = in.check()
	c, err := a.Store.Merges.Merge(r.Context(), by, r.PathValue("id"), merge, in.key)
	merged := one(c.Object())
	merged.replayed = in.key.Replayed
	return merged, err
}

// erasureObject is what was erased of a contact.
type erasureObject struct {
	ID              string `json:"id"`
	ErasedAt        int64  `json:"erased_at"`
	ActivityEntries int    `json:"activity_entries"`
	Events          int    `json:"events"`
	JobResults      int    `json:"job_results"`
}

// erase deletes a contact, and erases their personal data from everything that is kept.
func (a contactCalls) erase(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	e := models.ContactErasure{Reason: in.plain("reason"), If: ifMatch(r, models.Contact.Object)}
	e.Problems = in.check()
	done, err := a.Store.Erasures.Erase(r.Context(), by, r.PathValue("id"), e, in.key)
	return result{
		status: http.StatusOK, replayed: in.key.Replayed,
		body: erasureObject{done.ID, done.At, done.Entries, done.Events, done.Results},
	}, err
}

// contactChange takes what a new contact and a change of one have in common.
func contactChange(in *input) models.ContactChange {
	in.ignore("last_active_at", "updated_at")
	return models.NewContactChange(in.text)
}
