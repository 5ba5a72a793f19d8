package api

import (
	"net/http"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

// messageCalls are the calls about the messages of a conversation.
type messageCalls struct{ *api }

func (a messageCalls) list(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	wanted := models.MessageQuery{Conversation: r.PathValue("id"), Text: q.values["q"], Range: q.page(a.inFuture(r))}
	if strings.TrimSpace(wanted.Text) != "" {
		return a.search(r, q, wanted)
	}
	page, err := a.Store.Messages.List(r.Context(), wanted.Conversation, wanted.Range)
	return listed(page.Messages, page.More, models.Message.Object), err
}

// foundMessages is a page of a search in a conversation.
type foundMessages struct {
	list[models.MessageObject]
	// SearchedTo is the last message that was looked at, after which the next page begins.
	SearchedTo *string `json:"searched_to"`
}

// search returns the messages of a conversation that have all words.
func (a messageCalls) search(r *http.Request, q *query, wanted models.MessageQuery) (result, error) {
	if !wanted.Before.IsZero() {
		q.invalid("ending_before", "A search goes on toward older messages only: leave out “ending_before”.")
		wanted.Problems = q.problems
	}
	page, err := a.Store.Messages.Conversation(r.Context(), wanted)
	found := foundMessages{list: list[models.MessageObject]{HasMore: page.More, Data: each(page.Messages, models.Message.Object)}}
	if page.More {
		found.SearchedTo = &page.Last.ID
	}
	return result{status: http.StatusOK, body: found}, err
}

func (a messageCalls) create(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	message := models.NewMessage{From: in.plain("contact_id"), Text: in.plain("message")}
	in.setByServer("id", "conversation_id", "created_at")
	message.Problems = in.check()
	m, err := a.Store.Messages.PostMessage(r.Context(), by, r.PathValue("id"), message, in.key)
	return created(m.Object(), "", in.key), err
}

func (a messageCalls) delete(r *http.Request, by access.Actor) (result, error) {
	q := queryOf(r)
	if err := q.check(); err != nil {
		return result{}, err
	}
	return nothing(), a.Store.Messages.Delete(r.Context(), by, r.PathValue("id"), q.values["reason"])
}
