package handlers

import (
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// messagePages are the pages of the messages in a group's conversation.
type messagePages struct{ groupPages }

// list shows a group's messages, with a form to post one.
func (p messagePages) list(w http.ResponseWriter, r *http.Request) error {
	return p.showList(w, r, http.StatusOK, views.MessageForm{Key: rand.Text()})
}

func (p messagePages) showList(w http.ResponseWriter, r *http.Request, status int, form views.MessageForm) error {
	m, err := p.listAt(r)
	if err != nil {
		return err
	}
	m.Form = form
	return p.render(w, r, status, views.Page{
		Title: m.Name + " messages", Failed: len(form.Problems) > 0, Body: views.GroupMessagesTab(m),
	})
}

// listAt returns what the list shows for an address.
func (p messagePages) listAt(r *http.Request) (views.GroupMessages, error) {
	detail, err := p.detail(r)
	if err != nil {
		return views.GroupMessages{}, err
	}
	a := readAddress(r, "q", "after", "before", "list")
	at := views.MessagesAt{Q: a.search(), List: detail.List}
	query := models.MessageQuery{Conversation: detail.ConversationID, Text: at.Q, Range: a.page(0)}
	query.After, query.Before = a.cursors(func(c db.Cursor) bool { return c.Value == "" })
	if at.Q != "" {
		query.Before = db.Cursor{} // a search only goes on toward older messages
	}
	page, err := fullPage(&query.Range, func() (page models.ConversationPage, more bool, err error) {
		page, err = p.store.Messages.Conversation(r.Context(), query)
		return page, page.More, err
	})
	if err != nil {
		return views.GroupMessages{}, err
	}
	at.After, at.Before = query.After.String(), query.Before.String()
	m := views.GroupMessages{GroupDetail: detail, At: at, Page: page, Notes: a.notes}
	if first := page.First.ID; first != "" {
		m.Previous, m.Next = neighbours(query.Range, page.More, first, page.Last.ID)
	}
	return m, nil
}

// post posts a message in a group's conversation for the console.
func (p messagePages) post(w http.ResponseWriter, r *http.Request) error {
	g, err := p.store.GroupPreview(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	typed := r.PostFormValue("message")
	_, err = p.store.Messages.PostMessage(r.Context(), by(r), g.ConversationID, models.NewMessage{Text: typed}, formKey(r))
	if invalid, ok := problems(err); ok {
		return p.showList(w, r, http.StatusUnprocessableEntity, views.MessageForm{Key: r.PostFormValue("key"), Text: typed, Problems: invalid})
	}
	if err != nil {
		return err
	}
	return p.done(w, r, views.MessagesURL(g.ID, views.MessagesAt{List: groupsOf(r)}), views.Flash{Text: "Message posted."})
}

// confirmDelete asks why a message is to be deleted.
func (p messagePages) confirmDelete(w http.ResponseWriter, r *http.Request) error {
	return p.showDelete(w, r, http.StatusOK, nil)
}

func (p messagePages) showDelete(w http.ResponseWriter, r *http.Request, status int, wrong access.Invalid) error {
	m, after, err := p.message(r)
	if err != nil {
		return err
	}
	d := views.MessageDelete{Message: m, Next: after, Reason: r.PostFormValue("reason"), Problems: wrong, Now: p.now(r)}
	if m.ContactID != nil {
		c, err := p.store.Contact(r.Context(), *m.ContactID)
		if err == nil {
			d.Author = &c
		} else if !errors.Is(err, access.ErrNotFound) {
			return err
		}
	}
	return p.render(w, r, status, views.Page{Title: "Delete message", Failed: len(wrong) > 0, Body: views.DeleteMessage(d)})
}

// message returns the request's message, and where to go on after deleting it.
func (p messagePages) message(r *http.Request) (models.Message, templ.SafeURL, error) {
	m, groupID, err := p.store.Messages.Message(r.Context(), r.PathValue("id"))
	to := views.GroupsURL(views.GroupsAt{})
	if groupID != "" {
		to = views.MessagesURL(groupID, views.MessagesAt{})
	}
	return m, next(r, to), err
}

// delete deletes a message with a reason.
func (p messagePages) delete(w http.ResponseWriter, r *http.Request) error {
	m, to, err := p.message(r)
	if err != nil {
		return err
	}
	err = p.store.Messages.Delete(r.Context(), by(r), m.ID, r.PostFormValue("reason"))
	if invalid, ok := problems(err); ok {
		return p.showDelete(w, r, http.StatusUnprocessableEntity, invalid)
	}
	if err != nil {
		return err
	}
	return p.done(w, r, to, views.Flash{Text: "Message deleted."})
}
