package views

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
)

// owner sees all that there is.
var owner = access.Actor{Kind: access.UserActor, UserID: "0000000000000009", Role: access.Owner}

var noon = NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), identity.DayFirst)

// draw renders a component and returns its HTML.
func draw(t *testing.T, c templ.Component, regions ...any) string {
	t.Helper()
	var b strings.Builder
	err := error(nil)
	if len(regions) == 0 {
		err = c.Render(t.Context(), &b)
	} else {
		err = templ.RenderFragments(t.Context(), &b, c, regions...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func sampleList() GroupList {
	long := "Everybody who works at the hotel, from the front desk down to the kitchen"
	return GroupList{
		By:     owner,
		At:     GroupsAt{Q: "kitchen", Status: "archived", Sort: "name", Limit: 50},
		Status: models.Archived,
		Search: models.ParseSearch("kitchen", nil),
		Rows: []models.GroupHit{
			{Group: models.Group{ID: "0000000000000001", Name: "Plaza <Hotel>", Description: &long, CreatedAt: noon.Unix() - 3600}},
			{Group: models.Group{ID: "0000000000000002", Name: "Kitchen", CreatedAt: noon.Unix()}, Member: &models.Contact{Username: "hector"}},
		},
		Next: "0000000000000002", Origin: "https://console.example", Now: noon,
	}
}

func TestRegionsAreTheWholePagesParts(t *testing.T) {
	body := GroupsPage(sampleList())
	whole, part := draw(t, Document(Page{Title: Groups, Section: Groups, Body: body, Frame: Frame{User: "Anna", Path: "/groups"}})), draw(t, body, ResultsRegion)
	if !strings.HasPrefix(part, `<section id="results"`) || !strings.HasSuffix(part, "</section>") || strings.Count(whole, part) != 1 {
		t.Error("the region is not once in the page")
	}
}

// Whatever htmx enhances works without it, and nothing needs an unsafe CSP.
func TestEnhancementsStandOnLinksAndForms(t *testing.T) {
	for name, c := range everyPage() {
		html := draw(t, Document(Page{Title: name, Body: c, Frame: Frame{User: "Anna", Path: "/", Flashes: []Flash{{Text: "Done.", Undo: &Undo{Action: "/x"}}}}}))
		for _, tag := range regexp.MustCompile(`<\w+[^>]* hx-[a-z-]+=[^>]*>`).FindAllString(html, -1) { // hx-…:inherited says how, not what
			if !strings.Contains(tag, " href=") && !strings.Contains(tag, " action=") {
				t.Errorf("%s: htmx alone: %s", name, tag)
			}
		}
		if bad := regexp.MustCompile(`<[^>]+ (style|on\w+|hx-on\S*)=|<script>|<style`).FindString(html); bad != "" {
			t.Errorf("%s: refused by the CSP: %s", name, bad)
		}
		if n := strings.Count(html, "<h1"); n != 1 {
			t.Errorf("%s has %d h1", name, n)
		}
		seen := map[string]bool{}
		for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(html, -1) {
			if seen[id[1]] {
				t.Errorf("%s: the id %q is there twice", name, id[1])
			}
			seen[id[1]] = true
		}
	}
}

func everyPage() map[string]templ.Component {
	problems := access.Invalid{{Field: "name", Message: "Enter a name."}, {Field: "contacts[0]", Message: "There is no such contact."}}
	group := models.Group{ID: "0000000000000001", Name: "Plaza Hotel", ArchivedAt: new(noon.Unix())}
	anna := models.Contact{ID: "0000000000000003", Username: "anna"}
	people := []models.Contact{anna}
	detail := GroupDetail{Group: group, By: owner, Origin: "https://console.example", Now: noon}
	token := identity.Token{ID: "0000000000000004", Name: "Export"}
	bea := identity.Account{User: identity.User{ID: "0000000000000005", Name: "Bea", Role: access.Editor}, TOTP: true, Passkeys: 2, Sessions: 1, Tokens: 1, SeenAt: new(noon.Unix())}
	invitation := identity.Invitation{ID: "0000000000000006", Email: "carl@example.com", Role: access.Admin, ExpiresAt: noon.Unix()}
	selected, figures := sampleList(), models.Figures{Matched: db.Count{N: 2}, ToChange: db.Count{N: 1}, Skipped: []models.SkippedCount{{Reason: models.GoneMeanwhile, Count: db.Count{N: 1}}}}
	selected.At.Select = true
	running := jobs.Job{ID: "0000000000000007", Kind: models.BulkArchive.Kind(), State: jobs.Running, Needs: access.ArchiveGroups, Counted: true, Total: 900, Done: 300, Skipped: 1, StartedAt: new(noon.Unix() - 60)}
	finished := running
	finished.State, finished.FinishedAt, finished.UndoableUntil = jobs.Done, new(noon.Unix()), new(noon.Unix()+1)
	return map[string]templ.Component{
		"groups":         GroupsPage(sampleList()),
		"search":         SearchPage(Found{Q: "x", Results: append(GroupActions(group, owner), GroupResult(group), ContactResult(anna), UserResult(bea.User), Places()[0])}),
		"nothing found":  SearchPage(Found{Q: "x"}),
		"no groups":      GroupsPage(GroupList{By: owner, None: true}),
		"no match":       GroupsPage(GroupList{By: owner, At: GroupsAt{Q: "x"}}),
		"new group":      NewGroup(GroupForm{Members: Picker{Chosen: people, Found: people, Searched: true}, Problems: problems, Draft: 1, Now: noon}),
		"edit group":     EditGroup(group, GroupForm{}),
		"conflict":       Conflict(EditConflict{Fields: []models.FieldConflict{{Field: "name", Yours: "A", Theirs: "B"}}, Now: noon}),
		"group":          GroupOverview(detail),
		"members":        GroupMembersTab(GroupMembers{GroupDetail: detail, Members: people, Next: "x"}),
		"delete group":   DeleteGroup(GroupDelete{Group: group, By: owner, TypeName: true}),
		"contacts":       ContactsPage(ContactList{By: owner, Rows: people, Now: noon}),
		"new contact":    NewContact(ContactForm{}),
		"edit contact":   EditContact(anna, ContactForm{}),
		"contact":        ContactPage(ContactDetail{Contact: anna, By: owner, In: []models.Group{group}, Now: noon}),
		"delete contact": DeleteContact(ContactDelete{Contact: anna, Leaves: []models.Group{group}}),
		"tokens":         TokensPage(TokenList{Rows: []identity.Token{token}, Others: true, Now: noon}),
		"token":          TokenPage(TokenDetail{Token: token, Use: identity.TokenUse{Hours: make([]identity.TokenHour, 24)}, Now: noon}),
		"rotate token":   RotateToken(RotateForm{Token: token, Now: noon}),
		"end old secret": EndOldSecret(token, noon),
		"new token":      NewToken(TokenForm{}),
		"token made":     TokenSecretPage(TokenSecret{Token: token, Secret: "pcl_x"}),
		"revoke token":   RevokeToken(token, noon),
		"login":          Login(SignIn{Carried: []Hidden{{"name", "x"}}, Provider: "Acme"}),
		"setup":          SetupPage(Setup{}),
		"error":          ErrorPage(Failure{Status: 404, Title: "Not found", Search: true, Retry: "/groups"}),
		"auditor":        GroupsPage(GroupList{None: true, By: access.Actor{Kind: access.UserActor, Role: access.Auditor}}),
		"people":         UsersPage(UserList{Users: []identity.Account{bea}, Invitations: []identity.Invitation{invitation}, By: owner, Now: noon}),
		"person":         UserPage(UserDetail{Account: bea, By: owner, Now: noon}),
		"role":           ChangeRole(RoleForm{Account: bea, Own: true, Problems: access.Invalid{{Field: "sure", Message: "Say so."}}}),
		"disable":        DisableUser(UserQuestion{Account: bea, Now: noon}),
		"second factor":  ResetSecondFactor(UserQuestion{Account: bea, Now: noon}),
		"invite":         NewInvitation(InviteForm{Roles: access.Roles, Problems: problems}),
		"invited":        NewInvitationLink(InvitationLink{Invitation: invitation, Link: "https://console.example/invite/x", Now: noon}),
		"uninvite":       RevokeInvitation(invitation),
		"welcome":        WelcomePage(Welcome{Invitation: invitation, Workspace: "Acme", Secret: "x", Now: noon}),
		"settings":       SettingsPage(SettingsForm{General: identity.General{Avatars: true}, Off: true}),
		"policy":         PolicyPage(PolicyForm{Rules: []PolicyRule{{Role: access.Owner, Need: true, From: "2027-01-31", FactorCount: identity.FactorCount{People: 2, Without: 2}}}}),
		"roles":          RolesPage(),
		"all selected":   GroupsPage(selected),
		"bulk edit":      BulkPage(BulkForm{Action: models.BulkUpdate, BulkSet: GroupSet(models.BulkUpdate, []string{group.ID}, "", GroupsAt{}), Figures: figures, Sample: BulkGroups([]models.Group{group}), Now: noon}),
		"bulk delete":    BulkPage(BulkForm{Action: models.BulkDeleteContacts, BulkSet: ContactSet(models.BulkDeleteContacts, nil, "", ContactsAt{Select: true}), Figures: figures, Sample: BulkContacts(people), Problems: problems, Now: noon}),
		"jobs":           JobsPage(JobList{Jobs: []jobs.Job{running}, Next: "x", Now: noon}),
		"job":            JobPage(JobDetail{Job: running, By: owner, Now: noon}),
		"finished job":   JobPage(JobDetail{Job: finished, By: owner, Results: []jobs.Result{{ObjectID: group.ID, Name: group.Name, Result: jobs.Skipped, Reason: models.AlreadyArchived}}, Now: noon}),
		"documentation":  ErrorDocPage(ErrorDoc{Code: "conflict", Others: []string{"forbidden"}}),
	}
}

func TestRefusalsAreSentences(t *testing.T) {
	by := access.Actor{Kind: access.UserActor, Role: access.Moderator}
	for _, c := range []struct {
		right  access.Right
		owners []string
		want   string
	}{
		{access.DeleteGroups, []string{"Anna Smith"}, "Your role, Moderator, doesn't let you permanently delete groups. Owners and admins can. Anna Smith (owner) can change your role."},
		{access.ManageRoles, []string{"A", "B"}, "Your role, Moderator, doesn't let you change roles, or manage owners or admins. Owners can. A or B (owners) can change your role."},
		{access.EditContacts, nil, "Your role, Moderator, doesn't let you create or edit contacts. Owners, admins and editors can."},
	} {
		if got := Refusal(by, c.right, c.owners); got != c.want {
			t.Errorf("%s: %q", c.right, got)
		}
	}
	if got := draw(t, everyPage()["person"]); !strings.Contains(got, "Authenticator app and 2 passkeys") || !strings.Contains(got, "Reset second factor…") {
		t.Errorf("the second factor is not told: %s", got)
	}
}

func TestRowsSayWhyTheyAreThere(t *testing.T) {
	html := draw(t, GroupsPage(sampleList()))
	for _, want := range []string{"Plaza &lt;Hotel&gt;", "<mark>Kitchen</mark>", "… ", "member <bdi>hector</bdi>", "Remove filter: </span>Archived", `aria-sort="ascending"`} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestRefusedFormLeadsToItsFields(t *testing.T) {
	html := draw(t, everyPage()["new group"])
	for _, want := range []string{"There is a problem", `href="#name"`, `href="#find"`, `aria-describedby="name-error"`, `id="name-error"`, `aria-invalid="true"`} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Index(html, "There is a problem") > strings.Index(html, "<h1") {
		t.Error("the summary of errors stands below the heading")
	}
}

func TestAddresses(t *testing.T) {
	at := GroupsAt{Q: "a&b", Status: "archived", After: "x"}
	for got, want := range map[templ.SafeURL]templ.SafeURL{
		GroupsURL(GroupsAt{}):                            "/groups",
		GroupsURL(at):                                    "/groups?q=a%26b&status=archived&after=x",
		GroupsURL(at.sorted("name")):                     "/groups?q=a%26b&status=archived&sort=name",
		GroupsURL(at.sorted("created_at")):               "/groups?q=a%26b&status=archived&sort=created_at",
		DeleteGroupURL("i", ""):                          "/groups/i/delete",
		DeleteGroupURL("i", Then("/groups?q=a").at("j")): "/groups/i/delete?next=%2Fgroups%3Fq%3Da%23open-j",
		MembersURL("i", MembersAt{Q: "an"}):              "/groups/i/members?q=an",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestAriaSort(t *testing.T) {
	for _, c := range [][3]string{
		{"", "created_at", "descending"},
		{"created_at", "created_at", "ascending"},
		{"", "name", ""},
		{"name", "name", "ascending"},
		{"-name", "name", "descending"},
		{"-contacts_count", "contacts_count", "descending"},
	} {
		if got := ariaSort(c[0], c[1]); got != c[2] {
			t.Errorf("ariaSort(%q, %q) = %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestAgo(t *testing.T) {
	for past, want := range map[time.Duration]string{
		0: "just now", 90 * time.Second: "1 min ago", 3 * time.Hour: "3 h ago", 30 * time.Hour: "1 day ago",
		6 * 24 * time.Hour: "6 days ago", 8 * 24 * time.Hour: "15 Nov", 400 * 24 * time.Hour: "19 Oct 2025", -time.Hour: "in 1 h",
		-time.Second: "in 1 min", -59*time.Minute - 50*time.Second: "in 1 h", -23*time.Hour - 50*time.Minute: "in 1 day",
		10*time.Minute - 90*24*time.Hour: "in 90 days", -89*24*time.Hour - 11*time.Hour: "in 89 days",
	} {
		if got := ago(noon.Add(-past).Unix(), noon); got != want {
			t.Errorf("%v: %q, want %q", past, got, want)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Plaza Hotel": "PH", "tom": "T", "Maria-José de Ferreira": "MF", "…": "·", "": "·", "ödön": "Ö",
	} {
		if got := initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := thousands(n, noon); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestRoughly(t *testing.T) {
	for n, want := range map[int]string{
		10_001: "10,000", 12_345: "12,300", 98_765: "98,800", 999_499: "999,000", 999_500: "1 million",
		1_020_300: "1.02 million", 12_345_678: "12.3 million", 1_234_567_890: "1,234 million",
	} {
		if got := roughly(n, noon); got != want {
			t.Errorf("roughly(%d) is %q, not %q", n, got, want)
		}
	}
}

func TestTheListOfPeopleIsHonest(t *testing.T) {
	now := NewClock(time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC), identity.DayFirst)
	day := func(d int) int64 { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC).Unix() }
	off := day(1)
	l := UserList{Now: now, Policy: identity.Policy{SecondFactor: map[access.Role]int64{access.Editor: day(20), access.Auditor: day(28)}}}
	for _, c := range []struct {
		user identity.User
		want string
	}{
		{identity.User{Role: access.Editor}, "required since 20 November"},
		{identity.User{Role: access.Auditor}, "required from 28 November"},
		{identity.User{Role: access.Editor, DisabledAt: &off}, ""},
		{identity.User{Role: access.Admin}, ""},
	} {
		if got := l.requirement(&identity.Account{User: c.user}); got != c.want {
			t.Errorf("%s: %q, want %q", c.user.Role, got, c.want)
		}
	}
	for begins, want := range map[int64]string{0: "Never", day(10): "Never", day(21): "Not since 21 November"} {
		if got := neverSeen(identity.Account{User: identity.User{CreatedAt: day(20)}}, begins, now); got != want {
			t.Errorf("%d: %q, want %q", begins, got, want)
		}
	}
}

func TestATokensPageKnowsWhatIsOnTheWay(t *testing.T) {
	now := NewClock(time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC), identity.DayFirst)
	at := func(seconds int64) *int64 { at := now.Unix() - seconds; return &at }
	written := identity.TokenUse{Requests: []identity.TokenRequest{{CreatedAt: now.Unix() - 10}}}
	for name, c := range map[string]struct {
		used *int64
		use  identity.TokenUse
		want bool
	}{
		"never used":           {nil, identity.TokenUse{}, false},
		"the first":            {at(1), identity.TokenUse{}, true},
		"another":              {at(1), written, true},
		"all is written":       {at(10), written, false},
		"lost, a while before": {at(100), identity.TokenUse{}, false},
	} {
		if got := (TokenDetail{Token: identity.Token{LastUsedAt: c.used}, Use: c.use, Now: now}).pendingRequests(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
