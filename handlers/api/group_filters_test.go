package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// filteredGroups are groups whose facts differ, the oldest first: Beta has a member and a
// description, Élan is archived, and gamma was changed last.
func filteredGroups(t *testing.T, s *server) map[string]models.Group {
	t.Helper()
	clock := stop(s.store)
	hector := modelstest.Contact(t, s.store, s.owner, "Hector")
	groups := map[string]models.Group{}
	for _, name := range []string{"gamma", "Beta", "Élan", "alpha"} {
		clock.move(time.Hour)
		var c models.GroupChange
		if c.Name = &name; name == "Beta" {
			c.Description, c.Contacts = new("About it"), new(models.Refs(hector.ID))
		}
		g, err := s.store.CreateGroup(t.Context(), s.owner, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		groups[name] = g.Group
	}
	clock.move(time.Hour)
	elan, err := s.store.ArchiveGroup(t.Context(), s.owner, groups["Élan"].ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	clock.move(time.Hour)
	gamma, err := s.store.UpdateGroup(t.Context(), s.owner, groups["gamma"].ID, models.GroupChange{AvatarURL: new("https://example.com/a.png")})
	if err != nil {
		t.Fatal(err)
	}
	groups["Élan"], groups["gamma"] = elan, gamma
	return groups
}

func TestGroupFilters(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		groups := filteredGroups(t, s)
		rfc := func(at int64) string { return url.QueryEscape(time.Unix(at, 0).UTC().Format(time.RFC3339)) }
		beta, elan, gamma := groups["Beta"], groups["Élan"], groups["gamma"]
		for query, want := range map[string]string{
			"":                                     "alpha Élan Beta gamma",
			"sort=-created_at":                     "alpha Élan Beta gamma",
			"sort=created_at":                      "gamma Beta Élan alpha",
			"sort=name":                            "alpha Beta Élan gamma",
			"sort=-name":                           "gamma Élan Beta alpha",
			"sort=-contacts_count":                 "Beta alpha Élan gamma",
			"sort=contacts_count":                  "gamma Élan alpha Beta",
			"sort=-updated_at":                     "gamma Élan alpha Beta",
			"sort=archived_at&archived=true":       "Élan",
			"described=true":                       "Beta",
			"described=false":                      "alpha Élan gamma",
			"name=ELAN":                            "Élan",
			"name=el":                              "",
			"contacts_min=1":                       "Beta",
			"contacts_max=0&archived=false":        "alpha gamma",
			"contacts_min=0&contacts_max=9":        "alpha Élan Beta gamma",
			"contacts_min=2&contacts_max=1":        "",
			"created_after=" + rfc(beta.CreatedAt): "alpha Élan Beta",
			fmt.Sprint("created_before=", beta.CreatedAt):                                     "gamma",
			fmt.Sprint("updated_after=", elan.UpdatedAt, "&updated_before=", gamma.UpdatedAt): "Élan",
			fmt.Sprint("archived_after=", *elan.ArchivedAt, "&sort=-archived_at"):             "Élan",
			"archived_before=" + rfc(*elan.ArchivedAt):                                        "",
			"archived_before=4102444800&archived=false":                                       "",
			"q=about&contacts_min=1&sort=name":                                                "Beta",
		} {
			a := s.call(t, "GET /v1/groups?include[]=total&"+query).want(t, 200)
			found := decode[struct {
				Data  []group
				Total struct {
					Value    int
					Relation string
				}
			}](t, a)
			var names []string
			for _, g := range found.Data {
				names = append(names, g.Name)
			}
			if strings.Join(names, " ") != want || found.Total.Value != len(names) || found.Total.Relation != "exact" {
				t.Errorf("%s: %q of %+v, want %q", query, names, found.Total, want)
			}
		}
		if a := s.call(t, "GET /v1/groups"); strings.Contains(a.body, "total") {
			t.Errorf("a total that no one asked for: %s", a.body)
		}
	})
}

// TestSortedWalks walks every order by its ids, also by that of a group that was deleted.
func TestSortedWalks(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		groups := filteredGroups(t, s)
		walk := func(query, cursor string) (ids []string) {
			for next := ""; ; {
				page := decode[list[group]](t, s.call(t, "GET /v1/groups?limit=1&"+query+next).want(t, 200))
				if len(page.Data) > 0 {
					ids = append(ids, page.Data[0].ID)
					next = "&" + cursor + "=" + page.Data[0].ID
				}
				if !page.HasMore {
					return ids
				}
			}
		}
		for _, sort := range []string{"created_at", "name", "contacts_count", "updated_at"} {
			for _, way := range []string{"", "-"} {
				all := decode[list[group]](t, s.call(t, "GET /v1/groups?sort="+way+sort))
				var want []string
				for _, g := range all.Data {
					want = append(want, g.ID)
				}
				last := "&ending_before=" + want[3]
				back := decode[list[group]](t, s.call(t, "GET /v1/groups?limit=2&sort="+way+sort+last))
				if got := walk("sort="+way+sort, "starting_after"); !slices.Equal(got, want) || back.Data[0].ID != want[1] || back.Data[1].ID != want[2] {
					t.Errorf("by %s%s: %q, want %q", way, sort, got, want)
				}
			}
		}
		beta := groups["Beta"]
		s.call(t, "DELETE /v1/groups/"+beta.ID).want(t, 204)
		for sort, want := range map[string]string{"name": "Élan", "-name": "alpha", "contacts_count": "", "-contacts_count": "alpha", "updated_at": "alpha", "-updated_at": ""} {
			page := decode[list[group]](t, s.call(t, "GET /v1/groups?limit=1&sort="+sort+"&starting_after="+beta.ID).want(t, 200))
			if got := strings.Join(groupNames(page.Data), " "); got != want {
				t.Errorf("by %s, after a deleted group: %q, want %q", sort, got, want)
			}
		}
	})
}

func groupNames(groups []group) (names []string) {
	for _, g := range groups {
		names = append(names, g.Name)
	}
	return names
}
