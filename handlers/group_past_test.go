package handlers_test

import (
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
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
		if err := s.store.DeleteGroup(s.Context(), s.by, g.ID, nil); err != nil {
			s.Fatal(err)
		}
		s.get(path + "?at=" + strings.ToLower(made)).wants(404)
	})
}
