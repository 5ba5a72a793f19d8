package models_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

func ptr[T any](v T) *T { return &v }

// names returns the names of the groups that a query finds, in order.
func names(t *testing.T, store *models.Store, q models.GroupQuery) []string {
	t.Helper()
	page, err := store.Groups(t.Context(), q)
	if err != nil {
		t.Fatalf("Groups(%+v): %v", q, err)
	}
	found := []string{}
	if page.Exact != nil {
		found = append(found, "="+page.Exact.Name)
	}
	for _, g := range page.Groups {
		found = append(found, g.Name)
	}
	return found
}

func TestSearchFindsByEverything(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		contact := func(username, display, phone string) models.Contact {
			c, err := store.CreateContact(t.Context(), by, models.ContactChange{Username: &username, DisplayName: &display, PhoneNumber: &phone}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		hector := contact("Hector", "Hector McCallister", "+1 (555) 010-2233")
		cedric := contact("cedric_88", "", "")
		group := func(name, about string, members ...models.Contact) models.Group {
			var ids []string
			for _, m := range members {
				ids = append(ids, m.ID)
			}
			refs := models.Refs(ids...)
			g, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: &name, Description: &about, Contacts: &refs}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return g.Group
		}
		plaza := group("Plaza Hotel", "World-renowned.", hector, cedric)
		group("Café Noir", "Coffee & cake, 100% organic", cedric)
		group("snake_case club", "")
		group("Fête 🎉", "a_b c%d \"quoted\" text 🅐")
		old := group("Old Plaza", "The hotel before", hector)
		if _, err := store.ArchiveGroup(t.Context(), by, old.ID, 0); err != nil {
			t.Fatal(err)
		}

		for _, c := range []struct {
			search string
			want   []string
		}{
			{"plaza", []string{"Plaza Hotel"}},
			{"PLAZA hot", []string{"Plaza Hotel"}},
			{"laz", []string{"Plaza Hotel"}},
			{"renowned", []string{"Plaza Hotel"}},
			{"cafe", []string{"Café Noir"}},
			{"CAFÉ", []string{"Café Noir"}},
			{"p", []string{"Plaza Hotel"}},
			{"ho", []string{"Plaza Hotel"}},
			{"ot", []string{}},
			{"c", []string{"Fête 🎉", "snake_case club", "Café Noir"}},
			{"%", []string{"Fête 🎉", "Café Noir"}},
			{"100%", []string{"Café Noir"}},
			{"_", []string{"Fête 🎉", "snake_case club"}},
			{"snake_case", []string{"snake_case club"}},
			{"snakeXcase", []string{}},
			{"🎉", []string{"Fête 🎉"}},
			{"🅐", []string{"Fête 🎉"}},
			{`c%d "quoted`, []string{"Fête 🎉"}},
			{"%%", []string{}},
			{`"hotel world"`, []string{"Plaza Hotel"}},
			{`"world hotel"`, []string{}},
			{"-plaza -caf", []string{"Fête 🎉", "snake_case club"}},
			{"hotel is:archived", []string{"Old Plaza"}},
			{"is:empty", []string{"Fête 🎉", "snake_case club"}},
			{"no:description", []string{"snake_case club"}},
			{"member:hector", []string{"Plaza Hotel"}},
			{"member:callis", []string{"Plaza Hotel"}},
			{"member:5550102", []string{"Plaza Hotel"}},
			{"member:cedric_88 noir", []string{"Café Noir"}},
			{"member:nobody", []string{}},
			{"member:cedric_88 member:hector", []string{"Plaza Hotel"}},
			{"member:callis member:cedric_88 -noir", []string{"Plaza Hotel"}},
			{"member:cedric_88 member:cedric_88", []string{"Café Noir", "Plaza Hotel"}},
			{"member:hector is:archived member:cedric_88", []string{}},
			{"member:cedric_88 member:nobody", []string{}},
			{"created:>2020-01-01 plaza", []string{"Plaza Hotel"}},
			{"created:<2020-01-01", []string{}},
			{"created:yesterday", []string{}},
			{plaza.ID, []string{"=Plaza Hotel"}},
			{old.ID, []string{"=Old Plaza"}},
			{old.ConversationID, []string{"=Old Plaza"}},
			{hector.ID, []string{"Plaza Hotel"}},
			{"it's \\ 'fine'", []string{}},
			{strings.Repeat("%", 200), []string{}},
		} {
			for _, sort := range []models.GroupSort{models.ByCreated, models.ByName, models.ByMembers} {
				got := names(t, store, models.GroupQuery{Search: models.ParseSearch(c.search, nil), Status: models.Active, Sort: sort})
				want := slices.Clone(c.want)
				if sort != models.ByCreated {
					slices.Sort(got)
					slices.Sort(want)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s by %s: got %q, want %q", c.search, sort, got, want)
				}
			}
		}

		page, err := store.Groups(t.Context(), models.GroupQuery{Search: models.ParseSearch("member:hect", nil)})
		if err != nil || len(page.Groups) != 2 || page.Groups[0].Member == nil || page.Groups[0].Member.ID != hector.ID {
			t.Errorf("member:hect does not say why: %+v, %v", page.Groups, err)
		}
		page, err = store.Groups(t.Context(), models.GroupQuery{Search: models.ParseSearch("hector", nil)})
		if err != nil || page.MembersLike == nil || page.MembersLike.Search() != "member:hector" {
			t.Errorf("hector does not offer groups with a member like that: %v", err)
		}
		var invalid access.Invalid
		if _, err := store.Groups(t.Context(), models.GroupQuery{Search: models.ParseSearch(strings.Repeat("x", 201), nil)}); !errors.As(err, &invalid) {
			t.Errorf("201 characters: got %v, want Invalid", err)
		}
	})
}

func TestPagingShowsEveryGroupOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		contacts := modelstest.Contacts(t, store, by, 3)
		const n = 37
		for i := range n {
			g := modelstest.Group(t, store, by, fmt.Sprintf("Common %c%d", 'A'+i%5, i%7), contacts[:i%4]...)
			if i%3 == 0 {
				if _, err := store.ArchiveGroup(t.Context(), by, g.ID, g.CreatedAt-int64(i%5)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, search := range []string{"", "common", "a"} {
			for _, sort := range []models.GroupSort{"", models.ByName, models.ByMembers, models.ByArchived} {
				for _, status := range []models.Status{models.AnyStatus, models.Active, models.Archived} {
					if sort == models.ByArchived && status != models.Archived {
						continue
					}
					for _, reverse := range []bool{false, true} {
						q := models.GroupQuery{Search: models.ParseSearch(search, nil), Sort: sort, Status: status, Reverse: reverse}
						t.Run(fmt.Sprintf("%s %s %s %v", search, sort, status, reverse), func(t *testing.T) { walk(t, store, q) })
					}
				}
			}
		}
	})
}

// walk pages through a list both ways, by four, and compares with the whole.
func walk(t *testing.T, store *models.Store, q models.GroupQuery) {
	t.Helper()
	q.Limit = db.MaxLimit
	whole, err := store.Groups(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	q.Limit = 4
	var forward, back []string
	for q.After = (db.Cursor{}); ; {
		page, err := store.Groups(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range page.Groups {
			forward = append(forward, g.ID)
			cursor, ok := db.ParseCursor(q.Cursor(g.Group).String())
			if q.After = cursor; !ok || !q.Fits(cursor) {
				t.Fatalf("cursor %v does not survive", cursor)
			}
		}
		if !page.More {
			break
		}
	}
	for q.Before, q.After = q.After, (db.Cursor{}); !q.Before.IsZero(); {
		page, err := store.Groups(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for i := len(page.Groups) - 1; i >= 0; i-- {
			back = append(back, page.Groups[i].ID)
			q.Before = q.Cursor(page.Groups[i].Group)
		}
		if !page.More {
			break
		}
	}
	var want []string
	for _, g := range whole.Groups {
		want = append(want, g.ID)
	}
	if !slices.Equal(forward, want) {
		t.Errorf("forward: %d of %d, or in another order", len(forward), len(want))
	}
	slices.Reverse(back)
	if len(want) > 0 && !slices.Equal(back, want[:len(want)-1]) {
		t.Errorf("back: %d of %d, or in another order", len(back), len(want)-1)
	}
	count, err := store.CountGroups(t.Context(), q)
	if err != nil || count.N != len(want) || count.More {
		t.Errorf("counted %v, %v; want %d", count, err, len(want))
	}
}

func TestMarksAndFolding(t *testing.T) {
	for _, c := range []struct{ text, word, want string }{
		{"Café Noir", "cafe", "[Café] Noir"},
		{"Plaza Hotel", "ho", "Plaza [Ho]tel"},
		{"Plaza Hotel", "la", "Plaza Hotel"},
		{"Plaza Hotel", "laza hot", "P[laza Hot]el"},
		{"Straße", "strasse", "[Straße]"},
		{"a_b", "_", "a[_]b"},
	} {
		if got := marked(c.text, c.word); got != c.want {
			t.Errorf("Marks(%q, %q) = %q, want %q", c.text, c.word, got, c.want)
		}
	}
}

// marked returns the text with brackets around what Marks finds.
func marked(typed, word string) string {
	got, at := "", 0
	for _, s := range text.Marks(typed, []string{word}) {
		got += typed[at:s.Start] + "[" + typed[s.Start:s.End] + "]"
		at = s.End
	}
	return got + typed[at:]
}

func TestTwoEditsAtOnceLoseNothing(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		was := g.Fields()
		if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: ptr("The Plaza"), Was: &was}); err != nil {
			t.Fatal(err)
		}
		merged, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Description: ptr("World-renowned."), Was: &was})
		if err != nil || merged.Name != "The Plaza" || *merged.Description != "World-renowned." {
			t.Fatalf("other fields are not merged: %+v, %v", merged, err)
		}
		_, err = store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: ptr("Plaza!"), Was: &was})
		var conflict models.EditConflict
		if !errors.As(err, &conflict) || conflict.By != by.Name ||
			!slices.Equal(conflict.Fields, []models.FieldConflict{{Field: "name", Yours: "Plaza!", Theirs: "The Plaza"}}) {
			t.Fatalf("got %+v, want a conflict about the name", err)
		}
	})
}

func TestConcurrentCallsWithOneKeyMakeOneGroup(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		var wg sync.WaitGroup
		ids, replays := make([]string, 8), make([]bool, 8)
		for i := range ids {
			wg.Go(func() {
				key := &audit.IdempotencyKey{Key: "k", Fingerprint: "f"}
				g, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: ptr("Twin")}, key)
				if err != nil {
					t.Error(err)
				}
				ids[i], replays[i] = g.ID, key.Replayed
			})
		}
		wg.Wait()
		slices.Sort(ids)
		if len(slices.Compact(ids)) != 1 || len(slices.DeleteFunc(replays, func(r bool) bool { return r })) != 1 {
			t.Errorf("ids %v, replayed %v", ids, replays)
		}
		_, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: ptr("Other")}, &audit.IdempotencyKey{Key: "k", Fingerprint: "g"})
		if !errors.Is(err, access.ErrConflict) {
			t.Errorf("another request under the key: %v", err)
		}
		store.DB.Now = func() time.Time { return time.Now().Add(25 * time.Hour) }
		g, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: ptr("Next day")}, &audit.IdempotencyKey{Key: "k", Fingerprint: "g"})
		if err != nil || g.Name != "Next day" {
			t.Errorf("a day later: %v, %v", g.Name, err)
		}
	})
}

// TestCountReusesSearchLookups checks that the ids and members in a search are looked up
// once, for the list.
func TestCountReusesSearchLookups(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		hector := modelstest.Contact(t, store, by, "hector")
		for i := range 3 {
			modelstest.Group(t, store, by, fmt.Sprintf("Plaza %d", i), hector)
		}
		var seen []string
		if err := store.DB.Watch(func(s db.Seen) { seen = append(seen, s.SQL) }); err != nil {
			t.Fatal(err)
		}
		groups, err := store.Groups(t.Context(), models.GroupQuery{Search: models.ParseSearch("plaza member:hector", nil), Range: db.Range{Limit: 1}})
		if err != nil {
			t.Fatal(err)
		}
		contacts, err := store.Contacts(t.Context(), models.ContactQuery{Text: "555 010"})
		if err != nil {
			t.Fatal(err)
		}
		seen = nil
		if n, err := store.GroupsCount(t.Context(), groups); err != nil || n.N != 3 {
			t.Errorf("%+v groups, %v", n, err)
		}
		if n, err := store.ContactsCount(t.Context(), contacts); err != nil || n.N != 0 {
			t.Errorf("%+v contacts, %v", n, err)
		}
		for _, sql := range seen {
			if !strings.Contains(sql, "count(*)") && !strings.HasPrefix(sql, "EXPLAIN") {
				t.Errorf("to count takes %s", sql)
			}
		}
	})
}

// TestCreateGroupReportsDuplicateName checks that creating a group reports whether an
// active one has its name, also when the request is repeated.
func TestCreateGroupReportsDuplicateName(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		create := func(name, key string) models.CreatedGroup {
			t.Helper()
			g, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: &name}, &audit.IdempotencyKey{Key: key, Fingerprint: "f"})
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		first, second := create("Plaza", "1"), create(" Plaza ", "2")
		if first.SameName || !second.SameName || create("plaza", "3").SameName {
			t.Errorf("the first has a namesake: %t, the second: %t", first.SameName, second.SameName)
		}
		if !create(" Plaza ", "2").SameName || create("Plaza", "1").SameName {
			t.Error("a repeated call says something else")
		}
		for _, id := range []string{first.ID, second.ID} {
			if _, err := store.ArchiveGroup(t.Context(), by, id, 0); err != nil {
				t.Fatal(err)
			}
		}
		if create("Plaza", "4").SameName {
			t.Error("archived groups count")
		}
	})
}

func TestNoOpUpdateReturnsTheWholeGroup(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := modelstest.Group(t, store, by, "Plaza Hotel", modelstest.Contacts(t, store, by, 3)...)
		same, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: ptr("Plaza Hotel")})
		if err != nil || len(same.Contacts) != 3 || same.ContactsCount != 3 {
			t.Errorf("got %d of %d members, %v", len(same.Contacts), same.ContactsCount, err)
		}
	})
}

func TestDeletionsAndRemovalsAtOnceKeepTheCount(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		all := modelstest.Contacts(t, store, by, 30)
		for contacts := range slices.Chunk(all, 3) {
			g := modelstest.Group(t, store, by, "Plaza Hotel", contacts...)
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, _, err := store.Members.RemoveMember(t.Context(), by, g.ID, contacts[0].ID); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if err := store.DeleteContact(t.Context(), by, contacts[0].ID, nil); err != nil {
					t.Error(err)
				}
			})
			wg.Wait()
			if g, err := store.Group(t.Context(), g.ID); err != nil || g.ContactsCount != 2 || len(g.Contacts) != 2 {
				t.Fatalf("%d members, counted %d, %v", len(g.Contacts), g.ContactsCount, err)
			}
		}
	})
}
