package views

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/webhooks"
)

// The addresses of webhooks and their deliveries.

func WebhooksURL() templ.SafeURL             { return "/settings/webhooks" }
func NewWebhookURL() templ.SafeURL           { return "/settings/webhooks/new" }
func WebhookURL(id string) templ.SafeURL     { return WebhookAtURL(id, DeliveriesAt{}) }
func EditWebhookURL(id string) templ.SafeURL { return pathTo("/settings/webhooks/", id, "/edit", "") }

func WebhookStateURL(id string) templ.SafeURL { return pathTo("/settings/webhooks/", id, "/state", "") }

func WebhookSecretURL(id string) templ.SafeURL {
	return pathTo("/settings/webhooks/", id, "/secret", "")
}

func RotateWebhookURL(id string) templ.SafeURL {
	return pathTo("/settings/webhooks/", id, "/rotate", "")
}

func DeleteWebhookURL(id string) templ.SafeURL {
	return pathTo("/settings/webhooks/", id, "/delete", "")
}

func TestWebhookURL(id string) templ.SafeURL { return pathTo("/settings/webhooks/", id, "/test", "") }

func ResendFailedURL(id string) templ.SafeURL {
	return pathTo("/settings/webhooks/", id, "/resend", "")
}

func CheckSignatureURL(id string) templ.SafeURL {
	return pathTo("/settings/webhooks/", id, "/check", "")
}

func DeliveryURL(id string) templ.SafeURL {
	return pathTo("/settings/deliveries/", id, "", "")
}

// ResendURL returns the address that sends a delivery again.
func ResendURL(id string) templ.SafeURL {
	return pathTo("/settings/deliveries/", id, "/resend", "")
}

// DeliveriesAt is a page of a list of deliveries, as its address has it.
type DeliveriesAt struct {
	// State, Type and About are filters; About is the ID of an event, an object or a request.
	State, Type, About string
	// After and Before are cursors.
	After, Before string
	// List is the list of groups from which the group was opened whose deliveries are shown.
	List templ.SafeURL
}

func (at DeliveriesAt) on(path templ.SafeURL) templ.SafeURL {
	return withParams(path, "state", at.State, "type", at.Type, "about", at.About, "after", at.After, "before", at.Before, "list", string(at.List))
}

// WebhookAtURL returns the address of a webhook with a page of its deliveries.
func WebhookAtURL(id string, at DeliveriesAt) templ.SafeURL {
	return at.on(pathTo("/settings/webhooks/", id, "", ""))
}

// DeliveriesURL returns the address of the deliveries to all webhooks.
func DeliveriesURL(at DeliveriesAt) templ.SafeURL { return at.on("/settings/deliveries") }

// GroupDeliveriesURL returns the address of the deliveries about a group.
func GroupDeliveriesURL(id string, at DeliveriesAt) templ.SafeURL {
	at.About = ""
	return at.on(pathTo("/groups/", id, "/deliveries", ""))
}

// WebhookList is what the list of webhooks shows.
type WebhookList struct {
	Webhooks []webhooks.Webhook
	Done     bool
	Now      Clock
}

// WebhookForm is what the forms for new and edited webhooks show.
type WebhookForm struct {
	// ID is the edited webhook's; "" for a new one.
	ID, Key, Name, URL string
	Events             []string
	Problems           access.Invalid
}

func (f WebhookForm) action() templ.SafeURL {
	if f.ID == "" {
		return NewWebhookURL()
	}
	return EditWebhookURL(f.ID)
}

// Title returns the heading of the form.
func (f WebhookForm) Title() string {
	if f.ID == "" {
		return "New webhook"
	}
	return "Edit webhook"
}

func (f WebhookForm) from() templ.SafeURL {
	if f.ID == "" {
		return WebhooksURL()
	}
	return WebhookURL(f.ID)
}

func (f WebhookForm) has(name string) bool { return slices.Contains(f.Events, name) }

// eventBranch is a pattern with the types that it stands for, as the form shows them.
type eventBranch struct {
	// All is the label of the choice of all of them.
	Label, All, Pattern string
	Types               []eventLeaf
}

type eventLeaf struct {
	Type        events.Type
	Label, Hint string
}

// eventTree returns all events that can be chosen.
func eventTree() []eventBranch {
	tree := []eventBranch{{Label: "Groups", All: "All group events", Pattern: "group.*"}, {Label: "Contacts", All: "All contact events", Pattern: "contact.*"}, {Label: "Messages", All: "All message events", Pattern: "message.*"}}
	for _, t := range events.Types {
		kind, _, _ := strings.Cut(string(t), ".")
		leaf := eventLeaf{Type: t, Label: string(t)}
		if slices.Contains(events.Details, t) {
			leaf.Hint = "Sent in addition to group.updated, only if selected here."
		}
		for i := range tree {
			if tree[i].Pattern == kind+".*" {
				tree[i].Types = append(tree[i].Types, leaf)
			}
		}
	}
	return tree
}

// WebhookSecret is what the page with a webhook's secret shows.
type WebhookSecret struct {
	webhooks.Webhook
	Secret string
	// Rotated says that the secret is a new one in place of another, Revealed that it was asked for.
	Rotated, Revealed bool
	Now               Clock
}

func (s WebhookSecret) title() string {
	switch {
	case s.Rotated:
		return "New secret for " + plain(s.Name)
	case s.Revealed:
		return "Secret of " + plain(s.Name)
	}
	return "Webhook created"
}

// DeliveryList is what a list of deliveries shows: to one webhook or to all, or about a group.
type DeliveryList struct {
	// Webhook is the one; its ID is "" for all.
	Webhook webhooks.Webhook
	// Group is what they are about; its ID is "" unless they are shown with the group.
	Group GroupDetail
	At    DeliveriesAt
	Rows  []webhooks.Delivery
	// Next and Previous are cursors, "" at the ends of the list.
	Next, Previous string
	Notes          []string
	Done           bool
	Now            Clock
}

func (l DeliveryList) url(at DeliveriesAt) templ.SafeURL {
	if l.Group.ID != "" {
		at.List = l.Group.List
		return GroupDeliveriesURL(l.Group.ID, at)
	}
	if l.Webhook.ID == "" {
		return DeliveriesURL(at)
	}
	return WebhookAtURL(l.Webhook.ID, at)
}

func (l DeliveryList) withState(state string) templ.SafeURL {
	return l.url(DeliveriesAt{State: state, Type: l.At.Type, About: l.At.About})
}

func (l DeliveryList) filtered() bool { return l.At.State+l.At.Type+l.At.About != "" }

func (l DeliveryList) paging() (p paging) {
	at := l.At
	if l.Next != "" {
		at.After, at.Before = l.Next, ""
		p.Next = l.url(at)
	}
	if l.Previous != "" {
		at.After, at.Before = "", l.Previous
		p.Previous = l.url(at)
	}
	return p
}

// DeliveryDetail is what the page of a delivery shows.
type DeliveryDetail struct {
	webhooks.Detail
	// Webhook is where it is sent to.
	Webhook webhooks.Webhook
	Done    bool
	Now     Clock
}

// indented returns JSON with line breaks; other text as it is.
func indented(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(json.RawMessage(s)); err != nil {
		return s
	}
	return strings.TrimSpace(b.String())
}

// canResend reports whether the delivery can be sent again.
func (d DeliveryDetail) canResend() bool {
	return d.Webhook.State == webhooks.Enabled && d.Body != "" && (d.State != webhooks.Pending || d.NextAt != nil)
}

// deliveryURLOfObject returns the page of what a delivery is about; "" if it has none.
func deliveryURLOfObject(d webhooks.Delivery) templ.SafeURL {
	kind, _, _ := strings.Cut(string(d.Type), ".")
	switch {
	case d.Test() || d.Type == events.GroupDeleted || d.Type == events.ContactDeleted:
		return ""
	case kind == "contact":
		return ContactURL(d.ObjectID)
	case kind == "group":
		return GroupURL(d.ObjectID)
	}
	return ""
}

// webhookState returns the state of a webhook in words, and the class of its pill.
func webhookState(w webhooks.Webhook) (words, class string) {
	switch {
	case w.State == webhooks.Paused:
		return "Paused", "bad"
	case w.State == webhooks.Disabled && w.Reason != "":
		return "Disabled", "bad"
	case w.State == webhooks.Disabled:
		return "Disabled", ""
	case w.Failures > 0:
		return "Failing", "warn"
	}
	return "Enabled", "good"
}

// StoppedWebhookWords says why the console stopped sending to a webhook; "" if it didn't.
func StoppedWebhookWords(w webhooks.Webhook) string {
	switch w.Reason {
	case webhooks.Failing:
		return "Paused after 100 failed requests in a row. Events wait until it's enabled again."
	case webhooks.TooLate:
		return "Paused because nothing was accepted for 72 hours. Events wait until it's enabled again."
	case webhooks.Gone:
		return "Disabled because the receiver answered 410 Gone. New events aren't sent to it."
	}
	return ""
}

// deliveryState returns the state of a delivery in words, and the class of its pill.
func deliveryState(d webhooks.Delivery) (words, class string) {
	switch {
	case d.State == webhooks.Delivered:
		return "Delivered", "good"
	case d.State == webhooks.Failed:
		return "Failed", "bad"
	case d.Tries > 0:
		return "Retrying", "warn"
	}
	return "Pending", ""
}

// answerWords describes what came of a request: "200", "Connection refused".
func answerWords(status int, kind string) string {
	switch kind {
	case "", webhooks.BadStatus:
		return strconv.Itoa(status)
	case webhooks.Redirect:
		return strconv.Itoa(status) + ", a redirect, which isn't followed"
	}
	return cmp.Or(map[string]string{
		webhooks.Refused:     "Connection refused",
		webhooks.Reset:       "Connection closed without an answer",
		webhooks.Timeout:     "No answer within 10 seconds",
		webhooks.TooLarge:    "Headers larger than 64 KB",
		webhooks.Private:     "Private network, not contacted",
		webhooks.BadTLS:      "TLS failed: certificate or version",
		webhooks.Unresolved:  "Name not found (DNS)",
		webhooks.BadResponse: "Not an HTTP answer",
		"expired":            "Not sent: the event is no longer kept",
	}[kind], kind)
}

// SignatureCheck is what the page shows that checks a signature.
type SignatureCheck struct {
	webhooks.Webhook
	webhooks.Request
	// Findings is nil before it was asked for.
	Findings []webhooks.Finding
}

// right reports whether every part is right.
func (c SignatureCheck) right() bool {
	return !slices.ContainsFunc(c.Findings, func(f webhooks.Finding) bool { return !f.OK })
}

func partName(part string) string {
	if part == webhooks.BodyPart {
		return "Body"
	}
	return part
}

// findingWords says what was found about a part of a request.
func findingWords(f webhooks.Finding, now Clock) string {
	switch f.Code {
	case webhooks.FoundRight:
		return "Right."
	case webhooks.FoundOld:
		return "Signed with the secret from before the last rotation. Use the new one before it ends."
	case webhooks.FoundMissing:
		return "Missing. Paste it as it was received."
	case webhooks.FoundUnknown:
		return "No delivery to this webhook has this ID. Check that it's the right webhook, and that the header wasn't changed."
	case webhooks.FoundMalformed:
		return malformedWords[f.Part]
	case webhooks.FoundStale:
		return "More than five minutes from now. A receiver must refuse it, because it may be a repetition."
	case webhooks.FoundOtherTime:
		return "No request of this delivery had this time. The last one had " + f.Sent + "."
	case webhooks.FoundDiffers:
		return "Not what was sent: it differs from character " + thousands(f.At, now) + " on. Verify the raw body, before anything parses it."
	case webhooks.FoundWhiteSpace:
		return "Only white space differs from what was sent, from character " + thousands(f.At, now) + " on. Verify the raw body, not JSON that was parsed and written again."
	case webhooks.FoundUnverified:
		return "There's no delivery to compare it with."
	case webhooks.FoundDecodedKey:
		return "Keyed with the decoded bytes of the secret. This header is keyed with the whole secret as text, with whsec_."
	case webhooks.FoundWholeKey:
		return "Keyed with the secret as text. This header is keyed with the bytes that follow whsec_, decoded from base64."
	case webhooks.FoundNotHex:
		return "Right, but not written in lower-case hexadecimal."
	case webhooks.FoundNoMatch:
		return "Made by this console, but for another body, ID or time: see the other parts."
	}
	return "Not made with this webhook's secret, or for another body, ID or time."
}

// malformedWords say what form a part has.
var malformedWords = map[string]string{
	webhooks.TimestampHeader:   "Not a time: it's a whole number of seconds since 1970.",
	webhooks.SignatureHeader:   "Not a signature: it's 64 hexadecimal digits.",
	webhooks.StandardSignature: "Not a signature: it's v1, a comma and 44 characters of base64, several of them separated by spaces.",
}

// ResendForm is what the form that sends failed deliveries again shows.
type ResendForm struct {
	webhooks.Webhook
	Since    string
	Problems access.Invalid
}

// resendChoices are the times since when failed deliveries are sent again, in hours.
var resendChoices = []struct{ Hours, Label string }{
	{"1", "The last hour"}, {"24", "The last 24 hours"}, {"72", "The last 3 days"}, {"720", "All that are kept (30 days)"},
}

// eventWords lists the events of a webhook.
func eventWords(w webhooks.Webhook) string {
	if slices.Contains(w.Events(), "*") {
		return "All events"
	}
	return strings.Join(w.Events(), ", ")
}

// Resent says how many failed deliveries are sent again.
func Resent(n int, more bool, now Clock) Flash {
	switch {
	case n == 0:
		return Flash{Kind: "info", Text: "There are no failed deliveries since then."}
	case more:
		return Flash{Kind: "warn", Text: "The first " + thousands(n, now) + " deliveries are sent again. Resend once more for the others."}
	}
	return Flash{Text: counted(n, "delivery is", "deliveries are", now) + " sent again."}
}
