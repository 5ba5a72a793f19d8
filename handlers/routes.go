package handlers

import (
	"context"
	"net/http"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/static"
	"protocol.chat/console/views"
)

// A route is a row of the table: an address, who may call it, and what else is known of it
// before its handler runs. Nothing else decides about an address by how it is written.
type route struct {
	method, path string
	handle       pageHandler
	// right is what the caller needs; anybody may call a route without signing in.
	right access.Right
	// section is the entry of the menu that is lit, and a part of the page's title; or "".
	section string
	also
}

// anybody is the right that nobody needs, not even to be signed in.
const anybody access.Right = "anybody"

// also is what holds for few routes.
type also struct {
	// stepUp is set if the caller must have proved lately who they are. It says what for, and
	// ends "You're about to …".
	stepUp string
	// unenrolled says that the route is open also while a second factor must still be set up.
	unenrolled bool
	// noHEAD refuses HEAD where GET is the step of something: a sign-in with a provider, or a
	// key for an app. Everywhere else HEAD is GET without its body, and changes nothing.
	noHEAD bool
	// draft is how what is typed into the route's form is kept, if it is.
	draft draft
	// missing adds to a 404 what is known of the object, or is nil.
	missing func(r *http.Request, f *views.Failure)
	// limits are how long the route may take, and how large its body may be.
	limits limits
	// feed says that open pages call the route by themselves, and that its answer stays open.
	feed bool
	// probe says that programs ask all the time, so that the log leaves it out if all is well.
	probe bool
	// serve is called in place of handle, without the headers of a page.
	serve http.Handler
}

// draft is how the draft of a form is kept.
type draft struct {
	// name is what it is kept under; "" is the form's address, for an object's own forms.
	name string
	// object fails if the object of such an address is not there.
	object func(ctx context.Context, id string) error
}

// limits are how much a request may take. A zero field is the usual limit.
type limits struct {
	// timeout is how long the request may take before it fails.
	timeout time.Duration
	// body is how many bytes of the request's body are read.
	body int64
	// upload says that the handler reads the body while it arrives.
	upload bool
}

// usual are the limits of a route that has none of its own. The body is far larger than any
// form.
var usual = limits{timeout: 5 * time.Second, body: 1 << 20}

// exportLimits are those of an export. While it is read, the database keeps what others delete, so
// it must not take much longer than a large file does.
var exportLimits = limits{timeout: 15 * time.Minute}

// importLimits are those of an upload: its file, and the form around it.
var importLimits = limits{timeout: time.Hour, body: models.MaxImportSize + 1<<20, upload: true}

// table is all there is to call, apart from the API, which has a table of its own.
func (c *Console) table() []route {
	var (
		docs         = docPages{c.site}
		auth         = authPages{c.site}
		stepUp       = confirmPages{c.site}
		drafts       = draftPages{c.site}
		profile      = profilePages{c.site}
		security     = securityPages{c.site}
		passkeys     = passkeyPages{security}
		linked       = identityPages{security}
		groups       = groupPages{c.site}
		overview     = overviewPages{groups}
		members      = memberPages{groups}
		messages     = messagePages{groups}
		bulk         = groups.bulk()
		bulkMembers  = members.bulk()
		saved        = viewPages{groups}
		rules        = rulePages{groups}
		contacts     = contactPages{c.site}
		bulkContacts = contacts.bulk()
		jobs         = jobPages{c.site}
		activity     = activityPages{c.site}
		retention    = retentionPages{c.site}
		undos        = undoPages{c.site}
		tokens       = tokenPages{c.site, c.rateLimit}
		hooks        = webhookPages{c.site}
		users        = userPages{c.site}
		invitations  = invitationPages{c.site}
		policy       = policyPages{c.site}
		settings     = settingsPages{c.site}
		pictures     = avatarPages{c.site}
		search       = searchPages{c.site}

		groupImports   = importPages{c.site, models.ImportGroups}
		contactImports = importPages{c.site, models.ImportContacts}

		plain         = also{}
		aGroup        = also{missing: groups.tombstone}
		editedGroup   = also{missing: groups.tombstone, draft: draft{object: groups.exists}}
		exported      = also{limits: exportLimits}
		imported      = also{limits: importLimits}
		exportedGroup = also{missing: groups.tombstone, limits: exportLimits}
		aContact      = also{missing: contacts.tombstone}
		erasedContact = also{missing: contacts.tombstone, stepUp: "erase personal data"}
		anEntry       = also{missing: activity.deletedBefore}
	)
	return []route{
		{"GET", "/healthz", c.health.live, anybody, "", also{probe: true}},
		{"GET", "/readyz", c.health.ready, anybody, "", also{probe: true}},
		{"GET", static.Prefix, nil, anybody, "", also{serve: static.Handler()}},
		{"GET", "/docs", docs.list, anybody, "Documentation", plain},
		{"GET", "/docs/{topic}", docs.show, anybody, "Documentation", plain},
		{"GET", "/docs/calls", docs.calls, access.SignedInOnly, "API", plain},
		{"GET", "/docs/api/{group}", docs.referenceGroup, anybody, "API reference", plain},
		{"GET", "/docs/errors/{code}", docs.errorCode, anybody, "API errors", plain},
		{"GET", "/docs/clients/{file}", docs.client, anybody, "", plain},
		{"GET", "/docs/metrics/alerts.yml", docs.alerts, anybody, "", plain},
		{"GET", "/docs/metrics/dashboard.json", docs.dashboard, anybody, "", plain},
		{"GET", "/docs/roles", docs.roles, anybody, "", plain},
		{"POST", "/theme", profile.updateTheme, anybody, "", plain},

		{"GET", "/setup", auth.setupForm, anybody, "", plain},
		{"POST", "/setup", auth.setUp, anybody, "", plain},
		{"GET", "/login", auth.signInForm, anybody, "", plain},
		{"POST", "/login", auth.signIn, anybody, "", plain},
		{"GET", "/login/code", auth.secondFactorForm, anybody, "", plain},
		{"POST", "/login/code", auth.checkSecondFactor, anybody, "", plain},
		{"POST", "/login/passkey", auth.signInByPasskey, anybody, "", plain},
		{"POST", "/login/passkey/options", auth.passkeyOptions, anybody, "", plain},
		{"GET", "/login/oidc", auth.startOIDC, anybody, "", also{noHEAD: true}},
		{"GET", "/login/oidc/callback", auth.finishOIDC, anybody, "", also{noHEAD: true}},
		{"GET", "/invite/{secret}", auth.invitationForm, anybody, "", plain},
		{"POST", "/invite/{secret}", auth.acceptInvitation, anybody, "", plain},
		{"POST", "/logout", auth.signOut, access.SignedInOnly, "", also{unenrolled: true}},
		{"POST", "/confirm", stepUp.confirm, access.SignedInOnly, "", also{unenrolled: true}},
		{"POST", "/drafts/{form}", drafts.update, access.SignedInOnly, "", plain},

		{"GET", "/profile", profile.edit, access.SignedInOnly, "Account", plain},
		{"POST", "/profile", profile.update, access.SignedInOnly, "Account", plain},
		{"GET", "/profile/shortcuts", profile.shortcuts, access.SignedInOnly, "Account", plain},
		{"GET", "/profile/password", profile.editPassword, access.SignedInOnly, "Security", plain},
		{"POST", "/profile/password", profile.updatePassword, access.SignedInOnly, "Security", plain},
		{"GET", "/profile/activity", activity.own, access.SignedInOnly, "", plain},
		{"GET", "/profile/security", security.show, access.SignedInOnly, "Account", also{unenrolled: true}},
		{"GET", "/profile/security/app", security.newApp, access.SignedInOnly, "Security", also{stepUp: settingUpApp, unenrolled: true, noHEAD: true}},
		{"POST", "/profile/security/app", security.createApp, access.SignedInOnly, "Security", also{stepUp: settingUpApp, unenrolled: true}},
		{"GET", "/profile/security/app/off", security.confirmDeleteApp, access.SignedInOnly, "Security", also{stepUp: turningOffApp, unenrolled: true}},
		{"POST", "/profile/security/app/off", security.deleteApp, access.SignedInOnly, "Security", also{stepUp: turningOffApp, unenrolled: true}},
		{"GET", "/profile/security/codes", security.confirmReplaceCodes, access.SignedInOnly, "Security", also{stepUp: replacingCodes, unenrolled: true}},
		{"POST", "/profile/security/codes", security.replaceCodes, access.SignedInOnly, "Security", also{stepUp: replacingCodes, unenrolled: true}},
		{"POST", "/profile/security/codes/file", security.downloadCodes, access.SignedInOnly, "Security", also{unenrolled: true}},
		{"GET", "/profile/security/sessions/end", security.confirmEndOtherSessions, access.SignedInOnly, "Security", also{unenrolled: true}},
		{"POST", "/profile/security/sessions/end", security.endOtherSessions, access.SignedInOnly, "Security", also{unenrolled: true}},
		{"POST", "/profile/security/sessions/{id}/end", security.endSession, access.SignedInOnly, "Security", also{unenrolled: true}},
		{"GET", "/profile/security/passkeys/new", passkeys.new, access.SignedInOnly, "Security", also{stepUp: addingPasskey, unenrolled: true}},
		{"POST", "/profile/security/passkeys/new", passkeys.create, access.SignedInOnly, "Security", also{stepUp: addingPasskey, unenrolled: true}},
		{"POST", "/profile/security/passkeys/options", passkeys.options, access.SignedInOnly, "Security", also{stepUp: addingPasskey, unenrolled: true}},
		{"GET", "/profile/security/passkeys/{id}/rename", passkeys.edit, access.SignedInOnly, "Security", also{unenrolled: true}},
		{"POST", "/profile/security/passkeys/{id}/rename", passkeys.update, access.SignedInOnly, "Security", also{unenrolled: true}},
		{"GET", "/profile/security/passkeys/{id}/remove", passkeys.confirmDelete, access.SignedInOnly, "Security", also{stepUp: removingPasskey, unenrolled: true}},
		{"POST", "/profile/security/passkeys/{id}/remove", passkeys.delete, access.SignedInOnly, "Security", also{stepUp: removingPasskey, unenrolled: true}},
		{"GET", "/profile/security/identity/remove", linked.confirmDelete, access.SignedInOnly, "Security", also{stepUp: unlinking, unenrolled: true}},
		{"POST", "/profile/security/identity/remove", linked.delete, access.SignedInOnly, "Security", also{stepUp: unlinking, unenrolled: true}},

		{"POST", "/undo", undos.undo, access.SignedInOnly, "", plain}, // and the right of the act
		{"GET", "/search", search.list, access.SignedInOnly, "", plain},
		{"GET", "/{$}", overview.show, access.SignedInOnly, views.Overview, plain},
		{"POST", "/overview/checklist/skip", overview.skipChecklist, access.ManageSettings, views.Overview, plain},
		{"GET", "/overview/groups.csv", overview.download, access.ReadGroups, views.Overview, plain},
		{"GET", "/groups", groups.list, access.ReadGroups, views.Groups, plain},
		{"GET", "/groups/new", groups.new, access.EditGroups, views.Groups, plain},
		{"POST", "/groups/new", groups.create, access.EditGroups, views.Groups, also{draft: draft{name: views.GroupDraft}}},
		{"GET", "/groups/export", groups.exportForm, access.Export, views.Groups, plain},
		{"POST", "/groups/export", groups.export, access.Export, views.Groups, exported},
		{"GET", "/groups/import", groupImports.new, access.EditGroups, views.Groups, plain},
		{"POST", "/groups/import", groupImports.create, access.EditGroups, views.Groups, imported},
		{"GET", "/groups/import/example", groupImports.example, access.EditGroups, views.Groups, plain},
		{"GET", "/groups/bulk", bulk.preview, access.ReadGroups, views.Groups, plain}, // and the right of the action
		{"POST", "/groups/bulk", bulk.submit, access.ReadGroups, views.Groups, plain},
		{"GET", "/groups/pick", groups.pickGroup, access.ReadGroups, views.Groups, plain},
		{"GET", "/groups/bulk/delete", bulk.previewDelete, access.DeleteGroups, views.Groups, also{stepUp: deletingGroups}},
		{"POST", "/groups/bulk/delete", bulk.submitDelete, access.DeleteGroups, views.Groups, also{stepUp: deletingGroups}},
		{"GET", "/groups/filters", groups.filters, access.ReadGroups, views.Groups, plain},
		{"GET", "/groups/columns", groups.chooseColumns, access.ReadGroups, views.Groups, plain},
		{"POST", "/groups/columns", groups.updateColumns, access.ReadGroups, views.Groups, plain},
		{"GET", "/groups/views", saved.list, access.ReadGroups, views.Groups, plain},
		{"GET", "/groups/views/new", saved.new, access.ReadGroups, views.Groups, plain},
		{"POST", "/groups/views/new", saved.create, access.ReadGroups, views.Groups, plain}, // to share it takes the right to
		{"POST", "/groups/views/pin", saved.pin, access.ReadGroups, views.Groups, plain},
		{"GET", "/groups/views/{id}/edit", saved.edit, access.ReadGroups, views.Groups, plain},
		{"POST", "/groups/views/{id}/edit", saved.update, access.ReadGroups, views.Groups, plain},
		{"GET", "/groups/views/{id}/delete", saved.confirmDelete, access.ReadGroups, views.Groups, plain},
		{"POST", "/groups/views/{id}/delete", saved.delete, access.ReadGroups, views.Groups, plain},
		{"GET", "/groups/rules", rules.list, access.ReadGroups, views.Groups, plain},
		{"GET", "/groups/rules/new", rules.new, access.ArchiveGroups, views.Groups, plain},
		{"POST", "/groups/rules/new", rules.create, access.ArchiveGroups, views.Groups, plain},
		{"GET", "/groups/rules/{id}/edit", rules.edit, access.ArchiveGroups, views.Groups, plain},
		{"POST", "/groups/rules/{id}/edit", rules.update, access.ArchiveGroups, views.Groups, plain},
		{"POST", "/groups/rules/{id}/pause", rules.pause, access.ArchiveGroups, views.Groups, plain},
		{"GET", "/groups/rules/{id}/delete", rules.confirmDelete, access.ArchiveGroups, views.Groups, plain},
		{"POST", "/groups/rules/{id}/delete", rules.delete, access.ArchiveGroups, views.Groups, plain},
		{"GET", "/groups/{id}", groups.show, access.ReadGroups, views.Groups, aGroup},
		{"GET", "/groups/{id}/edit", groups.edit, access.EditGroups, views.Groups, aGroup},
		{"POST", "/groups/{id}/edit", groups.update, access.EditGroups, views.Groups, editedGroup},
		{"POST", "/groups/{id}/archive", groups.archive, access.ArchiveGroups, views.Groups, aGroup},
		{"POST", "/groups/{id}/restore", groups.restore, access.ArchiveGroups, views.Groups, aGroup},
		{"GET", "/groups/{id}/schedule", rules.scheduleForm, access.ArchiveGroups, views.Groups, aGroup},
		{"POST", "/groups/{id}/schedule", rules.updateSchedule, access.ArchiveGroups, views.Groups, aGroup},
		{"POST", "/groups/{id}/unschedule", rules.unschedule, access.ArchiveGroups, views.Groups, aGroup},
		{"POST", "/groups/{id}/exempt", rules.exempt, access.ArchiveGroups, views.Groups, aGroup},
		{"GET", "/groups/{id}/delete", groups.confirmDelete, access.DeleteGroups, views.Groups, aGroup},
		{"POST", "/groups/{id}/delete", groups.delete, access.DeleteGroups, views.Groups, aGroup},
		{"POST", "/groups/{id}/undelete", groups.undelete, access.DeleteGroups, views.Groups, aGroup},
		{"GET", "/groups/{id}/activity", groups.activity, access.ReadActivity, views.Groups, aGroup},
		{"GET", "/groups/{id}/deliveries", groups.deliveries, access.Webhooks, views.Groups, aGroup},
		{"GET", "/groups/{id}/api", groups.api, access.ReadGroups, views.Groups, aGroup},
		{"GET", "/groups/{id}/past", groups.past, access.ReadActivity, views.Groups, aGroup},
		{"GET", "/groups/{id}/past/revert", groups.confirmRevertTo, access.ReadActivity, views.Groups, aGroup}, // and the right of each field
		{"POST", "/groups/{id}/past/revert", groups.revertTo, access.ReadActivity, views.Groups, aGroup},
		{"GET", "/groups/{id}/messages", messages.list, access.ReadMessages, views.Groups, aGroup},
		{"POST", "/groups/{id}/messages", messages.post, access.PostMessages, views.Groups, aGroup},
		{"GET", "/messages/{id}/delete", messages.confirmDelete, access.DeleteMessages, views.Groups, plain},
		{"POST", "/messages/{id}/delete", messages.delete, access.DeleteMessages, views.Groups, plain},
		{"GET", "/groups/{id}/members", members.list, access.ReadGroups, views.Groups, aGroup},
		{"POST", "/groups/{id}/members", members.add, access.EditMembers, views.Groups, editedGroup},
		{"GET", "/groups/{id}/members/export", members.exportForm, access.Export, views.Groups, aGroup},
		{"POST", "/groups/{id}/members/export", members.export, access.Export, views.Groups, exportedGroup},
		{"POST", "/groups/{id}/export", groups.exportAll, access.Export, views.Groups, exportedGroup},
		{"POST", "/groups/{id}/members/remove", members.remove, access.EditMembers, views.Groups, aGroup},
		{"GET", "/groups/{id}/members/bulk", bulkMembers.preview, access.EditMembers, views.Groups, aGroup},
		{"POST", "/groups/{id}/members/bulk", bulkMembers.submit, access.EditMembers, views.Groups, aGroup},

		{"GET", "/contacts", contacts.list, access.ReadContacts, views.Contacts, plain},
		{"GET", "/contacts/pick", groups.pick, access.ReadContacts, views.Contacts, plain},
		{"POST", "/contacts/pick/missing", groups.missing, access.ReadContacts, views.Contacts, plain},
		{"GET", "/contacts/new", contacts.new, access.EditContacts, views.Contacts, plain},
		{"POST", "/contacts/new", contacts.create, access.EditContacts, views.Contacts, also{draft: draft{name: views.ContactDraft}}},
		{"GET", "/contacts/export", contacts.exportForm, access.Export, views.Contacts, plain},
		{"POST", "/contacts/export", contacts.export, access.Export, views.Contacts, exported},
		{"GET", "/contacts/bulk", bulkContacts.preview, access.ReadContacts, views.Contacts, plain}, // and the right of the action
		{"POST", "/contacts/bulk", bulkContacts.submit, access.ReadContacts, views.Contacts, plain},
		{"GET", "/contacts/bulk/delete", bulkContacts.previewDelete, access.DeleteContacts, views.Contacts, also{stepUp: deletingContacts}},
		{"POST", "/contacts/bulk/delete", bulkContacts.submitDelete, access.DeleteContacts, views.Contacts, also{stepUp: deletingContacts}},
		{"GET", "/contacts/merge", contacts.mergeForm, access.DeleteContacts, views.Contacts, plain},
		{"POST", "/contacts/merge", contacts.merge, access.DeleteContacts, views.Contacts, plain}, // and the right to edit contacts
		{"GET", "/contacts/import", contactImports.new, access.EditContacts, views.Contacts, plain},
		{"POST", "/contacts/import", contactImports.create, access.EditContacts, views.Contacts, imported},
		{"GET", "/contacts/import/example", contactImports.example, access.EditContacts, views.Contacts, plain},
		{"POST", "/contacts/{id}/export", contacts.exportAll, access.Export, views.Contacts, exported},
		{"GET", "/contacts/{id}", contacts.show, access.ReadContacts, views.Contacts, aContact},
		{"GET", "/contacts/{id}/api", contacts.api, access.ReadContacts, views.Contacts, aContact},
		{"GET", "/contacts/{id}/edit", contacts.edit, access.EditContacts, views.Contacts, aContact},
		{"POST", "/contacts/{id}/edit", contacts.update, access.EditContacts, views.Contacts, also{missing: contacts.tombstone, draft: draft{object: contacts.exists}}},
		{"GET", "/contacts/{id}/delete", contacts.confirmDelete, access.DeleteContacts, views.Contacts, aContact},
		{"POST", "/contacts/{id}/delete", contacts.delete, access.DeleteContacts, views.Contacts, aContact},
		{"GET", "/contacts/{id}/erase", contacts.confirmErase, access.DeleteContacts, views.Contacts, erasedContact},
		{"POST", "/contacts/{id}/erase", contacts.erase, access.DeleteContacts, views.Contacts, erasedContact},

		{"GET", "/live", c.live.feed, access.SignedInOnly, "", also{feed: true, limits: liveLimits}},
		{"GET", "/jobs", jobs.list, access.ReadGroups, views.Jobs, plain},
		{"GET", "/jobs/{id}", jobs.show, access.ReadGroups, views.Jobs, plain},
		{"GET", "/jobs/{id}/results", jobs.results, access.ReadGroups, views.Jobs, also{limits: limits{timeout: time.Hour}}},
		{"POST", "/jobs/{id}/file", jobs.file, access.Export, views.Jobs, also{limits: limits{timeout: time.Hour}}},
		// What these need is the right of the job.
		{"GET", "/jobs/{id}/import", jobs.editImport, access.ReadGroups, views.Jobs, plain},
		{"POST", "/jobs/{id}/import", jobs.checkImport, access.ReadGroups, views.Jobs, plain},
		{"POST", "/jobs/{id}/start", jobs.startImport, access.ReadGroups, views.Jobs, plain},
		{"POST", "/jobs/{id}/cancel", jobs.cancel, access.ReadGroups, views.Jobs, plain},
		{"POST", "/jobs/{id}/retry", jobs.retry, access.ReadGroups, views.Jobs, plain},
		{"POST", "/jobs/{id}/undo", jobs.undo, access.ReadGroups, views.Jobs, plain},

		{"GET", "/activity", activity.list, access.ReadActivity, views.Activity, plain},
		{"POST", "/activity/export", activity.export, access.Export, views.Activity, also{limits: limits{timeout: time.Hour}}},
		// A log that takes longer than that, of many millions of lines, is for the command line.
		{"GET", "/activity/verify", activity.verify, access.ReadActivity, views.Activity, also{limits: limits{timeout: 2 * time.Minute}}},
		{"GET", "/activity/retention", retention.edit, access.ManageRetention, views.Settings, also{stepUp: changingRetention}},
		{"POST", "/activity/retention", retention.update, access.ManageRetention, views.Settings, also{stepUp: changingRetention}},
		{"POST", "/activity/hold", retention.hold, access.ManageRetention, views.Settings, also{stepUp: changingRetention}},
		{"GET", "/activity/{id}", activity.show, access.ReadActivity, views.Activity, anEntry},
		{"GET", "/activity/{id}/revert", activity.confirmRevert, access.ReadActivity, views.Activity, anEntry},
		{"POST", "/activity/{id}/revert", activity.revert, access.ReadActivity, views.Activity, anEntry},

		{"GET", "/avatars/groups/{id}", pictures.group, access.ReadGroups, "", plain},
		{"GET", "/avatars/contacts/{id}", pictures.contact, access.ReadContacts, "", plain},
		{"GET", "/settings/general", settings.edit, access.ManageSettings, views.Settings, plain},
		{"POST", "/settings/general", settings.update, access.ManageSettings, views.Settings, plain},
		{"GET", "/settings/about", settings.about, access.ManageSettings, views.Settings, plain},

		{"GET", "/settings/tokens", tokens.list, access.CreateTokens, views.Settings, plain},
		{"GET", "/settings/tokens/new", tokens.new, access.CreateTokens, views.Settings, also{stepUp: creatingToken}},
		{"POST", "/settings/tokens/new", tokens.create, access.CreateTokens, views.Settings, also{stepUp: creatingToken}},
		{"GET", "/settings/tokens/{id}", tokens.show, access.CreateTokens, views.Settings, plain},
		{"GET", "/settings/tokens/{id}/rotate", tokens.confirmRotate, access.CreateTokens, views.Settings, also{stepUp: rotatingToken}},
		{"POST", "/settings/tokens/{id}/rotate", tokens.rotate, access.CreateTokens, views.Settings, also{stepUp: rotatingToken}},
		{"GET", "/settings/tokens/{id}/end-old-secret", tokens.confirmEndOldSecret, access.CreateTokens, views.Settings, plain},
		{"POST", "/settings/tokens/{id}/end-old-secret", tokens.endOldSecret, access.CreateTokens, views.Settings, plain},
		{"GET", "/settings/tokens/{id}/revoke", tokens.confirmRevoke, access.CreateTokens, views.Settings, plain},
		{"POST", "/settings/tokens/{id}/revoke", tokens.revoke, access.CreateTokens, views.Settings, plain},

		{"GET", "/users", users.list, access.ReadUsers, views.Settings, plain},
		{"GET", "/users/invite", invitations.new, access.ManageUsers, views.Settings, also{stepUp: inviting}},
		{"POST", "/users/invite", invitations.create, access.ManageUsers, views.Settings, also{stepUp: inviting}},
		{"POST", "/users/invitations/{id}/renew", invitations.renew, access.ManageUsers, views.Settings, also{stepUp: "create a new invite link"}},
		{"GET", "/users/invitations/{id}/revoke", invitations.confirmRevoke, access.ManageUsers, views.Settings, also{stepUp: revokingInvitation}},
		{"POST", "/users/invitations/{id}/revoke", invitations.revoke, access.ManageUsers, views.Settings, also{stepUp: revokingInvitation}},
		{"GET", "/users/policy", policy.edit, access.ManagePolicy, views.Settings, also{stepUp: changingPolicy}},
		{"POST", "/users/policy", policy.update, access.ManagePolicy, views.Settings, also{stepUp: changingPolicy}},
		{"GET", "/users/{id}", users.show, access.ReadUsers, views.Settings, plain},
		{"GET", "/users/{id}/role", users.editRole, access.ManageRoles, views.Settings, also{stepUp: changingRole}},
		{"POST", "/users/{id}/role", users.updateRole, access.ManageRoles, views.Settings, also{stepUp: changingRole}},
		{"GET", "/users/{id}/disable", users.confirmDisable, access.ManageUsers, views.Settings, also{stepUp: disabling}},
		{"POST", "/users/{id}/disable", users.disable, access.ManageUsers, views.Settings, also{stepUp: disabling}},
		{"POST", "/users/{id}/enable", users.enable, access.ManageUsers, views.Settings, also{stepUp: "enable a user"}},
		{"GET", "/users/{id}/second-factor", users.confirmResetFactor, access.ManageUsers, views.Settings, also{stepUp: resettingFactor}},
		{"POST", "/users/{id}/second-factor", users.resetFactor, access.ManageUsers, views.Settings, also{stepUp: resettingFactor}},
		{"GET", "/users/{id}/identity", users.confirmUnlink, access.ManageUsers, views.Settings, also{stepUp: unlinkingUser}},
		{"POST", "/users/{id}/identity", users.unlink, access.ManageUsers, views.Settings, also{stepUp: unlinkingUser}},
		{"GET", "/users/{id}/sessions", users.confirmEndSessions, access.ManageUsers, views.Settings, also{stepUp: signingOut}},
		{"POST", "/users/{id}/sessions", users.endSessions, access.ManageUsers, views.Settings, also{stepUp: signingOut}},

		{"GET", "/settings/webhooks", hooks.list, access.Webhooks, views.Settings, plain},
		{"GET", "/settings/webhooks/new", hooks.newForm, access.Webhooks, views.Settings, also{stepUp: creatingWebhook}},
		{"POST", "/settings/webhooks/new", hooks.create, access.Webhooks, views.Settings, also{stepUp: creatingWebhook}},
		{"GET", "/settings/deliveries", hooks.deliveries, access.Webhooks, views.Settings, plain},
		{"GET", "/settings/deliveries/{id}", hooks.delivery, access.Webhooks, views.Settings, plain},
		{"POST", "/settings/deliveries/{id}/resend", hooks.resend, access.Webhooks, views.Settings, plain},
		{"GET", "/settings/webhooks/{id}", hooks.show, access.Webhooks, views.Settings, plain},
		{"GET", "/settings/webhooks/{id}/edit", hooks.edit, access.Webhooks, views.Settings, also{stepUp: changingWebhook}},
		{"POST", "/settings/webhooks/{id}/edit", hooks.update, access.Webhooks, views.Settings, also{stepUp: changingWebhook}},
		{"POST", "/settings/webhooks/{id}/state", hooks.setState, access.Webhooks, views.Settings, plain},
		{"POST", "/settings/webhooks/{id}/secret", hooks.reveal, access.Webhooks, views.Settings, also{stepUp: "reveal a webhook's secret"}},
		{"GET", "/settings/webhooks/{id}/rotate", hooks.confirmRotate, access.Webhooks, views.Settings, also{stepUp: rotatingWebhook}},
		{"POST", "/settings/webhooks/{id}/rotate", hooks.rotate, access.Webhooks, views.Settings, also{stepUp: rotatingWebhook}},
		{"GET", "/settings/webhooks/{id}/delete", hooks.confirmDelete, access.Webhooks, views.Settings, plain},
		{"POST", "/settings/webhooks/{id}/delete", hooks.delete, access.Webhooks, views.Settings, plain},
		{"POST", "/settings/webhooks/{id}/test", hooks.test, access.Webhooks, views.Settings, plain},
		{"GET", "/settings/webhooks/{id}/resend", hooks.resendForm, access.Webhooks, views.Settings, plain},
		{"POST", "/settings/webhooks/{id}/resend", hooks.resendFailed, access.Webhooks, views.Settings, plain},
		{"GET", "/settings/webhooks/{id}/check", hooks.checkForm, access.Webhooks, views.Settings, plain},
		{"POST", "/settings/webhooks/{id}/check", hooks.check, access.Webhooks, views.Settings, plain},
	}
}

// The purposes of a step-up that a page and its form share.
const (
	settingUpApp       = "set up an authenticator app"
	turningOffApp      = "turn off your authenticator app"
	replacingCodes     = "generate new recovery codes"
	addingPasskey      = "add a passkey"
	deletingGroups     = "delete many groups"
	deletingContacts   = "delete many contacts"
	removingPasskey    = "remove a passkey"
	unlinking          = "unlink an account you sign in with"
	changingRetention  = "change activity retention"
	creatingToken      = "create an API token"
	rotatingToken      = "rotate an API token"
	creatingWebhook    = "create a webhook"
	changingWebhook    = "change a webhook"
	rotatingWebhook    = "rotate a webhook's secret"
	inviting           = "invite a user"
	revokingInvitation = "revoke an invitation"
	changingPolicy     = "change the sign-in policy"
	changingRole       = "change a user's role"
	disabling          = "disable a user"
	resettingFactor    = "reset a user's second factor"
	unlinkingUser      = "unlink an account a user signs in with"
	signingOut         = "sign a user out everywhere"
)
