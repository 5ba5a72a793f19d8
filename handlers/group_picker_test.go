package handlers_test

import (
	"strconv"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

// TestAPastedListSelectsMembers pastes a list in each of the forms that have a picker, as a browser
// without scripts does.
func TestAPastedListSelectsMembers(t *testing.T) {
	each(t, func(s *site) {
		hector, cedric, member := s.contact("hector"), s.contact("cedric"), s.contact("member")
		username, phone := "twin", "+49 12345"
		twin, err := s.store.CreateContact(s.Context(), s.by, models.ContactChange{Username: &username, PhoneNumber: &phone}, nil)
		if err != nil {
			s.Fatal(err)
		}
		s.contact("4912345")
		g := s.group("Plaza Hotel", member)
		list := "HECTOR\r\n@cedric; nobody\r\nmember, " + hector.ID + "\r\n4912345"
		for _, path := range []string{"/groups/new", "/groups/" + g.ID + "/members", "/groups/bulk"} {
			fields := []string{"name", "Half a name", "paste", list, "action", "add_contacts", "ids", g.ID}
			p := s.post(path, append(fields, "do", "paste")...)
			if path != "/groups/bulk" {
				p = p.leads(path + "#pasted-title").follow(s.browser)
			}
			p.has(".pasted", "nobody").has(".pasted tr:has(.warn)", "Not found").has("[data-tally]", map[bool]string{true: "2 contacts selected", false: "3 contacts selected"}[strings.HasSuffix(path, "/members")])
			if n := p.doc.Find(`.pasted input[name="contacts"][checked]`).Length(); n < 2 || p.doc.Find(`.pasted input[type="radio"]`).Length() != 3 {
				s.Errorf("%s: %d contacts are found", path, n)
			}
			// Submitting a list that has changed looks it up first.
			again := s.post(path, append(fields, "pasted", "hector", "do", "apply")...)
			if path != "/groups/bulk" {
				again = again.leads(path + "#pasted-title").follow(s.browser)
			}
			again.has(".pasted", "Not found")
		}
		p := s.post("/groups/"+g.ID+"/members", "paste", list, "do", "paste").follow(s.browser).has(".pasted", "Already a member")
		s.post("/groups/"+g.ID+"/members", "paste", list, "pasted", p.value("pasted"), "contacts", hector.ID, "contacts", cedric.ID, "choice.5", twin.ID, "do", "add").wants(303)
		s.get("/groups/"+g.ID+"/members").has("#flashes", "3 contacts added to Plaza Hotel.").lacks(".pasted")
		s.post("/contacts/pick/missing", "paste", list).wants(200)
		if file := s.post("/contacts/pick/missing", "paste", list).body; file != "\ufeffcontact\r\nnobody\r\n" {
			s.Errorf("the file is %q", file)
		}
		many := make([]string, models.MaxMatched+1)
		for i := range many {
			many[i] = strconv.Itoa(i)
		}
		s.post("/groups/new", "paste", strings.Join(many, ","), "do", "paste").follow(s.browser).has("#paste-error", "At most 500 contacts can be looked up at once; these are 501.")
	})
}

func TestAContactIsCreatedInThePicker(t *testing.T) {
	each(t, func(s *site) {
		s.get("/contacts/pick?q=hector+plaza").has(`[role="option"][data-username="hector.plaza"]`, "Create contact “hector plaza”")
		g := s.group("Plaza Hotel")
		for i, path := range []string{"/groups/new", "/groups/" + g.ID + "/members", "/groups/bulk"} {
			username := string(rune('a' + i))
			fields := []string{"name", "Half a name", "action", "add_contacts", "ids", g.ID}
			p := s.post(path, append(fields, "find", username, "do", "find")...)
			if path != "/groups/bulk" {
				p = p.follow(s.browser)
			}
			p.has("[data-new]:not([hidden])", "Create contact")
			s.post(path, append(fields, "do", "contact", "new_username", "no spaces", "new_display_name", "Kept")...).wants(422).
				has("#new_username-error", "letters A to Z").has(".summary", "letters A to Z")
			p = s.post(path, append(fields, "do", "contact", "new_username", username, "new_display_name", "Zoë "+username)...)
			if path != "/groups/bulk" {
				p = p.leads(path + "#find").follow(s.browser)
			}
			p.has("[data-chosen]", "Zoë "+username).has("[data-tally]", "1 contact selected")
			if path == "/groups/new" && p.value("name") != "Half a name" {
				s.Errorf("the name is %q", p.value("name"))
			}
		}
		s.get("/contacts/pick?q=A").lacks("#pick-new") // there is one by now
		s.post("/groups/bulk", "action", "remove_contacts", "ids", g.ID).wants(200).lacks("[data-new]")
		moderator := s.session(s.person(access.Moderator))
		moderator.get("/contacts/pick?q=zzz").lacks("#pick-new")
		moderator.post("/groups/"+g.ID+"/members", "do", "contact", "new_username", "zzz").wants(403)
	})
}
