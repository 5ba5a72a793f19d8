package handlers_test

import (
	"protocol.chat/console/models/access"
)

// settingsScenes are webhooks and tokens.
var settingsScenes = []scene{
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
}
