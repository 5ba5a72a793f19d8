package handlers_test

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func TestAboutThisConsole(t *testing.T) {
	each(t, func(s *site) {
		about := s.get("/settings/about").wants(200)
		about.has("tbody tr:first-child", "There is no key: restore its key file").has("tbody tr:nth-child(2)", "SQLite at sqlite:console.db")
		about.has("main", "1 problem found.").has("main", "Version test").has("main", "Drafts of forms").has("main", "7 days after the last change")
	})
}

// Every tab of the settings has the tabs that its reader may open, and the menu leads to the first.
func TestSettingsTabs(t *testing.T) {
	each(t, func(s *site) {
		for role, want := range map[access.Role]string{
			access.Owner:     "General, Users, Sign-in policy, API tokens, Webhooks, Retention, About",
			access.Admin:     "Users, API tokens, Webhooks",
			access.Auditor:   "Users, API tokens",
			access.Moderator: "API tokens",
		} {
			b := s.browser
			if role != access.Owner {
				b = s.session(s.person(role))
			}
			var tabs []string
			to, _ := b.get("/").wants(200).doc.Find("nav a:contains(Settings)").Attr("href")
			b.get(to).wants(200).doc.Find("main > .tabs a").Each(func(i int, a *goquery.Selection) {
				if href := a.AttrOr("href", ""); i == 0 && href != to {
					s.Errorf("%s: the menu leads to %s, and the first tab to %s", role, to, href)
				}
				tab := a.Text()
				b.get(a.AttrOr("href", "")).wants(200).has("title", tab+" – Settings – ").has("main > .tabs [aria-current=page]", tab).has("nav[aria-label=Main] [aria-current=page]", "Settings")
				tabs = append(tabs, tab)
			})
			if got := strings.Join(tabs, ", "); got != want {
				s.Errorf("%s has %s, want %s", role, got, want)
			}
		}
	})
}

// The owner of a console that was made on the command line is asked for a name, and can change it.
func TestGeneralSettings(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := open(t, store)
		owner := s.person(access.Owner)
		b := s.session(owner)
		b.get("/").wants(200).has(`.ranked a[href="/settings/general#workspace"]`, "Name your workspace")
		_, secret, err := store.Identity.Invitations.Invite(t.Context(), owner.Actor(), identity.NewInvitation{Email: "carl@example.com", Role: access.Editor})
		if err != nil {
			t.Fatal(err)
		}
		s.get("/invite/"+secret).wants(200).has("h1", "Join the console")
		wrong := b.post("/settings/general", "workspace", " ", "time_zone", "Nowhere", "locale", "", "avatars", "yes").wants(422)
		wrong.has("#workspace-error", "Enter a name for the workspace.").has("#time_zone-error", "Choose a time zone")
		if typed := wrong.value("time_zone"); typed != "Nowhere" {
			t.Errorf("%q is left of what was typed", typed)
		}
		b.post("/settings/general", "workspace", "Acme", "time_zone", "zurich", "locale", "dotted", "avatars", "yes").wants(303)
		page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Action: string(audit.ChangedSettings)})
		if err != nil || len(page.Lines) != 1 || page.Lines[0].After(identity.WorkspaceField) != "Acme" || page.Lines[0].After(identity.LocaleField) != "dotted" {
			t.Errorf("%+v, %v", page.Lines, err)
		}
		saved := b.get("/settings/general").wants(200).has(".brand bdi", "Acme").has("label:has([checked])", "23.11.2026")
		if name, zone := saved.value("workspace"), saved.value("time_zone"); name != "Acme" || zone != "Europe/Zurich" {
			t.Errorf("the form has %q and %q", name, zone)
		}
		b.get("/").wants(200).has(".ranked .done", "Name your workspace")
		if u := s.person(access.Editor); u.TimeZone != "Europe/Zurich" || u.Locale != identity.Dotted {
			t.Errorf("a new user has %q and %q", u.TimeZone, u.Locale)
		}
		b.post("/settings/general", "workspace", "Acme", "time_zone", "Europe/Zurich", "locale", "dotted", "avatars", "yes").wants(303)
		if again, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Action: string(audit.ChangedSettings)}); err != nil || len(again.Lines) != 1 {
			t.Errorf("%d lines, %v", len(again.Lines), err)
		}
	})
}
