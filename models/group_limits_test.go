package models_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

// variedNow is when variedGroups has created the last group: later than now, because ids
// never go back.
var variedNow = time.Date(2040, 3, 31, 12, 0, 0, 0, time.UTC)

// variedGroups creates groups of which each fact has several values in all combinations,
// over two years, the last ones today. Each seventh is Grace's, and half of those are named
// as the one before but for case.
func variedGroups(t *testing.T, store *models.Store, n int) (by access.Actor, groups []models.Group) {
	t.Helper()
	now := variedNow
	owner := modelstest.Owner(t, store)
	grace, err := store.Identity.Users.CreateUser(t.Context(), owner, identity.NewUser{
		Email: "grace@example.com", Name: "Grace Hopper", Role: access.Owner, Password: modelstest.Keep(store, modelstest.Password, modelstest.OwnerPassword),
	})
	if err != nil {
		t.Fatal(err)
	}
	at := now
	store.DB.Now = func() time.Time { return at }
	defer func() { store.DB.Now = time.Now }()
	var contacts []models.ContactRef
	at = now.AddDate(-2, 0, -1)
	for i := range 12 {
		c, err := store.CreateContact(t.Context(), owner, models.ContactChange{Username: new(fmt.Sprint("user", i))}, nil)
		if err != nil {
			t.Fatal(err)
		}
		contacts = append(contacts, models.Refs(c.ID)...)
	}
	for i := range n {
		at = now.Add(-time.Duration(n-1-i) * (2 * 365 * 24 * time.Hour) / time.Duration(n))
		c := models.GroupChange{Name: new(fmt.Sprintf("Group %02d", i)), Contacts: new(contacts[:[]int{0, 0, 1, 9, 12}[i%5]])}
		if i%3 == 0 {
			c.Description = new("About it")
		}
		if i%4 == 0 {
			c.AvatarURL = new("https://example.com/a.png")
		}
		by := owner
		if i%7 == 0 {
			by = grace.Actor()
		}
		if i%14 == 7 {
			c.Name = new(fmt.Sprintf("GROUP %02d", i-7))
		}
		g, err := store.CreateGroup(t.Context(), by, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		groups = append(groups, g.Group)
	}
	for i, g := range groups {
		created := time.Unix(g.CreatedAt, 0)
		if at = created.Add(now.Sub(created) / 2); i%6 == 1 {
			if _, err := store.Messages.PostMessage(t.Context(), owner, g.ConversationID, models.NewMessage{Text: "Hello"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if at = created.Add(now.Sub(created) / 3); i%5 == 3 || i%14 == 7 {
			if _, err := store.ArchiveGroup(t.Context(), owner, g.ID, 0); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if groups[i], err = store.Group(t.Context(), g.ID); err != nil {
			t.Fatal(err)
		}
	}
	return owner, groups
}

// limitTest is a search, and which groups it has to find.
type limitTest struct {
	search string
	finds  func(models.Group) bool
}

func limitTests(groups []models.Group) []limitTest {
	daysAgo := func(days int) int64 {
		y, m, d := variedNow.Date()
		return time.Date(y, m, d-days, 0, 0, 0, 0, time.UTC).Unix()
	}
	archived := func(g models.Group) int64 { return text.Deref(g.ArchivedAt) }
	year := time.Date(2039, 3, 31, 0, 0, 0, 0, time.UTC)
	var ids []string
	for _, g := range groups {
		ids = append(ids, g.ID)
	}
	return []limitTest{
		{"", func(models.Group) bool { return true }},
		{"members:0", func(g models.Group) bool { return g.ContactsCount == 0 }},
		{"is:empty", func(g models.Group) bool { return g.ContactsCount == 0 }},
		{"members:1..9", func(g models.Group) bool { return g.ContactsCount >= 1 && g.ContactsCount <= 9 }},
		{"members:>=10", func(g models.Group) bool { return g.ContactsCount >= 10 }},
		{"members:<9", func(g models.Group) bool { return g.ContactsCount < 9 }},
		{"members:9 has:avatar", func(g models.Group) bool { return g.ContactsCount == 9 && g.AvatarURL != nil }},
		{"has:description", func(g models.Group) bool { return g.Description != nil }},
		{"no:description no:avatar", func(g models.Group) bool { return g.Description == nil && g.AvatarURL == nil }},
		{"created:>30d", func(g models.Group) bool { return g.CreatedAt >= daysAgo(29) }},
		{"created:<1y", func(g models.Group) bool { return g.CreatedAt < year.Unix() }},
		{"created:" + year.Format(time.DateOnly) + "..30d members:0", func(g models.Group) bool {
			return g.CreatedAt >= year.Unix() && g.CreatedAt < daysAgo(29) && g.ContactsCount == 0
		}},
		{"active:<90d", func(g models.Group) bool { return g.LastActiveAt < daysAgo(90) }},
		{"active:>=90d", func(g models.Group) bool { return g.LastActiveAt >= daysAgo(90) }},
		{"updated:<26w no:description", func(g models.Group) bool { return g.UpdatedAt < daysAgo(182) && g.Description == nil }},
		{"archived:>90d", func(g models.Group) bool { return archived(g) >= daysAgo(89) }},
		{"archived:<1y", func(g models.Group) bool { return g.Archived() && archived(g) < year.Unix() }},
		{"by:grace", func(g models.Group) bool { return slices.Index(ids, g.ID)%7 == 0 }},
		{"by:lovelace members:0", func(g models.Group) bool { return slices.Index(ids, g.ID)%7 != 0 && g.ContactsCount == 0 }},
		{"by:nobody", func(models.Group) bool { return false }},
		{"is:duplicate", func(g models.Group) bool {
			return slices.ContainsFunc(groups, func(o models.Group) bool {
				return o.ID != g.ID && !o.Archived() && strings.EqualFold(o.Name, g.Name)
			})
		}},
		{"group -07 no:avatar", func(g models.Group) bool { return g.AvatarURL == nil && !strings.HasSuffix(g.Name, "07") }},
		{"member:user3 has:description", func(g models.Group) bool { return g.ContactsCount > 3 && g.Description != nil }},
	}
}

// place compares groups in an order, as its lists do.
func place(sort models.GroupSort, a, b models.Group) int {
	value := func(g models.Group) int64 {
		switch sort {
		case models.ByMembers:
			return int64(g.ContactsCount)
		case models.ByArchived:
			return text.Deref(g.ArchivedAt)
		case models.ByUpdated:
			return g.UpdatedAt
		case models.ByActive:
			return g.LastActiveAt
		}
		return 0
	}
	if sort == models.ByName {
		return cmp.Or(strings.Compare(text.SortKey(a.Name), text.SortKey(b.Name)), strings.Compare(a.ID, b.ID))
	}
	return cmp.Or(-cmp.Compare(value(a), value(b)), -strings.Compare(a.ID, b.ID))
}

func groupNames(groups []models.Group) (all []string) {
	for _, g := range groups {
		all = append(all, g.Name)
	}
	return all
}

func pageNames(page models.GroupPage) (all []string) {
	for _, g := range page.Groups {
		all = append(all, g.Name)
	}
	return all
}

// TestEveryFilterInEveryOrder walks what each search finds, in each order and direction, and
// back from the last page, and compares it with what a program finds among all groups.
func TestEveryFilterInEveryOrder(t *testing.T) {
	modelstest.Slow(t)
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		_, groups := variedGroups(t, store, 60)
		for _, test := range limitTests(groups) {
			for _, status := range []models.Status{models.AnyStatus, models.Active, models.Archived} {
				for _, sort := range models.GroupSorts {
					for _, reverse := range []bool{false, true} {
						q := models.GroupQuery{Search: models.ParseSearchAt(test.search, nil, variedNow), Status: status, Sort: sort, Reverse: reverse}
						if sort == models.ByArchived && q.Shown() != models.Archived {
							continue
						}
						if len(q.Search.Hints) > 0 {
							t.Fatalf("%s: %v", test.search, q.Search.Hints)
						}
						want := slices.DeleteFunc(slices.Clone(groups), func(g models.Group) bool {
							return !test.finds(g) || q.Shown() != models.AnyStatus && g.Archived() != (q.Shown() == models.Archived)
						})
						slices.SortFunc(want, func(a, b models.Group) int { return place(sort, a, b) })
						if reverse {
							slices.Reverse(want)
						}
						walkBoth(t, store, fmt.Sprintf("%q %s by %s %v", test.search, status, sort, reverse), q, groupNames(want))
					}
				}
			}
		}
	})
}

// walkBoth reads a list forth and back.
func walkBoth(t *testing.T, store *models.Store, what string, q models.GroupQuery, want []string) {
	t.Helper()
	list := func() models.GroupPage {
		page, err := store.Groups(t.Context(), q)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		before, err := store.GroupsBefore(t.Context(), page)
		if first := slices.Index(want, strings.Join(pageNames(page)[:min(1, len(page.Groups))], "")); err != nil || before != (db.Count{N: max(first, 0)}) {
			t.Fatalf("%s: %+v are before the page, %v, want %d", what, before, err, first)
		}
		return page
	}
	if n, err := store.CountGroups(t.Context(), q); err != nil || n.N != len(want) {
		t.Errorf("%s: counted %+v, %v; want %d", what, n, err, len(want))
	}
	var forth []string
	q.Limit = 25
	for {
		page := list()
		forth = append(forth, pageNames(page)...)
		if !page.More {
			break
		}
		q.After = q.Cursor(page.Groups[len(page.Groups)-1].Group)
	}
	var back []string
	q.After, q.Last, q.Limit = db.Cursor{}, true, 40
	for {
		page := list()
		back = append(pageNames(page), back...)
		if !page.More {
			break
		}
		q.Last, q.Before = false, q.Cursor(page.Groups[0].Group)
	}
	if !slices.Equal(forth, want) || !slices.Equal(back, want) {
		t.Errorf("%s:\nforth %q\nback  %q\nwant  %q", what, forth, back, want)
	}
}

// TestFacetsCountWhatTheyFind compares each count of a facet with the list that it leads to.
func TestFacetsCountWhatTheyFind(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		variedGroups(t, store, 60)
		store.DB.Now = func() time.Time { return variedNow }
		store.Facets.Patience = time.Minute
		for _, search := range []string{"", "group", "members:9 is:archived", "has:description created:<1y", "archived:<90d no:avatar", "nothing"} {
			for _, status := range []models.Status{models.AnyStatus, models.Active} {
				q := models.GroupQuery{Search: models.ParseSearchAt(search, nil, variedNow), Status: status}
				facets, err := store.Facets.OfGroups(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				known := 0
				for _, f := range facets {
					for _, v := range f.Values {
						limited := q
						limited.Search = models.ParseSearchAt(q.Search.With(v.Filter, f.Prefixes...), nil, variedNow)
						n, err := store.CountGroups(t.Context(), limited)
						if err != nil || v.Count != nil && *v.Count != n {
							t.Errorf("%q %s with %s: %+v, want %+v, %v", search, status, v.Filter, v.Count, n, err)
						}
						if v.Count != nil {
							known++
						}
					}
				}
				if known == 0 {
					t.Errorf("%q %s: nothing was counted", search, status)
				}
			}
		}
	})
}

// TestJumps lands at the first group that is at a value or beyond it, in each order.
func TestJumps(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		variedGroups(t, store, 60)
		for _, test := range []struct {
			sort    models.GroupSort
			reverse bool
			to      string
			want    string
		}{
			{models.ByName, false, "group 3", "Group 30"},
			{models.ByName, false, " GROUP 30", "Group 30"},
			{models.ByName, true, "group 3", "Group 39"},
			{models.ByName, false, "zebra", ""},
			{models.ByName, true, "zebra", "Group 59"},
			{models.ByCreated, false, "2039-03-31", "Group 28"},
			{models.ByCreated, true, "2039-03-31", "Group 29"},
			{models.ByCreated, true, "2039-04-02", "Group 30"},
			{models.ByCreated, false, "1990-01-01", ""},
			{models.ByMembers, false, "9", "Group 58"},
			{models.ByMembers, true, "2", "Group 03"},
			{models.ByUpdated, true, "2040-03-31", "Group 59"},
			{models.ByActive, true, "2040-03-31", "Group 59"},
		} {
			q := models.GroupQuery{Sort: test.sort, Reverse: test.reverse, Range: db.Range{Limit: 1}}
			var ok bool
			if q.After, ok = q.CursorAt(test.to, nil); !ok || !q.Fits(q.After) {
				t.Errorf("%s isn't a place in the order by %s", test.to, test.sort)
				continue
			}
			if got := strings.Join(names(t, store, q), ""); got != test.want {
				t.Errorf("by %s %v, jumping to %s: %q, want %q", test.sort, test.reverse, test.to, got, test.want)
			}
		}
		for _, typed := range []string{"", "soon", "2039-02-30", "-1", "99999999999999999999", "30x", "\x00"} {
			for _, sort := range models.GroupSorts {
				q := models.GroupQuery{Sort: sort}
				if c, ok := q.CursorAt(typed, nil); ok && sort != models.ByName {
					t.Errorf("%q is a place in the order by %s: %+v", typed, sort, c)
				}
			}
		}
	})
}

// TestNamesThatAreShared checks that groups are found by a name that they share for as long
// as they do.
func TestNamesThatAreShared(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		lounge := modelstest.Group(t, store, by, "Lounge")
		other := modelstest.Group(t, store, by, "Other")
		expect := func(when string, want ...string) {
			t.Helper()
			q := models.GroupQuery{Search: models.ParseSearch("is:duplicate", nil), Sort: models.ByName}
			if got := names(t, store, q); !slices.Equal(got, append([]string{}, want...)) {
				t.Errorf("%s: %q, want %q", when, got, want)
			}
		}
		expect("at first")
		rename := func(g models.Group, name string) {
			t.Helper()
			if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: &name}); err != nil {
				t.Fatal(err)
			}
		}
		rename(other, "LOUNGÉ")
		expect("renamed", "Lounge", "LOUNGÉ")
		if _, err := store.ArchiveGroup(t.Context(), by, lounge.ID, 0); err != nil {
			t.Fatal(err)
		}
		expect("archived", "Lounge") // an active group has its name, but not the other way round
		if _, err := store.RestoreGroup(t.Context(), by, lounge.ID); err != nil {
			t.Fatal(err)
		}
		expect("restored", "Lounge", "LOUNGÉ")
		rename(other, "Other")
		expect("renamed back")
		modelstest.Group(t, store, by, "lounge")
		expect("created", "Lounge", "lounge")
	})
}

// TestLastActive checks that messages, and only they, move the time of a group's last
// activity, to the minute.
func TestLastActive(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		now := variedNow
		store.DB.Now = func() time.Time { return now }
		g := modelstest.Group(t, store, by, "Plaza")
		for _, step := range []struct {
			after, active time.Duration
			post          bool
		}{{0, 0, false}, {time.Hour, 0, false}, {0, time.Hour, true}, {59 * time.Second, time.Hour, true}, {time.Second, time.Hour + time.Minute, true}} {
			now = now.Add(step.after)
			if step.post {
				if _, err := store.Messages.PostMessage(t.Context(), by, g.ConversationID, models.NewMessage{Text: "Hello"}, nil); err != nil {
					t.Fatal(err)
				}
			} else if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Description: new(step.after.String())}); err != nil {
				t.Fatal(err)
			}
			found, err := store.Group(t.Context(), g.ID)
			if want := variedNow.Add(step.active).Unix(); err != nil || found.LastActiveAt != want {
				t.Errorf("after %v: last active at %d, want %d, %v", step.after, found.LastActiveAt, want, err)
			}
		}
		if made, err := store.Creators.OfGroup(t.Context(), g.ID); err != nil || made != by.Ref() {
			t.Errorf("created by %+v, %v", made, err)
		}
	})
}
