package api

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

// A route is a row of the table: one call, and all that is known of it before its handler
// runs. What is not in the table can't be called, and nothing else decides about a call by
// its method or path.
type route struct {
	method, path string
	handle       handler
	// right is what the token needs, or public. A call that can change several things needs
	// the right to see them here; the store checks the rights to what is changed.
	right access.Right
	// object is what the id in the path is of, as messages name it.
	object string
	// params are the query parameters.
	params []string
	also
}

// handler handles one call. by is the zero Actor on routes that are public.
type handler func(r *http.Request, by access.Actor) (result, error)

// public is the right that nobody needs, not even a token. Such calls don't count towards a
// rate limit.
const public access.Right = ""

// anyToken is the right that every token has.
const anyToken access.Right = "any"

// also is what holds for few routes.
type also struct {
	// body says that the call takes attributes in its body. That of other calls is not read.
	body bool
	// idempotent says that the call takes an Idempotency-Key.
	idempotent bool
	// conditional says that the call heeds If-Match.
	conditional bool
	// nested says that attributes of its body have attributes of their own, also in a form.
	nested bool
	// upload says that its body is a file, which its handler reads.
	upload bool
	// previews says that the call handles a dry run itself. Of all others everything is done,
	// and then rolled back.
	previews bool
	limits   limits
}

// limits are how much a call may take. A zero field is the usual limit.
type limits struct {
	// timeout is how long the call may take once its body has arrived: a slow network is not
	// a slow database.
	timeout time.Duration
	// body is how many bytes the body may have.
	body int64
}

// usual are the limits of a route that has none of its own.
var usual = limits{timeout: 5 * time.Second, body: 1 << 20}

func (rt *route) timeout() time.Duration { return cmp.Or(rt.limits.timeout, usual.timeout) }

func (rt *route) maxBody() int64 { return cmp.Or(rt.limits.body, usual.body) }

// table is all there is to call.
func (a *api) table() []route {
	var (
		groups   = groupCalls{a}
		many     = manyCalls{groups}
		members  = memberCalls{a}
		contacts = contactCalls{a}
		messages = messageCalls{a}
		activity = activityCalls{a}
		jobs     = jobCalls{a}
		exports  = exportCalls{a}
		imports  = importCalls{a}
		me       = meCalls{a}
		events   = eventCalls{a}
		hooks    = webhookCalls{a}

		paged    = []string{"limit", "starting_after", "ending_before"}
		searched = slices.Concat(paged, []string{"q", "include[]"})
		sorted   = slices.Concat(searched, []string{"sort"})
		filtered = slices.Concat(paged, groupFilters, []string{"sort", "include[]"})
		results  = slices.Concat(paged, []string{"format"})
		entries  = slices.Concat(paged, []string{"who", "action", "object", "request_id", "created_after", "created_before"})

		plain  = also{}
		create = also{body: true, idempotent: true}
		update = also{body: true, conditional: true}
		remove = also{conditional: true}
		act    = also{idempotent: true}
		batch  = also{body: true, idempotent: true, nested: true}
		bulk   = also{body: true, idempotent: true, nested: true, previews: true}
		upload = also{upload: true, idempotent: true, previews: true, limits: limits{timeout: 10 * time.Minute, body: models.MaxImportSize}}
		// The address is looked at before.
		hook = also{body: true, idempotent: true, previews: true}
		// While an export is read, the database keeps what others delete.
		export = also{limits: limits{timeout: 15 * time.Minute}}
		stream = also{limits: limits{timeout: 10 * time.Minute}} // also of a page, which takes much less
		verify = also{limits: limits{timeout: 25 * time.Second}} // a log that takes longer is for the command
	)
	return []route{
		{"GET", "/v1/groups", groups.list, access.ReadGroups, "", filtered, plain},
		{"POST", "/v1/groups", groups.create, access.EditGroups, "", nil, create},
		{"POST", "/v1/groups/batch", many.batch, access.ReadGroups, "", nil, batch},
		{"POST", "/v1/groups/bulk", many.bulk, access.ReadGroups, "", nil, bulk},
		{"GET", "/v1/groups/export", exports.groups, access.Export, "", slices.Concat(groupFilters, []string{"format", "members"}), export},
		{"GET", "/v1/groups/{id}", groups.show, access.ReadGroups, "group", []string{"at"}, plain},
		{"PUT", "/v1/groups/{id}", groups.update, access.ReadGroups, "group", nil, update},
		{"DELETE", "/v1/groups/{id}", groups.delete, access.DeleteGroups, "group", nil, remove},
		{"POST", "/v1/groups/{id}/archive", groups.archive, access.ArchiveGroups, "group", nil, act},
		{"POST", "/v1/groups/{id}/restore", groups.restore, access.ArchiveGroups, "group", nil, act},
		{"GET", "/v1/groups/{id}/contacts", members.list, access.ReadGroups, "group", searched, plain},
		{"GET", "/v1/groups/{id}/contacts/export", exports.members, access.Export, "group", []string{"q", "format"}, export},
		{"POST", "/v1/groups/{id}/contacts", members.add, access.EditMembers, "group", nil, create},
		{"DELETE", "/v1/groups/{id}/contacts/{contact_id}", members.remove, access.EditMembers, "group", nil, plain},
		{"GET", "/v1/contacts", contacts.list, access.ReadContacts, "", sorted, plain},
		{"POST", "/v1/contacts", contacts.create, access.EditContacts, "", nil, create},
		{"GET", "/v1/contacts/export", exports.contacts, access.Export, "", []string{"q", "format"}, export},
		{"POST", "/v1/contacts/bulk", contacts.bulk, access.ReadContacts, "", nil, bulk},
		{"GET", "/v1/contacts/{id}", contacts.show, access.ReadContacts, "contact", nil, plain},
		{"PUT", "/v1/contacts/{id}", contacts.update, access.EditContacts, "contact", nil, update},
		{"DELETE", "/v1/contacts/{id}", contacts.delete, access.DeleteContacts, "contact", nil, remove},
		{"POST", "/v1/contacts/{id}/merge", contacts.merge, access.DeleteContacts, "contact", nil, also{body: true, idempotent: true, conditional: true}},
		{"POST", "/v1/contacts/{id}/erase", contacts.erase, access.DeleteContacts, "contact", nil, also{body: true, idempotent: true, conditional: true}},
		{"GET", "/v1/conversations/{id}/messages", messages.list, access.ReadMessages, "conversation", slices.Concat(paged, []string{"q"}), plain},
		{"POST", "/v1/conversations/{id}/messages", messages.create, access.PostMessages, "conversation", nil, create},
		{"DELETE", "/v1/messages/{id}", messages.delete, access.DeleteMessages, "message", []string{"reason"}, plain},
		{"POST", "/v1/imports", imports.create, access.ReadGroups, "", []string{"type", "match", "mode", "map", "filename"}, upload},
		{"GET", "/v1/jobs", jobs.list, access.ReadGroups, "", paged, plain},
		{"GET", "/v1/jobs/{id}", jobs.show, access.ReadGroups, "job", nil, plain},
		{"POST", "/v1/jobs/{id}/start", imports.start, access.ReadGroups, "job", nil, act},
		{"POST", "/v1/jobs/{id}/cancel", jobs.cancel, access.ReadGroups, "job", nil, act},
		{"POST", "/v1/jobs/{id}/undo", jobs.undo, access.ReadGroups, "job", nil, act},
		{"GET", "/v1/jobs/{id}/results", jobs.results, access.ReadGroups, "job", results, stream},
		{"GET", "/v1/events", events.list, access.ReadGroups, "", []string{"type", "object_id", "limit", "starting_after"}, plain},
		{"GET", "/v1/webhooks", hooks.list, access.Webhooks, "", paged, plain},
		{"POST", "/v1/webhooks", hooks.create, access.Webhooks, "", nil, hook},
		{"GET", "/v1/webhooks/{id}", hooks.show, access.Webhooks, "webhook", nil, plain},
		{"PUT", "/v1/webhooks/{id}", hooks.update, access.Webhooks, "webhook", nil, also{body: true, conditional: true, previews: true}},
		{"DELETE", "/v1/webhooks/{id}", hooks.delete, access.Webhooks, "webhook", nil, remove},
		{"POST", "/v1/webhooks/{id}/roll", hooks.roll, access.Webhooks, "webhook", nil, act},
		{"POST", "/v1/webhooks/{id}/test", hooks.test, access.Webhooks, "webhook", nil, create},
		{"POST", "/v1/webhooks/{id}/resend", hooks.resendFailed, access.Webhooks, "webhook", nil, create},
		{"GET", "/v1/webhooks/{id}/deliveries", hooks.deliveries, access.Webhooks, "webhook", slices.Concat(paged, []string{"state", "type", "event_id", "object_id", "request_id"}), plain},
		{"GET", "/v1/webhooks/{id}/deliveries/{delivery_id}", hooks.delivery, access.Webhooks, "delivery", nil, plain},
		{"POST", "/v1/webhooks/{id}/deliveries/{delivery_id}/resend", hooks.resend, access.Webhooks, "delivery", nil, act},
		{"GET", "/v1/activity", activity.list, access.ReadActivity, "", entries, plain},
		{"GET", "/v1/activity/verify", activity.verify, access.ReadActivity, "", []string{"expect"}, verify},
		{"GET", "/v1/activity/{id}", activity.show, access.ReadActivity, "activity entry", nil, plain},
		{"GET", "/v1/me", me.show, anyToken, "", nil, plain},
		{"GET", "/v1/openapi.json", openAPIJSON, public, "", nil, plain},
		{"GET", "/v1/openapi.yaml", openAPIYAML, public, "", nil, plain},
	}
}
