package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"protocol.chat/console/models/access"
)

// TestFormsTellWhoElseOpenedThem, until it is saved or some minutes have passed.
func TestFormsTellWhoElseOpenedThem(t *testing.T) {
	each(t, func(s *site) {
		now := time.Now()
		s.store.DB.Now = func() time.Time { return now }
		g, c := s.group("Plaza Hotel"), s.contact("hector")
		_, b := s.colleague(access.Editor)
		for _, path := range []string{"/groups/" + g.ID + "/edit", "/contacts/" + c.ID + "/edit"} {
			s.do(http.MethodHead, path, nil).wants(200) // which changes nothing
			b.get(path).wants(200).lacks(".notice")
			s.get(path).wants(200).has(".notice", "opened this form just now")
			s.get(path).wants(200) // opened again, and still told once
			p := b.get(path).wants(200).has(".notice", "Anna opened this form just now.")
			if n := p.doc.Find(".notice p").Length(); n != 1 {
				s.Errorf("%s tells of %d people", path, n)
			}
			s.get("/groups/" + g.ID).wants(200).lacks(".notice")
		}
		s.post("/groups/"+g.ID+"/edit", "name", "Other", "was_name", "Plaza Hotel").wants(303)
		b.get("/groups/" + g.ID + "/edit").wants(200).lacks(".notice")
		now = now.Add(16 * time.Minute)
		b.get("/contacts/" + c.ID + "/edit").wants(200).lacks(".notice")
		if err := s.store.Sweep(s.Context()); err != nil {
			s.Fatal(err)
		}
	})
}
