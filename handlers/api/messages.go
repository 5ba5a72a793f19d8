package api

import (
	"net/http"

	"protocol.chat/console/models"
)

func (a *api) messages(r *http.Request, _ models.Actor) (result, error) {
	q, err := readQuery(r)
	if err != nil {
		return result{}, err
	}
	wanted := q.page(a.inFuture(r))
	if err := q.check(); err != nil {
		return result{}, err
	}
	page, err := a.Store.Messages(r.Context(), r.PathValue("id"), wanted)
	return listed(page.Messages, page.More, messageOf), err
}

func (a *api) postMessage(r *http.Request, by models.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	message := models.NewMessage{From: in.plain("contact_id"), Text: in.plain("message")}
	in.given("id", "conversation_id", "created_at")
	once, err := in.once(r)
	if err != nil {
		return result{}, err
	}
	m, err := a.Store.PostMessage(r.Context(), by, r.PathValue("id"), message, once)
	return created(messageOf(m), "", once), err
}
