package handlers_test

import (
	"crypto/rand"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

// activityScenes are the activity, errors and documentation.
var activityScenes = []scene{
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
}

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
