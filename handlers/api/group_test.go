package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

func TestGroupValues(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		made := decode[group](t, s.call(t, "POST /v1/groups", jsonBody(`{"name":"  Cafe\u0301 ","description":"a\r\nb","avatar_url":"https://example.com/a?b=1&c=2"}`)).want(t, 201))
		if made.Name != "Café" || deref(made.Description) != "a\nb" || deref(made.AvatarURL) != "https://example.com/a?b=1&c=2" {
			t.Errorf("made %+v", made)
		}
		path := "/v1/groups/" + made.ID
		for name, sent := range map[string]option{
			"JSON null": jsonBody(`{"description":null,"avatar_url":null}`), "JSON empty": jsonBody(`{"description":"","avatar_url":""}`),
			"form": form("description=&avatar_url="), "blank": jsonBody(`{"description":" \n ","avatar_url":" "}`),
		} {
			s.call(t, "PUT "+path, form("description=x&avatar_url=http://example.com")).want(t, 200)
			g := decode[group](t, s.call(t, "PUT "+path, sent).want(t, 200))
			if g.Description != nil || g.AvatarURL != nil || g.Name != "Café" {
				t.Errorf("%s: %+v", name, g)
			}
		}
		before := s.call(t, "GET "+path)
		for _, sent := range []option{jsonBody(`{}`), jsonBody(""), form("")} {
			if a := s.call(t, "PUT "+path, sent).want(t, 200); a.body != before.body {
				t.Errorf("an empty change made %s of %s", a.body, before.body)
			}
		}
		// What a GET answered can be sent back as it is.
		if a := s.call(t, "PUT "+path, jsonBody(before.body)).want(t, 200); a.body != before.body {
			t.Errorf("sending back made %s of %s", a.body, before.body)
		}
		echo := fmt.Sprintf("id=%s&conversation_id=%s&created_at=%d&contacts_count=7&updated_at=7", made.ID, made.ConversationID, made.CreatedAt)
		s.call(t, "PUT "+path, form(echo)).want(t, 200)

		semicolon := decode[group](t, s.call(t, "PUT "+path, form("name=a;b=c")).want(t, 200))
		if semicolon.Name != "a;b=c" {
			t.Errorf("a semicolon made %q", semicolon.Name)
		}
		longest := strings.Repeat("𝄞", text.MaxName)
		if g := decode[group](t, s.call(t, "PUT "+path, jsonBody(`{"name":"`+longest+`"}`)).want(t, 200)); g.Name != longest {
			t.Errorf("the longest name became %q", g.Name)
		}
		// Hostile clients leave audit lines, too.
		s.call(t, "PUT "+path, form("name=x"), header("User-Agent", "\xff\xfe")).want(t, 200)
	})
}

func TestGroupMembers(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		a := modelstest.Contact(t, s.store, s.owner, "Hector")
		b := modelstest.Contact(t, s.store, s.owner, "Cedric")
		path := "/v1/groups/" + modelstest.Group(t, s.store, s.owner, "Plaza Hotel").ID
		both := "Hector Cedric"
		for _, c := range []struct {
			sent option
			want string
		}{
			{jsonBody(`{"contacts":["` + b.ID + `","` + a.ID + `","` + b.ID + `"]}`), both},
			{jsonBody(`{"contacts":[{"id":"` + a.ID + `","username":"whatever","groups":[]}]}`), "Hector"},
			{jsonBody(`{"contacts":[{"username":"CEDRIC"},{"username":"hector"}]}`), both},
			{jsonBody(`{"contacts":[]}`), ""},
			{form("contacts[]=" + a.ID + "&contacts[]=" + b.ID), both},
			{form("name=Plaza"), both},
			{form("contacts[]="), ""},
			{form("contacts[0][username]=hector&contacts[1][id]=" + b.ID + "&contacts[1][phone_number]="), both},
			{form("contacts="), ""},
			{form("contacts%5B900000000%5D=" + b.ID + "&contacts%5B7%5D=" + a.ID), both},
			{form("contacts[0]=" + b.ID), "Cedric"},
		} {
			g := decode[group](t, s.call(t, "PUT "+path, c.sent).want(t, 200))
			if got := usernames(g.Contacts); got != c.want || g.ContactsCount != len(strings.Fields(c.want)) {
				t.Errorf("%q of %d, want %q", got, g.ContactsCount, c.want)
			}
		}
	})
}

func TestManyMembers(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		contacts := modelstest.Contacts(t, s.store, s.owner, 103)
		path := "/v1/groups/" + modelstest.Group(t, s.store, s.owner, "Plaza Hotel", contacts[:100]...).ID
		s.call(t, "PUT "+path, form("contacts[]="+contacts[0].ID)).want(t, 200)

		path = "/v1/groups/" + modelstest.Group(t, s.store, s.owner, "Grand Hotel", contacts[:101]...).ID
		whole := s.call(t, "GET "+path).want(t, 200)
		g := decode[group](t, whole)
		if len(g.Contacts) != 100 || g.ContactsCount != 101 || g.Contacts[0].ID != contacts[0].ID || g.Contacts[99].ID != contacts[99].ID {
			t.Errorf("%d contacts of %d", len(g.Contacts), g.ContactsCount)
		}
		e := s.call(t, "PUT "+path, jsonBody(whole.body)).refused(t, 409, "conflict", "contacts")
		if !strings.Contains(e.Message, path+"/contacts") {
			t.Errorf("the message does not point to the members' calls: %s", e.Message)
		}

		added := s.call(t, "POST "+path+"/contacts", jsonBody(`{"contacts":["`+contacts[0].ID+`",{"username":"contact103"}]}`)).want(t, 200)
		if n := decode[group](t, added).ContactsCount; n != 102 {
			t.Errorf("%d members after adding one", n)
		}
		for range 2 {
			s.call(t, "DELETE "+path+"/contacts/"+contacts[0].ID).want(t, 204)
		}
		s.call(t, "DELETE "+path+"/contacts/0000000000000000").want(t, 204)

		var seen []string
		for next := ""; ; {
			page := decode[list[contact]](t, s.call(t, "GET "+path+"/contacts?limit=40"+next).want(t, 200))
			for _, c := range page.Data {
				seen = append(seen, c.ID)
			}
			if !page.HasMore {
				break
			}
			next = "&starting_after=" + seen[len(seen)-1]
		}
		var want []string
		for i, c := range contacts {
			if i != 0 && i != 101 {
				want = append(want, c.ID)
			}
		}
		if !slices.Equal(seen, want) {
			t.Errorf("walked over %d members, want %d in the order of their ids", len(seen), len(want))
		}
		found := decode[list[contact]](t, s.call(t, "GET "+path+"/contacts?q=contact103").want(t, 200))
		if usernames(found.Data) != "contact103" {
			t.Errorf("found %v", usernames(found.Data))
		}
	})
}

func TestArchive(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		clock := stop(store)
		s := serve(t, store)
		path := "/v1/groups/" + modelstest.Group(t, s.store, s.owner, "Plaza Hotel").ID
		first := clock.now.Unix() - 100
		archived := func(sent option) *int64 {
			t.Helper()
			return decode[group](t, s.call(t, "PUT "+path, sent).want(t, 200)).ArchivedAt
		}
		if at := archived(jsonBody(fmt.Sprintf(`{"archived_at":%d}`, first))); deref(at) != first {
			t.Errorf("archived at %v, want %d", at, first)
		}
		if at := archived(jsonBody(`{"archived_at":1,"name":"Still changeable"}`)); deref(at) != first {
			t.Errorf("archived again at %v, want %d", at, first)
		}
		if at := archived(form("archived_at=")); at != nil {
			t.Errorf("a form restores to %d", *at)
		}
		if at := archived(form("archived_at=1991-12-08T23:00:00Z")); deref(at) != 692233200 {
			t.Errorf("archived at %v", at)
		}
		if at := archived(jsonBody(`{"archived_at":null}`)); at != nil {
			t.Errorf("null restores to %d", *at)
		}
		if at := archived(jsonBody(`{"archived_at":"692233200"}`)); deref(at) != 692233200 {
			t.Errorf("archived at %v", at)
		}
		s.call(t, "GET "+path).want(t, 200)
		s.call(t, "DELETE "+path).want(t, 204)
	})
}

func TestListFilters(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		hector := modelstest.Contact(t, s.store, s.owner, "Hector")
		plaza := modelstest.Group(t, s.store, s.owner, "Plaza Hotel", hector)
		grand := modelstest.Group(t, s.store, s.owner, "Grand HOTEL -x member:y")
		cedric := modelstest.Contact(t, s.store, s.owner, "Cedric")
		modelstest.Group(t, s.store, s.owner, "Kitchen", hector, cedric)
		s.call(t, "PUT /v1/groups/"+grand.ID, form("description=100%25 quiet")).want(t, 200)
		s.call(t, "PUT /v1/groups/"+plaza.ID, jsonBody(`{"archived_at":1}`)).want(t, 200)
		for query, want := range map[string]string{
			"":                      "Kitchen Grand Plaza",
			"?archived=true":        "Plaza",
			"?archived=false":       "Kitchen Grand",
			"?q=hotel":              "Grand Plaza",
			"?q=":                   "Kitchen Grand Plaza",
			"?q=HÓTEL":              "Grand Plaza",
			"?q=QUIET":              "Grand",
			"?q=100%25":             "Grand",
			"?q=-x":                 "Grand",
			"?q=member:y":           "Grand",
			"?q=is:archived":        "",
			"?q=%00hotel":           "Grand Plaza",
			"?contact=" + hector.ID: "Kitchen Plaza",
			"?contact=" + cedric.ID + "&contact=" + hector.ID: "Kitchen",
			"?q=hotel&contact=" + hector.ID:                   "Plaza",
			"?archived=false&q=hotel":                         "Grand",
			"?limit=1":                                        "Kitchen …",
			"?limit=3":                                        "Kitchen Grand Plaza",
			"?limit=1&starting_after=" + grand.ID:             "Plaza",
			"?limit=1&ending_before=" + plaza.ID:              "Grand …",
			"?ending_before=" + plaza.ID:                      "Kitchen Grand",
			"?starting_after=0000000000000000":                "",
		} {
			page := decode[list[group]](t, s.call(t, "GET /v1/groups"+strings.ReplaceAll(query, "Ó", "%C3%93")).want(t, 200))
			if got := firstWords(page); got != want {
				t.Errorf("%q lists %q, want %q", query, got, want)
			}
		}
		empty := s.call(t, "GET /v1/groups?q=nothing").want(t, 200)
		if empty.body != `{"has_more":false,"data":[]}`+"\n" {
			t.Errorf("an empty list is %s", empty.body)
		}
	})
}

// firstWords is the first word of each group's name, and … where there are more.
func firstWords(page list[group]) string {
	var words []string
	for _, g := range page.Data {
		words = append(words, strings.Fields(g.Name)[0])
	}
	if page.HasMore {
		words = append(words, "…")
	}
	return strings.Join(words, " ")
}

// TestWalkWhileGroupsChange walks over a list in both directions while groups are
// made, changed and deleted, the one of the cursor among them.
func TestWalkWhileGroupsChange(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		var stable []string
		for i := range 30 {
			stable = append(stable, modelstest.Group(t, s.store, s.owner, fmt.Sprintf("stable %d", i)).ID)
			modelstest.Group(t, s.store, s.owner, fmt.Sprintf("passing %d", i))
		}
		slices.Reverse(stable)
		stop := make(chan struct{})
		var churn sync.WaitGroup
		churn.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					s.churn(t, i)
				}
			}
		})
		forth := s.walk(t, "starting_after")
		back := s.walk(t, "ending_before")
		close(stop)
		churn.Wait()
		if !slices.Equal(forth, stable) {
			t.Errorf("the walk saw %d groups %v, want %d", len(forth), forth, len(stable))
		}
		slices.Reverse(back)
		if !slices.Equal(back, stable) {
			t.Errorf("the walk back saw %d groups, want %d", len(back), len(stable))
		}
	})
}

// churn makes a group, changes one and deletes the newest passing one.
func (s *server) churn(t *testing.T, i int) {
	name := "passing too"
	g, err := s.store.CreateGroup(t.Context(), s.owner, models.GroupChange{Name: &name}, nil)
	if err != nil {
		t.Error(err)
		return
	}
	renamed := fmt.Sprint("passing ", i)
	if _, err := s.store.UpdateGroup(t.Context(), s.owner, g.ID, models.GroupChange{Name: &renamed}); err != nil {
		t.Error(err)
	}
	if err := s.store.DeleteGroup(t.Context(), s.owner, g.ID, nil); err != nil {
		t.Error(err)
	}
}

// walk is the ids of the stable groups in the order in which a walk meets them.
// It deletes a passing group of each page, so that its own cursors go away.
func (s *server) walk(t *testing.T, direction string) (ids []string) {
	t.Helper()
	cursor := ""
	if direction == "ending_before" {
		cursor = "&ending_before=0000000000000000"
	}
	for {
		page := decode[list[group]](t, s.call(t, "GET /v1/groups?limit=7"+cursor).want(t, 200))
		if direction == "ending_before" {
			slices.Reverse(page.Data)
		}
		for _, g := range page.Data {
			if strings.HasPrefix(g.Name, "stable") {
				ids = append(ids, g.ID)
			}
		}
		if !page.HasMore {
			return ids
		}
		last := page.Data[len(page.Data)-1]
		cursor = "&" + direction + "=" + last.ID
		if strings.HasPrefix(last.Name, "passing") {
			s.call(t, "DELETE /v1/groups/"+last.ID)
		}
	}
}

func TestETags(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		hector := modelstest.Contact(t, s.store, s.owner, "Hector")
		plaza := modelstest.Group(t, s.store, s.owner, "Plaza Hotel", hector)
		for path, change := range map[string]string{"/v1/groups/" + plaza.ID: "name=Grand", "/v1/contacts/" + hector.ID: "username=hester"} {
			got := s.call(t, "GET "+path).want(t, 200)
			tag := got.header.Get("ETag")
			if len(tag) < 10 || !strings.HasPrefix(tag, `"`) {
				t.Fatalf("ETag %q", tag)
			}
			for _, value := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
				if a := s.call(t, "GET "+path, header("If-None-Match", value)).want(t, 304); a.body != "" || a.header.Get("ETag") != tag {
					t.Errorf("304 with %q and ETag %q", a.body, a.header.Get("ETag"))
				}
			}
			s.call(t, "HEAD "+path, header("If-None-Match", tag)).want(t, 304)
			s.call(t, "GET "+path, header("If-None-Match", `"x"`)).want(t, 200)
			for _, value := range []string{`"x"`, "W/" + tag, strings.Trim(tag, `"`), ""} {
				s.call(t, "PUT "+path, form(change), header("If-Match", value)).refused(t, 412, "precondition_failed", "")
				s.call(t, "DELETE "+path, header("If-Match", value)).refused(t, 412, "precondition_failed", "")
			}
			changed := s.call(t, "PUT "+path, form(change), header("If-Match", `"x"`), header("If-Match", tag)).want(t, 200)
			if now := changed.header.Get("ETag"); now == tag || now != s.call(t, "GET "+path).header.Get("ETag") {
				t.Errorf("the ETag after a change is %s", now)
			}
			s.call(t, "PUT "+path, form(change), header("If-Match", tag)).refused(t, 412, "precondition_failed", "")
		}
		// Members are a part of what a group's answer says.
		path := "/v1/groups/" + plaza.ID
		tag := s.call(t, "GET "+path).header.Get("ETag")
		s.call(t, "PUT /v1/contacts/"+hector.ID, form("display_name=Hector M.")).want(t, 200)
		s.call(t, "DELETE "+path, header("If-Match", tag)).refused(t, 412, "precondition_failed", "")
		s.call(t, "PUT /v1/groups/0000000000000000", form("name=x"), header("If-Match", "*")).want(t, 404)
		s.call(t, "DELETE "+path, header("If-Match", "*")).want(t, 204)
		if tag := s.call(t, "GET /v1/groups").header.Get("ETag"); tag != "" {
			t.Errorf("a list has the ETag %s", tag)
		}
	})
}

// atOnce makes n calls at the same time and counts the statuses.
func atOnce(n int, call func(i int) int) map[int]int {
	statuses := make([]int, n)
	start := make(chan struct{})
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() {
			<-start
			statuses[i] = call(i)
		})
	}
	close(start)
	calls.Wait()
	counts := map[int]int{}
	for _, status := range statuses {
		counts[status]++
	}
	return counts
}

func TestOfEightWritersOneWins(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		path := "/v1/groups/" + modelstest.Group(t, s.store, s.owner, "Plaza Hotel").ID
		tag := s.call(t, "GET "+path).header.Get("ETag")
		got := atOnce(8, func(i int) int {
			return s.call(t, "PUT "+path, form(fmt.Sprintf("name=writer %d", i)), header("If-Match", tag)).status
		})
		if got[200] != 1 || got[412] != 7 {
			t.Errorf("statuses %v", got)
		}
	})
}

// TestTwins sends one request eight times at once, to two instances.
func TestTwins(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			s := serve(t, modelstest.OpenURL(t, url))
			other := &server{store: modelstest.OpenURL(t, url), token: s.token}
			other.start(t)
			instances := []*server{s, other}
			hector := modelstest.Contact(t, s.store, s.owner, "Hector")
			conversation := "/v1/conversations/" + hector.ConversationID + "/messages"
			for path, content := range map[string]string{
				"/v1/groups":   `{"name":"Plaza Hotel","contacts":[{"username":"hector"}]}`,
				"/v1/contacts": `{"username":"Cedric"}`,
				conversation:   `{"message":"Welcome.","contact_id":"` + hector.ID + `"}`,
			} {
				key := header("Idempotency-Key", "twins "+path)
				var mu sync.Mutex
				bodies, replayed := map[string]int{}, 0
				got := atOnce(8, func(i int) int {
					a := instances[i%2].call(t, "POST "+path, jsonBody(content), key)
					mu.Lock()
					defer mu.Unlock()
					bodies[a.body+a.header.Get("Location")+a.header.Get("ETag")]++
					if a.header.Get("Idempotent-Replayed") == "true" {
						replayed++
					}
					return a.status
				})
				if got[201] != 8 || len(bodies) != 1 || replayed != 7 {
					t.Errorf("%s: statuses %v, %d different answers, %d replayed", path, got, len(bodies), replayed)
				}
				s.call(t, "POST "+path, jsonBody(content+" "), key).refused(t, 409, "conflict", "")
			}
			if n := len(decode[list[group]](t, s.call(t, "GET /v1/groups")).Data); n != 1 {
				t.Errorf("the twins made %d groups", n)
			}
			if n := len(decode[list[message]](t, s.call(t, "GET "+conversation)).Data); n != 1 {
				t.Errorf("the twins posted %d messages", n)
			}
		})
	}
}

func TestIdempotencyKeys(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		clock := stop(store)
		s := serve(t, store)
		key := header("Idempotency-Key", "key-1")
		first := s.call(t, "POST /v1/groups", form("name=Plaza Hotel"), key).want(t, 201)
		path := first.header.Get("Location")
		s.call(t, "PUT "+path, form("name=Changed since")).want(t, 200)
		again := s.call(t, "POST /v1/groups", form("name=Plaza Hotel"), key).want(t, 201)
		if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("again %s, first %s", again.body, first.body)
		}
		// A refused request leaves its key free; keys belong to a token.
		other := header("Idempotency-Key", "key-2")
		s.call(t, "POST /v1/groups", form("name="), other).refused(t, 422, missing, "name")
		s.call(t, "POST /v1/groups", form("name=x"), other).want(t, 201)
		stranger := bearer(s.newToken(t, identity.NewToken{Name: "stranger", Scopes: access.WriteScopes()}))
		if a := s.call(t, "POST /v1/groups", form("name=y"), key, stranger).want(t, 201); a.header.Get("Idempotent-Replayed") != "" {
			t.Error("a key was shared between tokens")
		}
		members := path + "/contacts"
		third := header("Idempotency-Key", "key-3")
		s.call(t, "POST "+members, form("contacts="), third).want(t, 200)
		if a := s.call(t, "POST "+members, form("contacts="), third).want(t, 200); a.header.Get("Idempotent-Replayed") != "true" {
			t.Error("adding members was not replayed")
		}
		clock.move(24 * time.Hour)
		if a := s.call(t, "POST /v1/groups", form("name=Another"), key).want(t, 201); a.header.Get("Idempotent-Replayed") != "" {
			t.Error("a key lives longer than a day")
		}
	})
}

func TestDeletedGroupTakesItsMessages(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		g := modelstest.Group(t, s.store, s.owner, "Plaza Hotel")
		messages := "/v1/conversations/" + g.ConversationID + "/messages"
		s.call(t, "POST "+messages, form("message=Hello.")).want(t, 201)
		s.call(t, "DELETE /v1/groups/"+g.ID).want(t, http.StatusNoContent)
		s.call(t, "GET "+messages).refused(t, 404, "resource_missing", "id")
		s.call(t, "DELETE /v1/groups/"+g.ID).refused(t, 404, "resource_missing", "id")
	})
}
