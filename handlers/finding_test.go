package handlers_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"

	"protocol.chat/console/models"
	"protocol.chat/console/models/identity"
)

func TestCopiedIDsAreUnderstood(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("Hector")
		g := s.group("Plaza Hotel", hector)
		for _, typed := range []string{`"%s"`, "‘%s’", "`%s`", `'%s',`, "\u200b%s\ufeff", "\u202a\u200e%s\u202c", " “%s” ", "%.8s\u200b%s"} {
			copied := func(id string) string {
				if typed == "%.8s\u200b%s" {
					return id[:8] + "\u200b" + id[8:]
				}
				return fmt.Sprintf(typed, id)
			}
			q := url.QueryEscape(copied(g.ID))
			s.get("/groups?q="+q).has("#results", "This ID belongs to Plaza Hotel")
			s.get("/activity?q="+q).has("table", "Plaza Hotel")
			misses(s.get("/activity?object="+q).has("table", "Plaza Hotel"), "#results", "isn't an ID")
			who := url.QueryEscape(copied(hector.ID))
			s.get("/contacts?q="+who).has("table", "Hector")
			s.get("/contacts/pick?q="+who).has("body", "Hector")
			misses(s.get("/groups?member="+who).has("table", "Plaza Hotel"), "#results", "There is no contact")
			s.get(typedIn("/groups/"+copied(g.ID)+"/members") + "?q=x").leads("/groups/" + g.ID + "/members?q=x")
			s.get(typedIn("/contacts/" + copied(hector.ID))).leads("/contacts/" + hector.ID)
		}
		s.get("/groups/%22nothing%22").wants(404)
		s.get("/groups?q=%E2%80%8B").has("table", "Plaza Hotel")
		s.get("/groups?q=%EF%BB%BFpla%E2%80%8Bza").has("table", "Plaza Hotel")
	})
}

// typedIn is a path as a browser sends it that somebody typed.
func typedIn(path string) string { return (&url.URL{Path: path}).EscapedPath() }

func TestSearchOffersMembersWhereNothingIsFound(t *testing.T) {
	each(t, func(s *site) {
		fiona := s.contact("fiona")
		if _, err := s.store.UpdateContact(s.Context(), s.by, fiona.ID, models.ContactChange{DisplayName: new("Fiona Jansen")}); err != nil {
			s.Fatal(err)
		}
		s.contact("fiona_2")
		for _, name := range []string{"Plaza", "Hotel", "Opera"} {
			s.group(name, fiona)
		}
		s.get("/groups?q=fiona").has("#results .empty", "Groups with a member matching “fiona” (3)")
		s.get("/groups?q=member:fi+jansen").has("#results .empty", "Groups with a member matching “fi jansen” (3)").
			has(`.empty a[href="/groups?q=member%3A%22fi+jansen%22"]`, "fi jansen")
		s.get("/groups?q=member%3A%22fi+jansen%22").has("#count", "3 active groups")
		s.get("/groups?q=member%3A%E2%80%9Cfi+jansen%E2%80%9D").has("#count", "3 active groups")
		misses(s.get("/groups?q=fiona&status=archived"), "#results", "Groups with a member")
		misses(s.get("/groups?q=fiona_2"), "#results", "Groups with a member")
	})
}

func TestManyMembersLikeThatAreAtLeast(t *testing.T) {
	each(t, func(s *site) {
		for i := range 25 {
			s.group(fmt.Sprintf("Group %d", i), s.contact(fmt.Sprintf("user%d", i)))
		}
		s.get("/groups?q=member:user").has("#count", "At least 20 active groups").has(".notes", "More than 20 contacts")
		s.get("/groups?q=member:user&limit=30").has("#count", "At least 20 active groups")
		s.get("/groups?q=user").has(".empty", "Groups with a member matching “user” (20+)")
		s.get("/groups?q=member:user1&limit=30").has("#count", "1 active group")
	})
}

// TestDaysAreTheReaders is about a day of 23 hours.
func TestDaysAreTheReaders(t *testing.T) {
	each(t, func(s *site) {
		if err := s.store.Identity.Users.UpdateProfile(s.Context(), s.by, identity.ProfileChange{TimeZone: new("Europe/Zurich")}); err != nil {
			s.Fatal(err)
		}
		for _, made := range []string{"2030-03-30T22:59:59Z", "2030-03-30T23:00:00Z", "2030-03-31T21:59:59Z", "2030-03-31T22:00:00Z"} {
			at, err := time.Parse(time.RFC3339, made)
			if err != nil {
				s.Fatal(err)
			}
			s.store.DB.Now = func() time.Time { return at }
			s.group("Made at " + at.Format("15:04:05"))
		}
		s.signInAgain()
		for _, list := range []string{
			"/groups?q=created:2030-03-31", "/groups?created_after=2030-03-30&created_before=2030-04-01",
			"/activity?action=group.create&from=2030-03-31&to=2030-03-31",
		} {
			p := s.get(list).has("#results", "Made at 23:00:00").has("#results", "Made at 21:59:59").has("#results", "Time zone: Europe/Zurich")
			misses(p, "#results", "Made at 22:")
		}
		csv := s.post("/activity/export?action=group.create&from=2030-03-31&to=2030-03-31", "format", "csv").wants(200).body
		if strings.Contains(csv, "Made at 22:") || !strings.Contains(csv, "Made at 23:00:00") || !strings.Contains(csv, "Made at 21:59:59") {
			s.Errorf("the export has other days: %s", csv)
		}
		misses(s.get("/groups?q=made"), "#results", "Time zone")
	})
}

// TestSearchWaitsForComposedWords is about a field that holds parts of a word while an input
// method puts it together.
func TestSearchWaitsForComposedWords(t *testing.T) {
	t.Parallel()
	s := one(t)
	s.group("産品会議室")
	a := s.in(desk)
	a.lists()
	eval[bool](a, "(window.heard = 0, document.querySelector('#filter').addEventListener('input', () => heard++), document.querySelector('#q').focus(), true)")
	for _, part := range []string{"k", "か", "かい", "会議"} {
		call(a, input.ImeSetComposition, input.ImeSetCompositionParams{Text: part})
	}
	if heard := eval[int](a, "heard"); heard != 0 || eval[string](a, "document.querySelector('#q').value") != "会議" {
		t.Errorf("the search hears %d times of a word that is not finished", heard)
	}
	call(a, input.InsertText, input.InsertTextParams{Text: "会議"})
	a.sees("#count", "1 active group")
	a.until("the search is in the address", "new URLSearchParams(location.search).get('q') === '会議'")
}

// misses fails the test where the words are in an element.
func misses(p *page, selector, words string) {
	p.site.Helper()
	if got := p.text(selector); strings.Contains(got, words) {
		p.site.Errorf("%s has %q: %s", selector, words, got)
	}
}
