package handlers_test

import (
	"crypto/rand"
	"net/url"
	"slices"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

// scene is a page in one of its states, and the way to it.
type scene struct {
	name string
	show func(t *tab, v *town)
}

// at is the scene that an address shows.
func at(path func(v *town) string) func(*tab, *town) {
	return func(t *tab, v *town) { t.visit(path(v)) }
}

func address(path string) func(*tab, *town) {
	return at(func(*town) string { return path })
}

// scenes are all pages and states that a town has.
var scenes = append([]scene{
	{"overview", address("/?range=90")},
	{"groups", address("/groups")},
	{"groups all", address("/groups?status=all&sort=name&limit=10")},
	{"groups archived", address("/groups?status=archived")},
	{"groups notes", address("/groups?sort=color&after=nowhere&nonsense=1&created_after=2020-01-01")},
	{"groups no match", func(t *tab, v *town) { t.visit("/groups?q=zzzzzz&member=" + v.contact.ID) }},
	{"groups found", func(t *tab, v *town) {
		t.visit("/groups?status=all&q=" + urlWord(v.group.Name))
	}},
	{"groups of a member", func(t *tab, v *town) { t.visit("/groups?status=all&q=member:" + v.contact.Username) }},
	{"groups by id", func(t *tab, v *town) { t.visit("/groups?q=" + v.group.ID) }},
	{"groups menu", func(t *tab, _ *town) {
		t.visit("/groups")
		t.click(".list .dots")
		t.until("the menu is open", "all(':popover-open').length === 1")
	}},
	{"groups peek", func(t *tab, v *town) {
		t.visit("/groups")
		t.click(".list .dots")
		t.click("Peek")
		t.sees(".peek", "About")
	}},
	{"groups flash", func(t *tab, v *town) {
		t.visit("/groups?status=all")
		t.click(".list .dots")
		t.click("Archive")
		t.sees("#flashes", "archived.")
		t.click("Undo")
		t.sees("#flashes", "Undone: archived ")
	}},
	{"group dialog", func(t *tab, _ *town) {
		t.visit("/groups")
		t.click(".list .dots")
		t.click("Delete…")
		t.sees("dialog", "Delete ")
	}},
	{"groups filters", func(t *tab, _ *town) {
		t.visit("/groups?status=all&q=" + url.QueryEscape("members:0 created:<1y the"))
		t.click("Filters")
		t.sees("dialog", "Apply filters")
	}},
	{"groups filters refused", address("/groups/filters?do=apply&created_from=soon&archived_from=2026-02-01&archived_to=2026-01-31")},
	{"groups all columns", func(t *tab, _ *town) {
		t.visit("/groups?status=all&limit=10&cols=description,members,created,by,updated,active,status,archived,id,conversation")
		if t.screen.width >= 768 {
			t.click("Go to date…")
		}
	}},
	{"groups views", func(t *tab, v *town) {
		v.savedView(text.Straight(v.group.Name))
		t.visit("/groups/views")
	}},
	{"archive rules", func(t *tab, v *town) {
		v.ruled()
		t.visit("/groups/rules")
	}},
	{"archive rule", func(t *tab, _ *town) {
		t.visit("/groups/rules/new?list=" + url.QueryEscape("/groups?q=no:description"))
		t.goes(".fields .primary")
		t.sees("main", "There is a problem")
	}},
	{"archive rule preview", func(t *tab, v *town) { t.visit("/groups/rules/" + v.ruled() + "/edit?do=preview") }},
	{"group scheduled", func(t *tab, v *town) {
		v.ruled()
		t.visit("/groups/" + v.busy.ID)
		t.click("Change date…")
		t.sees("dialog", "on a date")
	}},
	{"groups export", address("/groups/export?status=all&q=the")},
	{"group members export", at(func(v *town) string { return "/groups/" + v.busy.ID + "/members/export" })},
	{"contacts export", address("/contacts/export")},
	{"groups selected", func(t *tab, _ *town) {
		t.visit("/groups")
		t.click("[data-pick]")
		t.sees(".bulk", "1 selected")
	}},
	{"groups changed", func(t *tab, v *town) {
		t.visit("/groups?limit=50") // on which every group is
		v.describeAgain(v.empty)
		t.sees("#live", "changed")
	}},
	{"group form changed", func(t *tab, v *town) {
		t.visit("/groups/" + v.empty.ID + "/edit")
		v.describeAgain(v.empty)
		t.sees("#live", "Somebody saved changes")
	}},
	{"group form of others", func(t *tab, v *town) {
		if err := v.store.Identity.OpenForms.Open(t.Context(), v.somebody(access.Editor).Actor(), v.group.ID); err != nil {
			t.Fatal(err)
		}
		t.visit("/groups/" + v.group.ID + "/edit")
		t.sees(".notice", "opened this form")
	}},
	{"groups all selected", func(t *tab, _ *town) {
		t.visit("/groups?limit=10&select=all")
		t.sees(".bulk", "selected")
	}},
	{"groups bulk archive", address("/groups/bulk?action=archive&select=all&status=all")},
	{"groups bulk edit", address("/groups/bulk?action=update&select=all")},
	{"groups bulk members", address("/groups/bulk?action=add_contacts&select=all")},
	{"groups bulk delete", func(t *tab, _ *town) {
		t.visit("/groups/bulk/delete?select=all")
		t.goes(".fields .danger")
		t.sees("main", "There is a problem")
	}},
	{"groups selected more", func(t *tab, _ *town) {
		t.visit("/groups")
		t.click("[data-pick]")
		eval[bool](t, "document.querySelector('.bulk .more').open = true") // which shows on a phone
		t.sees(".bulk", "Delete…")
	}},
	{"contacts selected", func(t *tab, _ *town) {
		t.visit("/contacts")
		t.click("[data-pick]")
		t.sees(".bulk", "1 selected")
	}},
	{"contacts bulk add", func(t *tab, v *town) {
		t.visit("/contacts/bulk?action=add_to_groups&select=all&q=" + v.contact.Username)
		t.goes(".fields .primary")
		t.sees("main", "Choose at least one group.")
	}},
	{"contacts bulk remove", address("/contacts/bulk?action=remove_from_groups&select=all")},
	{"contacts bulk delete", address("/contacts/bulk/delete?select=all")},
	{"members bulk", at(func(v *town) string {
		return "/groups/" + v.group.ID + "/members/bulk?action=remove_from_groups&select=all"
	})},
	{"groups bulk nothing", address("/groups/bulk?action=restore&select=all")},
	{"jobs", func(t *tab, v *town) {
		v.queued(models.Bulk{Action: models.BulkArchive, IDs: []string{v.archived.ID, "0000000000000000"}})
		v.finished(models.Bulk{Action: models.BulkArchive, IDs: []string{v.archived.ID, "0000000000000000"}})
		t.visit("/jobs")
	}},
	{"jobs unfinished", address("/jobs?show=unfinished")},
	{"job", at(func(v *town) string {
		return "/jobs/" + v.queued(models.Bulk{Action: models.BulkRestore, IDs: []string{v.group.ID}})
	})},
	{"job finished", at(func(v *town) string {
		return "/jobs/" + v.finished(models.Bulk{Action: models.BulkArchive, IDs: []string{v.archived.ID, "0000000000000000"}})
	})},
	{"job undoable", at(func(v *town) string {
		return "/jobs/" + v.finished(models.Bulk{Action: models.BulkUpdate, IDs: []string{v.archived.ID}, Append: rand.Text()})
	})},
	{"group new", address("/groups/new")},
	{"group new refused", func(t *tab, _ *town) {
		t.visit("/groups/new")
		t.write("#avatar_url", "ftp://nowhere")
		t.goes("Create group")
		t.sees("main", "There is a problem")
	}},
	{"group new draft", func(t *tab, v *town) {
		fields := map[string][]string{
			"name": {v.group.Name}, "contacts": {v.contact.ID}, "find": {v.contact.Username[:1]},
			"paste": {v.contact.Username + "\nnobody"}, "new_username": {"nobody"},
		}
		if err := v.store.Identity.Drafts.SaveDraft(v.Context(), v.by, "new-group", fields); err != nil {
			v.Fatal(err)
		}
		t.visit("/groups/new")
		t.sees("main", "Restored from a draft saved")
		_ = v.store.Identity.Drafts.DropDraft(v.Context(), v.by, "new-group")
	}},
	{"group picker", func(t *tab, _ *town) {
		t.visit("/groups/new")
		t.write("#find", "1800")
		t.until("people are offered", "all('[role=\"option\"]').length > 0")
		t.press("Down")
	}},
	{"group", at(func(v *town) string { return "/groups/" + v.group.ID })},
	{"group archived", at(func(v *town) string { return "/groups/" + v.archived.ID })},
	{"group messages", at(func(v *town) string {
		if err := v.store.Messages.Delete(v.Context(), v.by, v.message(), "Off topic"); err != nil {
			v.Fatal(err)
		}
		return "/groups/" + v.busy.ID + "/messages"
	})},
	{"group messages none", at(func(v *town) string { return "/groups/" + v.empty.ID + "/messages" })},
	{"group messages no match", at(func(v *town) string { return "/groups/" + v.busy.ID + "/messages?q=zzzz" })},
	{"message delete", at(func(v *town) string { return "/messages/" + v.message() + "/delete" })},
	{"group members", at(func(v *town) string { return "/groups/" + v.group.ID + "/members" })},
	{"group members none", at(func(v *town) string { return "/groups/" + v.empty.ID + "/members" })},
	{"group members no match", at(func(v *town) string { return "/groups/" + v.group.ID + "/members?q=zzzz" })},
	{"group members refused", func(t *tab, v *town) {
		t.visit("/groups/" + v.group.ID + "/members")
		t.goes("Add to group")
		t.sees("main", "Choose at least one contact to add.")
	}},
	{"group edit", at(func(v *town) string { return "/groups/" + v.archived.ID + "/edit" })},
	{"group edit refused", func(t *tab, v *town) {
		t.visit("/groups/" + v.group.ID + "/edit")
		t.write("#name", "")
		t.goes("Save changes")
		t.sees("main", "There is a problem")
	}},
	{"group conflict", func(t *tab, v *town) {
		t.visit("/groups/" + v.busy.ID + "/edit")
		t.write("#name", text.Straight(v.group.Name))
		t.write("#description", "Mine "+rand.Text())
		name, theirs := text.Straight(v.busy.Name)+" ("+rand.Text()+")", "Theirs "+rand.Text()
		if _, err := v.store.UpdateGroup(v.Context(), v.by, v.busy.ID, models.GroupChange{Name: &name, Description: &theirs}); err != nil {
			v.Fatal(err)
		}
		t.goes("Save changes")
		t.sees("main", "saved changes while you were editing")
	}},
	{"group delete", at(func(v *town) string { return "/groups/" + v.group.ID + "/delete" })},
	{"group delete refused", func(t *tab, v *town) {
		t.visit("/groups/" + v.busy.ID + "/delete")
		t.goes("Delete group")
		t.sees("main", "There is a problem")
	}},
	{"contacts", address("/contacts")},
	{"contacts found", func(t *tab, v *town) { t.visit("/contacts?q=" + v.contact.Username) }},
	{"contacts no match", address("/contacts?q=zzzzzz")},
	{"contacts menu", func(t *tab, _ *town) {
		t.visit("/contacts")
		t.click(".list .dots")
	}},
	{"contact new", address("/contacts/new")},
	{"contact new refused", func(t *tab, _ *town) {
		t.visit("/contacts/new")
		t.write("#username", "not a username")
		t.goes("Create contact")
		t.sees("main", "There is a problem")
	}},
	{"contact", at(func(v *town) string { return "/contacts/" + v.contact.ID })},
	{"contact edit", at(func(v *town) string { return "/contacts/" + v.contact.ID + "/edit" })},
	{"contact merge", at(func(v *town) string { return "/contacts/merge?ids=" + v.contact.ID + "&ids=" + v.busy.Contacts[0].ID })},
	{"contact merge search", at(func(v *town) string { return "/contacts/merge?ids=" + v.contact.ID + "&q=a" })},
	{"contact delete", at(func(v *town) string { return "/contacts/" + v.contact.ID + "/delete" })},
	{"contact erase", at(func(v *town) string { return "/contacts/" + v.contact.ID + "/erase" })},
	{"webhooks", func(t *tab, v *town) {
		v.hooked()
		t.visit("/settings/webhooks")
	}},
	{"webhook new refused", func(t *tab, _ *town) {
		t.visit("/settings/webhooks/new")
		t.goes("Create webhook")
		t.sees("main", "There is a problem")
	}},
	{"webhook", at(func(v *town) string {
		d := v.hooked()
		return "/settings/webhooks/" + d.WebhookID
	})},
	{"webhook resend", at(func(v *town) string { return "/settings/webhooks/" + v.hooked().WebhookID + "/resend" })},
	{"delivery", at(func(v *town) string { return "/settings/deliveries/" + v.hooked().ID })},
	{"group deliveries", at(func(v *town) string { return "/groups/" + v.busy.ID + "/deliveries" })},
	{"deliveries none", address("/settings/deliveries?about=0000000000000000")},
	{"signature checked", func(t *tab, v *town) {
		t.visit("/settings/webhooks/" + v.hooked().WebhookID + "/check")
		t.write("#body", "{}")
		t.goes("Check")
		t.sees("main", "Something is wrong")
	}},
	{"settings", address("/settings/general")},
	{"tokens", address("/settings/tokens")},
	{"tokens menu", func(t *tab, _ *town) {
		t.visit("/settings/tokens")
		t.click(".grid summary")
		t.until("the menu is open", "all('.grid details.menu[open] ul').length === 1")
	}},
	{"token new", address("/settings/tokens/new")},
	{"token new refused", func(t *tab, _ *town) {
		t.visit("/settings/tokens/new")
		t.goes("Create token")
		t.sees("main", "There is a problem")
	}},
	{"token made", func(t *tab, v *town) {
		t.visit("/settings/tokens/new")
		t.write("#name", "Import")
		t.goes("Create token")
		t.sees("main", "You won't be able to see it again")
	}},
	{"token new chosen", func(t *tab, _ *town) {
		t.visit("/settings/tokens/new")
		t.click(`[name="scope"][value="write"]`)
		t.click(`[name="scope"][value="choose"]`)
		t.click(`[value="groups.delete"]`)
		t.until("the boxes are as the preset had them, but for one", "find('[value=\"choose\"]').checked && !find('[value=\"groups.delete\"]').checked && find('[value=\"messages.post\"]').checked")
		t.write("#networks", "203.0.113.7\nnowhere")
		t.goes("Create token")
		t.sees("main", "neither an address")
	}},
	{"token", func(t *tab, v *town) {
		v.use(v.token)
		t.visit("/settings/tokens/" + v.token.ID)
		t.click("Show as table")
		t.sees(".as-table", "Failed")
	}},
	{"token used just now", func(t *tab, v *town) {
		token, secret := v.tokenOf(v.by, "Backup")
		v.withToken(secret).get("/v1/groups").wants(200)
		t.visit("/settings/tokens/" + token.ID)
		t.sees("main", "Requests appear here within a few seconds.")
	}},
	{"token unused", at(func(v *town) string { return "/settings/tokens/" + v.newToken("Quiet", 0).ID })},
	{"token rotate", at(func(v *town) string { return "/settings/tokens/" + v.token.ID + "/rotate" })},
	{"token rotated", func(t *tab, v *town) {
		t.visit("/settings/tokens/" + v.newToken("Import", 0).ID + "/rotate")
		t.goes("Rotate token")
		t.sees("main", "The old secret works until")
	}},
	{"token old secret", at(func(v *town) string { return "/settings/tokens/" + v.rotated().ID })},
	{"token end old secret", func(t *tab, v *town) {
		t.visit("/settings/tokens/" + v.rotated().ID)
		t.click("Revoke old secret…")
		t.sees("dialog", "Revoke the old secret of")
	}},
	{"tokens own none", func(t *tab, v *town) {
		_, b := v.colleague(access.Admin)
		t.signIn(b)
		t.visit("/settings/tokens?whose=own")
		t.sees("main", "You have no tokens yet")
		t.inspect("tokens own none")
		t.visit("/settings/tokens/" + v.token.ID + "/rotate")
		t.sees("main", "Only Anna can rotate this token")
		t.signIn(v.browser)
	}},
	{"token of a moderator", func(t *tab, v *town) {
		_, b := v.colleague(access.Moderator)
		t.signIn(b)
		t.visit("/settings/tokens/new")
		t.click(`[name="scope"][value="choose"]`)
		t.sees("main", "Not available")
		t.inspect("token new of a moderator")
		t.signIn(v.browser)
	}},
	{"tokens of somebody", at(func(v *town) string { return "/settings/tokens?user=" + v.by.UserID })},
	{"tokens of nobody", address("/settings/tokens?user=nobody")},
	{"token revoke", at(func(v *town) string { return "/settings/tokens/" + v.token.ID + "/revoke" })},
	{"activity", func(t *tab, v *town) {
		v.changes()
		t.visit("/activity")
	}},
	{"activity filtered", func(t *tab, v *town) {
		t.visit("/activity?action=group&object=" + v.busy.ID + "&who=" + v.by.ID + "&from=2020-01-01")
	}},
	{"activity none", address("/activity?from=2001-01-01&to=2001-02-01")},
	{"activity notes", address("/activity?who=nobody&q=a+b&from=soon")},
	{"activity of no id", address("/activity?q=nonsense")},
	{"activity rewritten", func(t *tab, v *town) {
		g := v.site.group("Trail Running, Boston North")
		t.visit("/activity/" + v.update(g.ID, models.GroupChange{Name: new("Science Fiction in Auckland")}).ID)
	}},
	{"group activity", at(func(v *town) string { return "/groups/" + v.busy.ID + "/activity" })},
	{"group API", at(func(v *town) string { return "/groups/" + v.busy.ID + "/api?lang=go" })},
	{"contact API", at(func(v *town) string { return "/contacts/" + v.busy.Contacts[0].ID + "/api" })},
	{"group past", at(func(v *town) string {
		return "/groups/" + v.busy.ID + "/past?at=" + time.Now().UTC().Format("2006-01-02T15:04:05")
	})},
	{"group past revert", at(func(v *town) string {
		v.changes()
		return "/groups/" + v.busy.ID + "/past/revert?at=" + time.Unix(v.busy.CreatedAt, 0).UTC().Add(time.Hour).Format("2006-01-02T15:04:05")
	})},
	{"group past refused", at(func(v *town) string { return "/groups/" + v.busy.ID + "/past?at=2001-01-01T00:00" })},
	{"activity change", at(func(v *town) string { return "/activity/" + v.changes() })},
	{"activity revert", at(func(v *town) string { return "/activity/" + v.changes() + "/revert" })},
	{"activity revert nothing", func(t *tab, v *town) {
		line := v.changes()
		v.changes()
		t.visit("/activity/" + line + "/revert")
	}},
	{"activity revert refused", func(t *tab, v *town) {
		t.visit("/activity/" + v.changes() + "/revert")
		v.changes()
		t.goes("Revert change")
		t.sees("main", "nothing was reverted")
	}},
	{"activity members", func(t *tab, v *town) {
		page, err := v.store.Audit.Activity(v.Context(), audit.ActivityQuery{Object: v.group.ID, Action: string(audit.CreatedGroup)})
		if err != nil {
			v.Fatal(err)
		}
		t.visit("/activity/" + page.Lines[0].ID)
		t.sees("main", "Added")
	}},
	{"activity retention", address("/activity/retention")},
	{"activity retention refused", func(t *tab, _ *town) {
		t.visit("/activity/retention")
		t.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('[name="kept"]:checked').checked = false`))
		t.goes("Save")
		t.sees("main", "There is a problem")
	}},
	{"activity retention asked", func(t *tab, _ *town) {
		t.visit("/activity/retention")
		t.click(`[name="kept"][value="P90D"]`)
		t.goes("Save")
		t.sees("h1", "Delete ")
	}},
	{"activity verified", address("/activity/verify")},
	{"activity not verified", address("/activity/verify?expect=900000:AAAAAAAAAAAAAAAA")},
	{"activity verify refused", address("/activity/verify?expect=x")},
	{"not found", address("/groups/0000000000000000")},
	{"deleted", func(t *tab, v *town) {
		g := v.describedGroup(v.group.Name, "", nil)
		if _, err := v.store.Holds.Delete(v.Context(), v.by, g.ID); err != nil {
			v.Fatal(err)
		}
		t.visit("/groups/" + g.ID)
		t.sees("main", "was deleted by")
		t.sees("main", "Undo deletion")
	}},
	{"foreign form", func(t *tab, v *town) {
		t.do(chromedp.Navigate(`data:text/html,<form method="post" action="` + v.url + `/groups/new"><button>Win</button></form>`))
		t.goes("Win")
		t.sees("h1", "This form came from another site")
	}},
	{"broken", func(t *tab, v *town) {
		modelstest.Exec(t.T, v.store, "ALTER TABLE drafts RENAME TO drafts_away")
		t.visit("/groups/new")
		modelstest.Exec(t.T, v.store, "ALTER TABLE drafts_away RENAME TO drafts")
		t.sees("h1", "Something went wrong")
	}},
	{"own activity", func(t *tab, v *town) {
		by := v.by
		open, err := v.store.Identity.Sessions.List(v.Context(), by)
		if err != nil {
			v.Fatal(err)
		}
		by.Session = open[0].ID
		if _, err := v.store.UpdateGroup(v.Context(), by, v.archived.ID, models.GroupChange{Description: new(rand.Text())}); err != nil {
			v.Fatal(err)
		}
		t.visit("/profile/activity")
		t.sees("main", "What you can undo")
	}},
	{"shortcuts", address("/profile/shortcuts")},
	{"shortcuts sheet", func(t *tab, _ *town) {
		t.visit("/groups")
		t.types("?")
		t.sees("dialog", "Keyboard shortcuts")
	}},
	{"profile preferences refused", func(t *tab, _ *town) {
		t.visit("/profile")
		eval[bool](t, "(find('[name=page_size]').value = '7', find('[name=page_size]').checked = true)")
		t.goes("Save")
		t.sees("#page_size", "A page can have 10, 25, 50 or 100 rows.")
	}},
	{"error docs", address("/docs/errors/parameter_invalid")},
	{"docs", address("/docs")},
	{"docs page", address("/docs/search")},
	{"docs listings", address("/docs/proxy")},
	{"docs guide", address("/docs/bulk")},
	{"docs found", address("/docs?q=retry")},
	{"docs clients", address("/docs/clients")},
	{"docs errors", address("/docs/errors")},
	{"docs api", address("/docs/api")},
	{"docs calls", address("/docs/calls?page=%2Fgroups%3Fq%3Dhotel%2Bby%253Aanna")},
	{"docs reference", func(t *tab, _ *town) {
		t.visit("/docs/api/messages?lang=python")
		eval[bool](t, "all('main details').forEach((d) => { d.open = true; }) === undefined")
	}},
	{"signed out", func(t *tab, _ *town) {
		t.visit("/groups/new")
		t.write("#name", "Typed")
		call(t, network.ClearBrowserCookies, struct{}{})
		t.goes("Create group")
		t.sees("main", "What you entered is kept")
		t.signIn(t.browser)
	}},
}, slices.Concat(searchScenes, peopleScenes, cutScenes)...)

// cutScenes are of activity whose first lines were deleted by the rule. They come last, and
// each makes sure of that.
var cutScenes = []scene{
	{"activity kept", func(t *tab, v *town) { v.cut(); t.visit("/activity") }},
	{"activity verified from", func(t *tab, v *town) { v.cut(); t.visit("/activity/verify?expect=1:AAAAAAAAAAAAAAAA") }},
	{"activity gone", func(t *tab, v *town) { v.cut(); t.visit("/activity/" + text.FirstID(time.Now().AddDate(-1, 0, 0))) }},
	{"activity deletion", func(t *tab, v *town) {
		v.cut()
		page, err := v.store.Audit.Activity(v.Context(), audit.ActivityQuery{Action: string(audit.DeletedActivity)})
		if err != nil || len(page.Lines) == 0 {
			v.Fatal(page, err)
		}
		t.visit("/activity/" + page.Lines[0].ID)
	}},
}
