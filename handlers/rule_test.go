package handlers_test

import (
	"testing"

	"protocol.chat/console/models/access"
)

func TestARuleIsCheckedBeforeItIsOn(t *testing.T) {
	each(t, func(s *site) {
		kept := s.group("Plaza Hotel")
		s.group("Grand Hotel")
		s.group("Chess Club")
		s.post("/groups/"+kept.ID+"/exempt", "exempt", "yes").wants(303).follow(s.browser).
			has("#flashes", "Exempt from rules.").has(".head", "Exempt from rules").has(".head .menu", "End exemption from rules")

		s.get("/groups/rules/new?list=%2Fgroups%3Fq%3Dhotel").wants(200).has(`[name=search][value=hotel]`, "")
		const form = "/groups/rules/new"
		s.post(form, "name", "", "search", "hotel").wants(422).has("main", "Enter a name for the rule.")
		check := s.post(form, "name", "Hotels", "search", "hotel is:empty").wants(200)
		check.has("main", "To archive now1").has("main", "Skipped: exempt from rules1").has(".sample", "Grand Hotel").has(".primary", "Turn on rule")
		s.post(form, "name", "Hotels", "search", "hotel", "do", "edit").wants(200).has(`[name=search][value=hotel]`, "")
		list := s.post(form, "name", "Hotels", "search", "hotel is:empty", "do", "save").wants(303).leads("/groups/rules").follow(s.browser)
		list.has("#flashes", "Rule Hotels is on.").has(".things", "“hotel” · No members · every day").has(".things .pill", "On")

		pause := list.doc.Find(`form[action$="/pause"]`).AttrOr("action", "")
		s.post(pause).wants(303).follow(s.browser).has(".things .pill", "Paused")
		on := s.get("/groups/rules").doc.Find(`a[href$="do=preview"]`).AttrOr("href", "")
		s.get(on).wants(200).has(".sample", "Grand Hotel").has(".primary", "Turn on rule")
		_, colleague := s.colleague(access.Auditor)
		colleague.get("/groups/rules").wants(200).has(".things", "Hotels").lacks(".things form")
	})
}

func TestAGroupIsArchivedOnADate(t *testing.T) {
	each(t, func(s *site) {
		group := "/groups/" + s.group("Plaza Hotel").ID
		s.get(group).wants(200).has(".head .menu", "Archive on a date…")
		s.post(group+"/schedule", "date", "soon", "note", "The season ends.").wants(422).has("main", "Enter a date like 2026-01-31.").has("textarea", "The season ends.")
		s.post(group+"/schedule", "date", "2999-05-03", "note", "The season ends.").wants(303).follow(s.browser).
			has(".notes", "Will be archived on 3 May 2999 by").has(".notes", "The season ends.").lacks(`.head a[href$="/schedule"]`)
		s.get(group+"/schedule").wants(200).has(`[name=date][value="2999-05-03"]`, "")
		s.post(group+"/unschedule").wants(303).follow(s.browser).has("#flashes", "The group won't be archived automatically.").lacks(".notes")
	})
}
