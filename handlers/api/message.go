package api

import (
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

// messageCalls are the calls about the messages of a conversation.
type messageCalls struct{ *api }

func (a messageCalls) list(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	wanted := q.page(a.inFuture(r))
	page, err := a.Store.Messages.List(r.Context(), r.PathValue("id"), wanted)
	return listed(page.Messages, page.More, models.Message.Object), err
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
