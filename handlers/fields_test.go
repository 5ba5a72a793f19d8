package handlers_test

import (
	"testing"

	"protocol.chat/console/models"
)

// TestEveryFieldIsInItsForm, as it is in the table of fields: what is typed into it is
// saved and shown again, also after a refusal.
func TestEveryFieldIsInItsForm(t *testing.T) {
	each(t, func(s *site) {
		for path, inputs := range map[string][]models.Input{"/groups": models.GroupFields{}.Inputs(), "/contacts": models.ContactFields{}.Inputs()} {
			var typed, changed, refused []string
			for _, i := range inputs {
				was := fieldValue(i.Name)
				typed = append(typed, i.Name, was)
				changed = append(changed, i.Name, was+"2", "was_"+i.Name, was)
				refused = append(refused, i.Name, "x\x01")
			}
			own := s.post(path+"/new", typed...).wants(303).header.Get("Location")
			form := s.get(own + "/edit").wants(200)
			for _, i := range inputs {
				if want := fieldValue(i.Name); form.value(i.Name) != want || form.value("was_"+i.Name) != want {
					s.Errorf("%s/edit: %s is %q, was %q", path, i.Name, form.value(i.Name), form.value("was_"+i.Name))
				}
			}
			s.post(own+"/edit", changed...).leads(own)
			form = s.get(own + "/edit")
			again := s.post(path+"/new", refused...).wants(422)
			for _, i := range inputs {
				if want := fieldValue(i.Name) + "2"; form.value(i.Name) != want {
					s.Errorf("%s/edit: %s is %q, want %q", path, i.Name, form.value(i.Name), want)
				}
				again.has("#"+i.Name+"-error", "can't contain")
			}
		}
	})
}

// fieldValue is a value that the field takes.
func fieldValue(field string) string {
	if field == "avatar_url" {
		return "https://example.com/1"
	}
	return "a1"
}

// TestWhatIsCreatedIsSaidSo, also if its draft could not be forgotten.
func TestWhatIsCreatedIsSaidSo(t *testing.T) {
	each(t, func(s *site) {
		if err := s.store.DB.Writer.WithContext(s.Context()).Exec("ALTER TABLE drafts RENAME TO no_drafts").Error; err != nil {
			s.Fatal(err)
		}
		s.post("/groups/new", "name", "Plaza Hotel", "do", "create").wants(303)
		s.post("/contacts/new", "username", "hector").wants(303)
		if found := s.get("/groups").rows(); len(found) != 1 {
			s.Errorf("groups are %q", found)
		}
		asked := s.post("/groups/new", "name", "Plaza Hotel", "do", "create").wants(200).has(".notice a[href^='/groups/']", "Plaza Hotel")
		if found := s.get("/groups").rows(); len(found) != 1 {
			s.Errorf("before an answer, groups are %q", found)
		}
		s.post("/groups/new", "name", "Plaza Hotel", "namesake", asked.value("namesake"), "do", "create").follow(s.browser).has("#flashes", "Another active group has the same name.")
	})
}
