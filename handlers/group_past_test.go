package handlers_test

import (
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
)

func TestAGroupAsOfATime(t *testing.T) {
	each(t, func(s *site) {
		now := time.Now().Add(time.Hour) // the records begin with the database
		s.store.DB.Now = func() time.Time { return now }
		defer func() { s.store.DB.Now = time.Now }()
		hector := s.contact("hector")
		g := s.group("Plaza Hotel", hector)
		made := now.UTC().Format("2006-01-02T15:04:05")
		now = now.Add(time.Minute)
		if _, err := s.store.UpdateGroup(s.Context(), s.by, g.ID, models.GroupChange{Name: new("Ours"), Contacts: new([]models.ContactRef{})}); err != nil {
			s.Fatal(err)
		}
		path := "/groups/" + g.ID + "/past"
		s.get("/groups/"+g.ID+"/activity").has("#results a[href='"+path+"']", "View as of…")
		if typed := s.get(path).wants(200).lacks("#then").value("at"); typed != now.UTC().Format("2006-01-02T15:04:05") {
			s.Errorf("the form starts with %q", typed)
		}
		s.get(path+"?at="+made).wants(200).has(".notice", "not as it is now").has("dl", "Plaza Hotel").has("dl", "Changed since").has("section.card .people", "hector")
		s.get(path+"?at="+now.UTC().Format("2006-01-02T15:04:05")).wants(200).has("dl", "Ours").lacks(".people").lacks("dl .pill")
		for at, refused := range map[string]struct {
			status int
			words  string
		}{
			"yesterday":           {422, "Enter a date and a time"},
			"2999-01-01T00:00":    {422, "must not be in the future"},
			made[:4] + "-01-01":   {422, "Enter a date and a time"},
			"2001-01-01T00:00:01": {404, "didn't exist"},
		} {
			if p := s.get(path+"?at="+at).wants(refused.status).has("#at-error", refused.words); p.value("at") != at {
				s.Errorf("typed %q, and it says %q", at, p.value("at"))
			}
		}

		revert := path + "/revert?at=" + made
		s.get(path+"?at="+made).has("main a[href*='/past/revert?at=']", "Revert to this…")
		p := s.get(revert).wants(200).has("h1", "Revert Ours?").has("#name ins", "Plaza Hotel").has("#contacts", "hector").lacks("#description")
		change := func(c models.GroupChange) {
			if _, err := s.store.UpdateGroup(s.Context(), s.by, g.ID, c); err != nil {
				s.Fatal(err)
			}
		}
		change(models.GroupChange{Description: new("Rooms")})
		p = s.post(revert, "version", p.value("version")).wants(409).has("[role=alert]", "nothing was reverted").has("#description del", "Rooms")
		before := s.newest().ID
		s.post(revert, "version", p.value("version")).leads("/groups/" + g.ID)
		if wrote := s.actionsSince(before); len(wrote) != 1 || wrote[0] != audit.RevertedGroupTo {
			s.Errorf("reverting wrote %v", wrote)
		}
		if now, err := s.store.Group(s.Context(), g.ID); err != nil || now.Name != "Plaza Hotel" || now.Description != nil || now.ContactsCount != 1 {
			s.Errorf("the group is %+v: %v", now, err)
		}
		s.get("/activity/"+s.newest().ID).has("h1", "reverted Plaza Hotel to an earlier time").has("dl", "Reverted to")
		s.get(revert).wants(200).has("h1", "Nothing to revert").lacks("main button.primary")
		if err := s.store.DeleteGroup(s.Context(), s.by, g.ID, nil); err != nil {
			s.Fatal(err)
		}
		s.get(path + "?at=" + strings.ToLower(made)).wants(404)
	})
}
