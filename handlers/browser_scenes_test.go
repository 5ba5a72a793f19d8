package handlers_test

import (
	"crypto/rand"
	"net/url"
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
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
var scenes = slices.Concat(groupScenes, settingsScenes, activityScenes, searchScenes, peopleScenes, cutScenes)

// groupScenes are the overview, groups and contacts, and jobs on many of them.
var groupScenes = []scene{
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
}
