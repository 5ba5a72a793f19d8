package handlers_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/views"
)

func TestAGroupsLife(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("Hector")
		form := s.get("/groups/new").wants(200)
		key := form.value("key")

		refused := s.post("/groups/new", "key", key, "name", " ", "description", "World-\r\nrenowned.", "avatar_url", "ftp://x", "contacts", hector.ID).wants(422)
		refused.has("title", "Error: New group").has(".summary h2", "There is a problem").has(`.summary a[href="#name"]`, "Enter a name").
			has(`.summary a[href="#avatar_url"]`, "full web address").has("#name-error", "Enter a name")
		if refused.value("description") != "World-\r\nrenowned." && refused.value("description") != "World-\nrenowned." || refused.value("avatar_url") != "ftp://x" || refused.value("contacts") != hector.ID {
			s.Errorf("what was typed is lost: %q", refused.value("description"))
		}
		if described := refused.doc.Find("#name").AttrOr("aria-describedby", ""); !strings.Contains(described, "name-error") {
			s.Errorf("the field is described by %q", described)
		}

		made := s.post("/groups/new", "key", key, "name", "Plaza Hotel", "description", "World-renowned.", "contacts", hector.ID)
		again := s.post("/groups/new", "key", key, "name", "Plaza Hotel", "description", "World-renowned.", "contacts", hector.ID)
		path := made.wants(303).header.Get("Location")
		again.leads(path)
		made.follow(s.browser).wants(200).has("h1", "Plaza Hotel").has("#flashes", "Plaza Hotel created.")
		s.get(path).lacks("#flashes .flash")

		id := strings.TrimPrefix(path, "/groups/")
		s.get("/groups?q=member:hector").has(".c-name", "Plaza Hotel").has(".c-name small", "member Hector")
		s.get("/groups?q=hector").has("#results", "Groups with a member matching “hector”")
		s.get("/groups?q="+id).has("#results", "This ID belongs to Plaza Hotel")

		s.post(path+"/edit", "name", "The Plaza", "was_name", "Plaza Hotel", "description", "World-renowned.", "was_description", "World-renowned.").leads(path)
		s.post(path+"/edit", "name", "The Plaza", "was_name", "The Plaza").follow(s.browser).has("#flashes", "Nothing changed.")

		s.post(path+"/archive", "next", "/groups?sort=name").leads("/groups?sort=name")
		s.get("/groups?sort=name").has("#flashes", "The Plaza archived.").has("#flashes form", "Undo")
		g, _ := s.store.Group(s.Context(), id)
		at := *g.ArchivedAt
		if _, err := s.store.UpdateGroup(s.Context(), s.by, id, models.GroupChange{ArchivedAt: nil, Name: new("The Plaza Hotel")}); err != nil {
			s.Fatal(err)
		}
		s.post(path+"/restore").follow(s.browser).has("#flashes", "The Plaza Hotel restored.").undo(s.browser).leads(path)
		if g, _ = s.store.Group(s.Context(), id); g.ArchivedAt == nil || *g.ArchivedAt != at {
			s.Errorf("undoing a restore archives at %v, want %d", g.ArchivedAt, at)
		}
		s.get(path).has(".notes", "Archived").has(".notes", "by Anna")

		s.get(path+"/delete").has("h1", "Delete The Plaza Hotel?")
		s.post(path+"/delete", "next", "//evil.example").leads("/groups")
		if err := s.store.Holds.SetPeriod(s.Context(), s.by, 0); err != nil {
			s.Fatal(err)
		}
		s.get("/groups").has("#flashes", "Deleting The Plaza Hotel in 60 seconds.").undo(s.browser).follow(s.browser).has("#flashes", "Undone: deleted The Plaza Hotel.")
		s.post(path+"/delete").follow(s.browser).has("#flashes", "The Plaza Hotel deleted.").lacks("#flashes form")
		s.get(path).wants(404).has("main", "The Plaza Hotel was deleted by Anna").has("main", "1 member was removed").lacks("main form[action$=undelete]")
		got := s.actions()
		want := []audit.Action{
			"user.create", "session.start", "contact.create", "group.create", "group.update", "group.archive", "group.update", "group.restore", "group.revert",
			"group.delete", "group.hold", "group.restore_deleted", "group.delete",
		}
		if !slices.Equal(got, want) {
			s.Errorf("audit lines %v,\nwant %v", got, want)
		}
	})
}

func TestDeletingABusyGroupAsksForItsName(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		if _, err := s.store.Messages.PostMessage(s.Context(), s.by, g.ConversationID, models.NewMessage{Text: "Hello"}, nil); err != nil {
			s.Fatal(err)
		}
		path := "/groups/" + g.ID + "/delete"
		s.get(path).has("label", "Type the group name to confirm").has(".figures", "1")
		s.post(path, "name", "plaza hotel").wants(422).has("#name-error", "Plaza Hotel")
		s.post(path, "name", "  Plaza Hotel ").leads("/groups")
		if messages, err := s.store.Messages.MessagesCount(s.Context(), g.ConversationID); err != nil || messages.N != 0 {
			s.Errorf("%d messages are left, %v", messages.N, err)
		}
	})
}

func TestANumberThatStillGrowsIsNotShownAsFinal(t *testing.T) {
	for more, want := range map[bool]string{
		false: "2 members were removed, and 1,000 messages were deleted with it.",
		true:  "2 members were removed, and at least 1,000 messages were deleted with it.",
	} {
		var page strings.Builder
		grave := models.Tombstone{Name: "Plaza Hotel", ContactsCount: 2, MessagesCount: 1000, More: more}
		if err := views.ErrorPage(views.Failure{Status: 404, Tombstone: &grave}).Render(t.Context(), &page); err != nil {
			t.Fatal(err)
		}
		if said := strings.Join(strings.Fields(page.String()), " "); !strings.Contains(said, want) {
			t.Errorf("%s\nis not said in %s", want, said)
		}
	}
}

func TestTwoBrowsersEditOneGroup(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		path := "/groups/" + g.ID + "/edit"
		other := s.newBrowser()
		other.post("/login", "email", email, "password", password).wants(303)
		other.post(path, "name", "The Plaza", "was_name", "Plaza Hotel", "description", "", "was_description", "").wants(303)

		merged := s.post(path, "name", "Plaza Hotel", "was_name", "Plaza Hotel", "description", "Ours", "was_description", "")
		merged.follow(s.browser).has("h1", "The Plaza").has("main", "Ours").
			has("#flashes", "The Plaza saved. Somebody else changed the name while you were editing; their change was kept.")

		asked := s.post(path, "name", "Grand Plaza", "was_name", "Plaza Hotel", "description", "Newer", "was_description", "Ours").wants(409)
		asked.has("h1", "Edit Plaza Hotel").has(".summary", "Anna saved changes while you were editing").has(".versus", "Grand Plaza").has(".versus", "The Plaza")
		fields := []string{"name", "Grand Plaza"}
		for _, name := range []string{"was_name", "description", "was_description"} {
			fields = append(fields, name, asked.value(name))
		}
		s.post(path, fields...).wants(303)
		if g, _ = s.store.Group(s.Context(), g.ID); g.Name != "Grand Plaza" || *g.Description != "Newer" {
			s.Errorf("the choice makes it %q, %q", g.Name, *g.Description)
		}
	})
}

func TestAnEditOfADeletedGroupKeepsItsText(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		if err := s.store.DeleteGroup(s.Context(), s.by, g.ID, nil); err != nil {
			s.Fatal(err)
		}
		p := s.post("/groups/"+g.ID+"/edit", "name", "Plaza Hotel", "was_name", "Plaza Hotel", "description", "A long thought", "was_description", "")
		p.wants(404).has("h1", "This group was deleted").has("main", "A long thought")
	})
}

func TestTwoAdministratorsAddOnePerson(t *testing.T) {
	each(t, func(s *site) {
		g, hector := s.group("Plaza Hotel"), s.contact("Hector")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if p := s.post("/groups/"+g.ID+"/members", "contacts", hector.ID); p.status != 303 {
					s.Errorf("got %d", p.status)
				}
			})
		}
		wg.Wait()
		if g, _ = s.store.Group(s.Context(), g.ID); g.ContactsCount != 1 || len(g.Contacts) != 1 {
			s.Errorf("%d members, counted %d", len(g.Contacts), g.ContactsCount)
		}
		s.get("/groups/" + g.ID) // the messages of the above
		removed := s.post("/groups/"+g.ID+"/members/remove", "contact", hector.ID).follow(s.browser)
		removed.has("#flashes", "Hector removed from Plaza Hotel. The group has no members now.")
		removed.undo(s.browser).leads("/groups/" + g.ID + "/members")
		s.get("/groups/"+g.ID+"/members").has("tbody", "Hector")
	})
}

func TestMembersAreChosenWithoutScripts(t *testing.T) {
	each(t, func(s *site) {
		hector, cedric := s.contact("Hector"), s.contact("Cedric")
		step := func(fields ...string) *page {
			return s.post("/groups/new", append([]string{"name", "Half typed"}, fields...)...).leads("/groups/new#find").follow(s.browser).wants(200)
		}
		found := step("do", "find", "find", "hec").has(".picker .people", "Hector")
		if found.value("name") != "Half typed" {
			s.Errorf("the name is lost: %q", found.value("name"))
		}
		step("find", "hec", "add", hector.ID).has(".picker", "1 contact selected")
		step("contacts", hector.ID, "add", cedric.ID).has(".picker", "2 contacts selected")
		left := step("contacts", hector.ID, "contacts", cedric.ID, "remove", hector.ID).has(".picker", "1 contact selected")
		s.post("/groups/new", "key", left.value("key"), "name", left.value("name"), "contacts", left.value("contacts")).wants(303)
		if p := s.get("/groups/new"); p.value("name") != "" {
			s.Errorf("the draft stays: %q", p.value("name"))
		}
		page, err := s.store.Groups(s.Context(), models.GroupQuery{Search: models.ParseSearch("member:Cedric", nil)})
		if err != nil || len(page.Groups) != 1 || page.Groups[0].Name != "Half typed" {
			s.Errorf("got %+v, %v", page.Groups, err)
		}
	})
}

func TestTheListIgnoresWhatItCannotUse(t *testing.T) {
	each(t, func(s *site) {
		s.get("/groups").has("main", "No groups yet")
		s.group("Plaza Hotel")
		for address, note := range map[string]string{
			"/groups?after=nowhere":                 "That position in the list couldn't be read",
			"/groups?sort=color":                    "isn't valid and was ignored",
			"/groups?sort=archived":                 "Only archived groups",
			"/groups?limit=1000":                    "A page can have 1 to 100 rows",
			"/groups?created_after=tomorrow":        "isn't a date",
			"/groups?member=nobody":                 "no contact with the ID",
			"/groups?nonsense=1":                    "isn't used here",
			"/groups?q=%zz":                         "couldn't be read",
			"/groups?q=is:blue+plaza":               "searched as text",
			"/groups?q=plaza+is:ar":                 "There are is:",
			"/groups?q=created:soon":                "A date is written",
			"/groups?after=0&before=0":              "couldn't be read",
			"/groups?last=yes":                      "isn't valid and was ignored",
			"/groups?jump=someday":                  "isn't a place in this list",
			"/groups?sort=name&jump=%00":            "isn't a place in this list",
			"/groups?last=1&jump=2026-01-31":        "names two positions",
			"/groups?q=members:many":                "A number is written",
			"/groups?q=archived:then":               "A date is written",
			"/groups?q=has:members":                 "There are has:description and has:avatar",
			"/groups?q=" + strings.Repeat("x", 300): "up to 200 characters",
		} {
			s.get(address).wants(200).has("#results .notes", note)
		}
		s.get("/groups?q=nothing").has("main", "No groups match “nothing”").has("main", "Include archived groups")
		s.get("/groups?status=archived").has("main", "No archived groups")
	})
}

// TestPlacesInTheList opens the last page and jumps, beyond the end too.
func TestPlacesInTheList(t *testing.T) {
	each(t, func(s *site) {
		for i := range 12 {
			s.group(fmt.Sprintf("Group %02d", i))
		}
		rows := func(address string) (names []string) {
			for _, cell := range strings.Split(s.get(address).wants(200).text("#results tbody"), "Group ")[1:] {
				if name := "Group " + cell[:2]; !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
			return names
		}
		for address, want := range map[string][]string{
			"/groups?limit=10&last=1":                        {"Group 09", "Group 00"},
			"/groups?limit=10&last=1&sort=name":              {"Group 02", "Group 11"},
			"/groups?limit=10&sort=name&jump=group+10":       {"Group 10", "Group 11"},
			"/groups?limit=10&sort=-name&jump=group+03":      {"Group 03", "Group 00"},
			"/groups?limit=10&sort=name&jump=zebra":          {"Group 02", "Group 11"},
			"/groups?limit=10&jump=1990-01-01":               {"Group 09", "Group 00"},
			"/groups?limit=10&sort=-created&jump=1990-01-01": {"Group 00", "Group 09"},
		} {
			if got := rows(address); len(got) < 2 || got[0] != want[0] || got[len(got)-1] != want[1] {
				s.Errorf("%s: %q, want %q", address, got, want)
			}
		}
	})
}

func TestRegionsComeAlone(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		part := s.part("results").get("/groups?q=plaza").wants(200).lacks("html[lang]").has("#results tbody", "Plaza Hotel")
		if strings.Contains(part.body, "<header") || part.doc.Find("#flashes").Length() != 1 {
			s.Errorf("the part is %s", part.body)
		}
		s.part("results").with("HX-History-Restore-Request", "true").get("/groups").has("h1", "Groups")
		moved := s.part("results").post("/groups/"+g.ID+"/archive", "next", "/groups").leads("/groups")
		moved.follow(s.part("results")).has("#flashes", "Plaza Hotel archived.").has("#results", "No active groups")
	})
}

// TestGoingBackToAForm sends forms again as a browser has them that went back to them: with
// all their fields, hidden ones too, as they were.
func TestGoingBackToAForm(t *testing.T) {
	each(t, func(s *site) {
		for _, object := range [][2]string{{"/groups", "name"}, {"/contacts", "username"}} {
			key := s.get(object[0] + "/new").value("key")
			first := s.post(object[0]+"/new", "key", key, object[1], "first").wants(303).header.Get("Location")
			second := s.post(object[0]+"/new", "key", key, object[1], "second").wants(303).header.Get("Location")
			if first == second {
				s.Errorf("%s: a form that was changed makes nothing", object[0])
			}
			s.post(object[0]+"/new", "key", key, object[1], "second").leads(second)
			s.get(second).has("h1", "second")

			edit := first + "/edit"
			key = s.get(edit).value("key")
			was := "was_" + object[1]
			s.post(edit, "key", key, object[1], "once", was, "first").wants(303)
			s.post(edit, "key", key, object[1], "twice", was, "first").wants(303)
			s.get(first).has("h1", "twice")
			s.newBrowserOf(email).post(edit, object[1], "theirs", was, "twice").wants(303)
			conflict := s.post(edit, "key", key, object[1], "thrice", was, "first").wants(409).has(".versus", "theirs")
			s.post(edit, "key", conflict.value("key"), object[1], "thrice", was, "theirs").wants(303)
			s.get(first).has("h1", "thrice")
		}
	})
}

// newBrowserOf is another browser of somebody's, who is signed in.
func (s *site) newBrowserOf(email string) *browser {
	b := s.newBrowser()
	b.post("/login", "email", email, "password", password).wants(303)
	return b
}

// TestANameIsTypedAsItIsShown deletes groups whose names a page does not show as they are.
func TestANameIsTypedAsItIsShown(t *testing.T) {
	each(t, func(s *site) {
		for name, typed := range map[string]string{
			"Plaza  Hotel\u00a0\u00a0Bar": "Plaza Hotel Bar", "Cafe\u0301 zero\u200bwidth": "Café zerowidth", "soft\u00adhyphen": "soft\u200bhyphen",
		} {
			g := s.group(name)
			if _, err := s.store.Messages.PostMessage(s.Context(), s.by, g.ConversationID, models.NewMessage{Text: "Hello"}, nil); err != nil {
				s.Fatal(err)
			}
			s.post("/groups/"+g.ID+"/delete", "name", typed).leads("/groups")
		}
	})
}

// TestThePagesOfAListLeadBackToIt opens, edits, archives and leaves what a filtered list shows.
func TestThePagesOfAListLeadBackToIt(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("plaza.hector")
		g := s.group("Plaza Hotel", hector)
		for _, object := range []struct{ list, id, field, value string }{
			{"/groups?q=plaza&sort=name", g.ID, "name", "Plaza Hotel"},
			{"/contacts?q=plaza&sort=name", hector.ID, "username", "plaza.hector"},
		} {
			row := s.get(object.list).doc.Find("#row-" + object.id)
			page := s.get(row.Find("a#open-"+object.id).AttrOr("href", "")).wants(200)
			page.links("a.back", object.list)
			page.doc.Find(".tabs a").Each(func(_ int, tab *goquery.Selection) {
				s.get(tab.AttrOr("href", "")).wants(200).links("a.back", object.list).lacks(".notes")
			})

			fill := strings.NewReplacer("LIST", url.QueryEscape(object.list), "ID", object.id) // as app.js does
			edit := fill.Replace(s.get(object.list).doc.Find(`#row-menu a[data-key="e"]`).AttrOr("href", ""))
			form := s.get(edit).wants(200).links("a.back", object.list+"#open-"+object.id)
			s.post(form.doc.Find("main form").AttrOr("action", ""), object.field, object.value+"s", "was_"+object.field, object.value).
				leads(object.list + "#open-" + object.id)
			edit = page.doc.Find(`.head a[data-key="e"]`).AttrOr("href", "")
			form = s.get(edit).wants(200)
			s.post(form.doc.Find("main form").AttrOr("action", ""), object.field, object.value, "was_"+object.field, object.value+"s").
				follow(s.browser).wants(200).links("a.back", object.list)
		}
		page := s.get("/groups/" + g.ID + "?list=%2Fgroups%3Fq%3Dplaza")
		archived := s.post(page.doc.Find(`.head form`).AttrOr("action", "")).follow(s.browser).links("a.back", "/groups?q=plaza")
		archived.undo(s.browser).follow(s.browser).links("a.back", "/groups?q=plaza")
		asked := s.get(page.doc.Find(`a[data-key="#"]`).AttrOr("href", "")).links("a.back", "/groups/"+g.ID+"?list=%2Fgroups%3Fq%3Dplaza")
		s.post("/groups/"+g.ID+"/delete", "next", asked.value("next")).leads("/groups?q=plaza")

		for _, bad := range []string{"//evil.example", "https://evil.example/groups?q=", "/groups?q=x%23y", "/contacts?q=x", "/groups", "/groupsx?q=", `/groups?\\evil`, "javascript:alert(1)"} {
			other := s.group("Another")
			s.get("/groups/"+other.ID+"?list="+url.QueryEscape(bad)).links("a.back", map[bool]string{true: "/groups?q=x%23y", false: "/groups"}[bad == "/groups?q=x%23y"])
		}
	})
}

// links fails the test where the link that a selector finds leads elsewhere.
func (p *page) links(selector, to string) *page {
	p.site.Helper()
	if href := p.doc.Find(selector).First().AttrOr("href", "none"); href != to {
		p.site.Errorf("%s leads to %q, want %q", selector, href, to)
	}
	return p
}

// TestARegionThatIsGoneGetsTheWholePage asks as a page does that is older than the program.
func TestARegionThatIsGoneGetsTheWholePage(t *testing.T) {
	each(t, func(s *site) {
		s.group("Plaza Hotel")
		whole := s.part("listing").get("/groups").wants(200).has("title", "Groups").has("tbody", "Plaza Hotel")
		if whole.doc.Find("header.bar, footer.foot").Length() != 2 {
			s.Error("the page is not whole")
		}
	})
}

func TestASlashTooManyLeadsToThePage(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		for path, to := range map[string]string{
			"/groups/": "/groups", "/groups/?q=a%20b&sort=name": "/groups?q=a%20b&sort=name", "/groups/" + g.ID + "/": "/groups/" + g.ID,
			"/groups/" + g.ID + "/edit/": "/groups/" + g.ID + "/edit", "/login/": "/login", "/contacts/new/": "/contacts/new", "/healthz/": "/healthz",
		} {
			if p := s.get(path); p.status != 308 || p.header.Get("Location") != to {
				s.Errorf("%s: %d to %q", path, p.status, p.header.Get("Location"))
			}
		}
		for _, path := range []string{"/nothing/", "//groups/", "/groups//", "//evil.example/", "/logout/"} {
			s.get(path).wants(404)
		}
		s.post("/groups/new/", "name", "x").wants(404)
	})
}

func TestAGroupIsDuplicated(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("hector")
		g := s.group("Plaza Hotel", hector)
		at := string(views.CopyGroupURL(g.ID))
		s.get("/groups/"+g.ID).wants(200).has("a[href='"+at+"']", "Duplicate…")
		form := s.get(at).wants(200).has(".notice", "A copy of Plaza Hotel, with its members.")
		if got := form.value("name"); got != "Plaza Hotel copy" {
			s.Errorf("the name is %q", got)
		}
		if got := form.value("contacts"); got != hector.ID {
			s.Errorf("the member is %q, want %q", got, hector.ID)
		}
		s.get("/groups/new?copy=0000000000000000").wants(404)
		s.post("/groups/new", "key", form.value("key"), "name", form.value("name"), "contacts", hector.ID).wants(303)
		s.get("/groups?q=copy").wants(200).has("tbody", "Plaza Hotel copy")
	})
}
