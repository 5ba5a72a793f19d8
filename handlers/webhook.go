package handlers

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/text"
	"protocol.chat/console/models/webhooks"
	"protocol.chat/console/views"
)

// webhookPages are the pages of webhooks; those of deliveries are in webhook_delivery.go.
type webhookPages struct{ *site }

// list shows the webhooks.
func (p webhookPages) list(w http.ResponseWriter, r *http.Request) error {
	found, _, err := p.store.Webhooks.List(r.Context(), by(r), db.Range{Limit: webhooks.MaxWebhooks})
	if err != nil {
		return err
	}
	list := views.WebhookList{Webhooks: found, Done: len(signedInAs(r).flashes()) > 0, Now: p.now(r)}
	return p.render(w, r, http.StatusOK, views.Page{Title: views.Webhooks, SettingsTab: true, Body: views.WebhooksPage(list)})
}

// newForm shows the form for a new webhook.
func (p webhookPages) newForm(w http.ResponseWriter, r *http.Request) error {
	return p.showForm(w, r, http.StatusOK, views.WebhookForm{Key: rand.Text(), Events: []string{"*"}})
}

func (p webhookPages) showForm(w http.ResponseWriter, r *http.Request, status int, f views.WebhookForm) error {
	return p.render(w, r, status, views.Page{Title: f.Title(), Failed: len(f.Problems) > 0, Body: views.WebhookFormPage(f)})
}

// webhookForm reads a form as it was typed, and what it asks for.
func webhookForm(r *http.Request) (views.WebhookForm, webhooks.Change) {
	f := views.WebhookForm{Key: r.PostFormValue("key"), Name: r.PostFormValue("name"), URL: r.PostFormValue("url"), Events: r.PostForm["events"]}
	names := append([]string{}, f.Events...)
	return f, webhooks.Change{Name: &f.Name, URL: &f.URL, Events: &names}
}

// create creates a webhook and shows its secret.
func (p webhookPages) create(w http.ResponseWriter, r *http.Request) error {
	f, change := webhookForm(r)
	if err := p.checkURL(r, &change); err != nil {
		return err
	}
	made, secret, err := p.store.Webhooks.Create(r.Context(), by(r), change, formKey(r))
	if invalid, ok := problems(err); ok {
		f.Problems = invalid
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return p.showSecret(w, r, http.StatusCreated, views.WebhookSecret{Webhook: made, Secret: secret})
}

// checkURL looks at the URL of a change, and adds what is wrong with it to its problems.
func (p webhookPages) checkURL(r *http.Request, change *webhooks.Change) error {
	err := p.store.Webhooks.CheckURL(r.Context(), *change)
	if invalid, ok := problems(err); ok {
		change.Problems = invalid
		return nil
	}
	return err
}

// showSecret shows a secret. It isn't a redirect, so that the secret is in this response alone.
func (p webhookPages) showSecret(w http.ResponseWriter, r *http.Request, status int, s views.WebhookSecret) error {
	s.Now = p.now(r)
	return p.render(w, r, status, views.Page{Title: s.Name, Body: views.WebhookSecretPage(s)})
}

// edit shows the form for a webhook.
func (p webhookPages) edit(w http.ResponseWriter, r *http.Request) error {
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showForm(w, r, http.StatusOK, views.WebhookForm{ID: hook.ID, Name: hook.Name, URL: hook.URL, Events: hook.Events()})
}

// update saves a webhook.
func (p webhookPages) update(w http.ResponseWriter, r *http.Request) error {
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, change := webhookForm(r)
	f.ID = hook.ID
	if f.URL != hook.URL {
		if err := p.checkURL(r, &change); err != nil {
			return err
		}
	}
	_, err = p.store.Webhooks.Update(r.Context(), by(r), hook.ID, change)
	if invalid, ok := problems(err); ok {
		f.Problems = invalid
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return p.done(w, r, views.WebhookURL(hook.ID), views.Flash{Text: "Changes saved."})
}

// setState enables or disables a webhook.
func (p webhookPages) setState(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	state := webhooks.State(r.PostFormValue("state"))
	hook, err := p.store.Webhooks.Update(r.Context(), by(r), id, webhooks.Change{State: &state})
	if err != nil {
		return err
	}
	words := " is enabled."
	if state == webhooks.Disabled {
		words = " is disabled. Nothing is sent to it."
	}
	return p.done(w, r, views.WebhookURL(id), views.Flash{Text: text.Isolated(hook.Name) + words})
}

// reveal shows the secret of a webhook.
func (p webhookPages) reveal(w http.ResponseWriter, r *http.Request) error {
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	secret, err := p.store.Webhooks.Secret(r.Context(), by(r), hook.ID)
	if err != nil {
		return err
	}
	return p.showSecret(w, r, http.StatusOK, views.WebhookSecret{Webhook: hook, Secret: secret, Revealed: true})
}

// confirmRotate asks before a webhook gets a new secret.
func (p webhookPages) confirmRotate(w http.ResponseWriter, r *http.Request) error {
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	form := views.WebhookForm{ID: hook.ID, Key: rand.Text(), Name: hook.Name}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Rotate the secret of " + hook.Name, Body: views.RotateWebhook(form)})
}

// rotate gives a webhook a new secret.
func (p webhookPages) rotate(w http.ResponseWriter, r *http.Request) error {
	hook, secret, err := p.store.Webhooks.Roll(r.Context(), by(r), r.PathValue("id"), formKey(r))
	if err != nil {
		return err
	}
	return p.showSecret(w, r, http.StatusOK, views.WebhookSecret{Webhook: hook, Secret: secret, Rotated: true})
}

// confirmDelete asks before a webhook is deleted.
func (p webhookPages) confirmDelete(w http.ResponseWriter, r *http.Request) error {
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Delete " + hook.Name, Body: views.DeleteWebhook(hook)})
}

// delete deletes a webhook.
func (p webhookPages) delete(w http.ResponseWriter, r *http.Request) error {
	if err := p.store.Webhooks.Delete(r.Context(), by(r), r.PathValue("id"), nil); err != nil {
		return err
	}
	return p.done(w, r, views.WebhooksURL(), views.Flash{Text: "Webhook deleted."})
}

// checkForm shows the form that checks a signature.
func (p webhookPages) checkForm(w http.ResponseWriter, r *http.Request) error {
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showCheck(w, r, views.SignatureCheck{Webhook: hook})
}

// check says which part of a request that a receiver got is wrong.
func (p webhookPages) check(w http.ResponseWriter, r *http.Request) error {
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	// Browsers write line breaks as CRLF, and cut the first one.
	c := views.SignatureCheck{Webhook: hook, Request: webhooks.Request{
		Body: strings.ReplaceAll(r.PostFormValue("body"), "\r\n", "\n"), ID: value("id"), Timestamp: value("timestamp"),
		Standard: value("standard"), Protocol: value("protocol"),
	}}
	if c.Findings, err = p.store.Webhooks.CheckSignature(r.Context(), by(r), hook.ID, c.Request); err != nil {
		return err
	}
	return p.showCheck(w, r, c)
}

func (p webhookPages) showCheck(w http.ResponseWriter, r *http.Request, c views.SignatureCheck) error {
	return p.render(w, r, http.StatusOK, views.Page{Title: "Check a signature", Body: views.CheckSignature(c, p.now(r))})
}

// show shows a webhook with a page of its deliveries.
func (p webhookPages) show(w http.ResponseWriter, r *http.Request) error {
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	list, err := p.readDeliveries(r, views.DeliveryList{Webhook: hook})
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: hook.Name, Body: views.WebhookPage(list)})
}

// deliveries shows a page of the deliveries to all webhooks.
func (p webhookPages) deliveries(w http.ResponseWriter, r *http.Request) error {
	list, err := p.readDeliveries(r, views.DeliveryList{})
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Deliveries", Body: views.DeliveriesPage(list)})
}

// deliveries shows what was sent to webhooks about a group.
func (p groupPages) deliveries(w http.ResponseWriter, r *http.Request) error {
	detail, err := p.detail(r)
	if err != nil {
		return err
	}
	list, err := p.readDeliveries(r, views.DeliveryList{Group: detail})
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: detail.Name + " webhook deliveries", Body: views.GroupDeliveriesTab(list)})
}

// readDeliveries fills a list, which has its webhook or group, with the page of deliveries that an
// address asks for.
func (s *site) readDeliveries(r *http.Request, list views.DeliveryList) (views.DeliveryList, error) {
	known := []string{"state", "type", "after", "before"}
	if list.Group.ID != "" {
		known = append(known, "list")
	} else {
		known = append(known, "about")
	}
	a := readAddress(r, known...)
	types := make([]string, len(events.Types))
	for i, t := range events.Types {
		types[i] = string(t)
	}
	at := views.DeliveriesAt{State: a.one("state", "pending", "delivered", "failed"), Type: a.one("type", types...)}
	if list.Group.ID == "" {
		at.About = a.id("about")
	}
	query := webhooks.DeliveryQuery{
		WebhookID: list.Webhook.ID, ObjectID: list.Group.ID, State: webhooks.DeliveryState(at.State), Type: events.Type(at.Type), About: at.About, Range: a.page(0),
	}
	query.After, query.Before = a.cursors(plainCursor)
	page, err := s.store.Webhooks.Deliveries(r.Context(), by(r), query)
	if err == nil && !query.Before.IsZero() && !page.More {
		query.Before = db.Cursor{}
		page, err = s.store.Webhooks.Deliveries(r.Context(), by(r), query)
	}
	list.At, list.Rows, list.Notes, list.Done, list.Now = at, page.Deliveries, a.notes, len(signedInAs(r).flashes()) > 0, s.now(r)
	if n := len(page.Deliveries); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More, page.Deliveries[0].ID, page.Deliveries[n-1].ID)
	}
	return list, err
}

// delivery shows a delivery with its requests.
func (p webhookPages) delivery(w http.ResponseWriter, r *http.Request) error {
	d, err := p.store.Webhooks.Delivery(r.Context(), by(r), "", r.PathValue("id"))
	if err != nil {
		return err
	}
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), d.WebhookID)
	if err != nil {
		return err
	}
	detail := views.DeliveryDetail{Detail: d, Webhook: hook, Done: len(signedInAs(r).flashes()) > 0, Now: p.now(r)}
	return p.render(w, r, http.StatusOK, views.Page{Title: string(d.Type), Body: views.DeliveryPage(detail)})
}

// resend sends a delivery again.
func (p webhookPages) resend(w http.ResponseWriter, r *http.Request) error {
	d, err := p.store.Webhooks.Delivery(r.Context(), by(r), "", r.PathValue("id"))
	if err != nil {
		return err
	}
	if _, err := p.store.Webhooks.Resend(r.Context(), by(r), d.WebhookID, d.ID); err != nil {
		return err
	}
	return p.done(w, r, views.DeliveryURL(d.ID), views.Flash{Text: "The delivery is sent again."})
}

// resendForm shows the form that sends failed deliveries again.
func (p webhookPages) resendForm(w http.ResponseWriter, r *http.Request) error {
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showResend(w, r, http.StatusOK, views.ResendForm{Webhook: hook, Since: "24"})
}

func (p webhookPages) showResend(w http.ResponseWriter, r *http.Request, status int, f views.ResendForm) error {
	return p.render(w, r, status, views.Page{Title: "Resend failed deliveries", Failed: len(f.Problems) > 0, Body: views.ResendFailed(f)})
}

// resendFailed sends failed deliveries again.
func (p webhookPages) resendFailed(w http.ResponseWriter, r *http.Request) error {
	hook, err := p.store.Webhooks.Webhook(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := views.ResendForm{Webhook: hook, Since: r.PostFormValue("since")}
	hours, err := strconv.Atoi(f.Since)
	if err != nil || hours < 1 || hours > int(webhooks.Kept.Hours()) {
		f.Problems = access.Refused("since", "Choose since when failed deliveries are sent again.")
		return p.showResend(w, r, http.StatusUnprocessableEntity, f)
	}
	n, more, err := p.store.Webhooks.ResendFailed(r.Context(), by(r), hook.ID, p.store.DB.Now().Add(-time.Duration(hours)*time.Hour))
	if err != nil {
		return err
	}
	return p.done(w, r, views.WebhookURL(hook.ID), views.Resent(n, more, p.now(r)))
}

// test sends a test event.
func (p webhookPages) test(w http.ResponseWriter, r *http.Request) error {
	d, err := p.store.Webhooks.Test(r.Context(), by(r), r.PathValue("id"), events.Type(r.PostFormValue("type")))
	if err != nil {
		return err
	}
	return p.done(w, r, views.DeliveryURL(d.ID), views.Flash{Text: "Test event sent. Reload to see the answer."})
}
