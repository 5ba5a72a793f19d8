package api

import (
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

func (a *api) messages(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	wanted := q.page(a.inFuture(r))
	page, err := a.Store.Messages(r.Context(), r.PathValue("id"), wanted)
	return listed(page.Messages, page.More, messageOf), err
}

func (a *api) postMessage(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	message := models.NewMessage{From: in.plain("contact_id"), Text: in.plain("message")}
	in.given("id", "conversation_id", "created_at")
	once := in.once(r)
	message.Problems = in.check()
	m, err := a.Store.PostMessage(r.Context(), by, r.PathValue("id"), message, once)
	return created(messageOf(m), "", once), err
}
