package handlers_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
	"protocol.chat/console/models/webhooks"
)

// town is a site with something of everything in it.
type town struct {
	*site
	group, archived, busy, empty models.Group
	contact                      models.Contact
	token                        identity.Token
}

// people are sample contacts: usernames and display names.
var people = [][2]string{
	{"hector", "Hector McCallister"},
	{"madeline.k", "Madeline Kowalski"},
	{"cedric_d", "Cédric Dubois"},
	{"yuki", "佐藤 由紀"},
	{"amara", "Amara Okafor"},
	{"jonas-w", "Jonas Weber"},
	{"priya", "Priya Natarajan"},
	{"t.oconnor", "Tomás O’Connor"},
	{"leila", "Leïla Benali"},
	{"sven", "Sven Lindqvist"},
	{"mina", ""},
	{"olu", "Oluwaseun Adeyemi"},
}

// groups are sample groups: names and descriptions, the oldest first.
var groups = [][2]string{
	{"Winter Market 2025", "Stalls, permits and the rota for the mulled wine."},
	{"Harbour Rowing Club", "Training times, boats and who has the key to the boathouse."},
	{"Night Shift, Ward 4", "Who swaps with whom, and the coffee list."},
	{"Beekeepers of the Valley", ""},
	{"Book Club on Thursdays", "This month: “The Left Hand of Darkness”. Bring something to drink."},
	{"Riverside Allotments", "Water rota, tool shed and the annual seed exchange."},
	{"Street Choir", "Sheet music and dates. No auditions."},
	{"Open Source Evenings", "Hack on something together, every second Tuesday."},
	{"Parents, Class 3b", "Trips, homework and lost jackets."},
	{"Café Volunteers", "Shifts for the repair café, and what is broken this week."},
	{"Chess in the Park", ""},
	{"Plaza Hotel", "World-renowned, with a view of the park. Front desk, kitchen and night porters talk here."},
}

// newTown makes a town of names for groups and people.
func newTown(t *testing.T, groups, people [][2]string) *town {
	t.Helper()
	v := &town{site: one(t)}
	at := time.Now().AddDate(-1, 0, 0)
	v.store.DB.Now = func() time.Time { return at }
	v.invited(text.Straight(people[0][1])) // which has run out by now
	contacts := make([]models.Contact, len(people))
	for i, p := range people {
		contacts[i] = v.person(p[0], p[1])
	}
	for i, g := range groups {
		at = time.Now().Add(-time.Duration((len(groups)-i)*(len(groups)-i)*17) * time.Hour)
		members := contacts[i*len(contacts)/len(groups)/2:]
		v.group = v.describedGroup(g[0], g[1], members[:len(members)*((i+2)%4)/4])
		switch i {
		case 0:
			v.archived = v.group
		case 1:
			v.busy = v.group
		case 2:
			v.empty = v.group
		}
	}
	v.store.DB.Now = time.Now
	v.history()
	if _, err := v.store.Messages.PostMessage(v.Context(), v.by, v.busy.ConversationID, models.NewMessage{Text: "Hello"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := v.store.ArchiveGroup(v.Context(), v.by, v.archived.ID, 0); err != nil {
		t.Fatal(err)
	}
	v.contact = contacts[0]
	v.token = v.newToken(groups[0][0], 0)
	v.newToken("Nightly export", 90*24*time.Hour)
	return v
}

func (v *town) person(username, name string) models.Contact {
	v.Helper()
	phone := "+41 44 668 18 00"
	c, err := v.store.CreateContact(v.Context(), v.by, models.ContactChange{Username: &username, DisplayName: new(text.Straight(name)), PhoneNumber: &phone}, nil)
	if err != nil {
		v.Fatal(err)
	}
	if name != "" {
		v.called("contacts SET display_name", c.ID, name)
		c.DisplayName = &name
	}
	return c
}

// called gives something a name as it could have been before there was a rule for names.
func (v *town) called(set, id, name string) {
	v.Helper()
	modelstest.Exec(v.T, v.store, fmt.Sprintf("UPDATE %s = '%s' WHERE id = '%s'", set, strings.ReplaceAll(name, "'", "''"), id))
}

func (v *town) describedGroup(name, description string, members []models.Contact) models.Group {
	v.Helper()
	refs := []models.ContactRef{}
	for _, m := range members {
		refs = append(refs, models.ContactRef{ID: m.ID})
	}
	g, err := v.store.CreateGroup(v.Context(), v.by, models.GroupChange{Name: new(text.Straight(name)), Description: &description, Contacts: &refs}, nil)
	if err != nil {
		v.Fatal(err)
	}
	v.called("groups SET name", g.ID, name)
	g.Name = name
	return g.Group
}

// queued starts a job that nobody runs, and is its id.
func (v *town) queued(b models.Bulk) string {
	v.Helper()
	job, err := v.store.BulkChanges.StartBulk(v.Context(), v.by, b, "Winter is over.")
	if err != nil {
		v.Fatal(err)
	}
	return job.ID
}

// finished makes a bulk change, and is the id of its job.
func (v *town) finished(b models.Bulk) string {
	v.Helper()
	job, err := v.store.BulkChanges.RunBulkNow(v.Context(), v.by, b, "Asked for by the council.")
	if err != nil {
		v.Fatal(err)
	}
	return job.ID
}

// describeAgain changes a group's description, which open pages hear of.
func (v *town) describeAgain(g models.Group) {
	v.Helper()
	description := "Described by somebody else: " + rand.Text()
	if _, err := v.store.UpdateGroup(v.Context(), v.by, g.ID, models.GroupChange{Description: &description}); err != nil {
		v.Fatal(err)
	}
	v.relay()
}

// savedView saves a view for all, unless there is one of this name, and pins it.
func (v *town) savedView(name string) {
	v.Helper()
	views := v.store.Identity.SavedViews
	saved, err := views.Replace(v.Context(), v.by, identity.ViewChange{Name: &name, Query: new("q=active:<90d&sort=name"), Shared: new(true)})
	if err == nil {
		err = views.Pin(v.Context(), v.by, saved.ID)
	}
	if err != nil {
		v.Fatal(err)
	}
}

// hooked returns a delivery to a webhook of the town, which was sent once.
func (v *town) hooked() webhooks.Delivery {
	v.Helper()
	query := webhooks.DeliveryQuery{}
	page, err := v.store.Webhooks.Deliveries(v.Context(), v.by, query)
	if err == nil && len(page.Deliveries) == 0 {
		aDelivery(v.site)
		if err = v.store.Webhooks.Run(v.Context()); err == nil {
			page, err = v.store.Webhooks.Deliveries(v.Context(), v.by, query)
		}
	}
	if err != nil {
		v.Fatal(err)
	}
	return page.Deliveries[0]
}

// message posts a message in the busy group, and returns its id.
func (v *town) message() string {
	m, err := v.store.Messages.PostMessage(v.Context(), v.by, v.busy.ConversationID, models.NewMessage{Text: "Is the boathouse open?\nI have left my jacket there."}, nil)
	if err != nil {
		v.Fatal(err)
	}
	return m.ID
}

// ruled makes a rule, unless there is one, and returns its id. The busy group has a date and the
// empty one is exempt.
func (v *town) ruled() string {
	v.Helper()
	rules, err := v.store.Rules.List(v.Context(), v.by)
	if err != nil {
		v.Fatal(err)
	}
	if len(rules) > 0 {
		return rules[0].ID
	}
	id := aRule(v.site)
	_, err = v.store.Rules.Schedule(v.Context(), v.by, v.busy.ID, "2999-05-03", "The season ends.", time.UTC)
	if err == nil {
		err = v.store.Rules.SetExempt(v.Context(), v.by, v.empty.ID, true)
	}
	if err != nil {
		v.Fatal(err)
	}
	return id
}

func (v *town) newToken(name string, good time.Duration) identity.Token {
	v.Helper()
	n := identity.NewToken{Name: text.Straight(name), Scopes: access.ReadScopes()}
	if good > 0 {
		n.ExpiresAt = new(time.Now().Add(good).Unix())
	}
	token, _, err := v.store.Identity.Tokens.CreateToken(v.Context(), v.by, n, nil)
	if err != nil {
		v.Fatal(err)
	}
	return token
}

// changes changes the busy group, and is the id of the line that says so.
func (v *town) changes() string {
	v.Helper()
	at := rand.Text()[:6]
	long := "Training times, boats, and who has the key to the boathouse. Rowers come at six, the others when they are awake. " +
		"Whoever is last puts the oars back, counts the life jackets, and locks the gate. "
	description := long + "The key is with " + at + " this week. " + long + "In winter the boathouse opens at " + at[:2] + " only."
	line := v.site.update(v.busy.ID, models.GroupChange{Name: new(v.busy.Name + " " + at), Description: &description})
	if err := v.store.Audit.Seal(v.Context()); err != nil {
		v.Fatal(err)
	}
	return line.ID
}

// use lets a token have been used: once in a while, and with errors.
func (v *town) use(token identity.Token) {
	v.Helper()
	calls := []identity.TokenRequest{
		{Method: "GET", Path: "/v1/groups", Status: 200, MS: 2},
		{Method: "GET", Path: "/v1/groups/" + v.group.ID + "/contacts", Status: 200, MS: 4},
		{Method: "POST", Path: "/v1/groups", Status: 403, MS: 1},
		{Method: "PUT", Path: "/v1/groups/" + v.group.ID, Status: 200, MS: 12},
	}
	now := time.Now()
	defer func() { v.store.DB.Now = time.Now }()
	for hour := 23; hour >= 0; hour-- {
		v.store.DB.Now = func() time.Time { return now.Add(-time.Duration(hour) * time.Hour) }
		for n := range (hour*hour*7)%60 + 1 {
			call := calls[n%len(calls)]
			call.TokenID, call.IP, call.RequestID = token.ID, "203.0.113.7", rand.Text()[:16]
			v.store.Identity.Tokens.RecordUse(call)
		}
		if err := v.store.Identity.Tokens.FlushUses(v.Context()); err != nil {
			v.Fatal(err)
		}
	}
}

// rotated is a token whose old secret still works.
func (v *town) rotated() identity.Token {
	v.Helper()
	token := v.newToken("Sync", 365*24*time.Hour)
	token, _, err := v.store.Identity.Tokens.RotateToken(v.Context(), v.by, token.ID, 24*time.Hour, nil)
	if err != nil {
		v.Fatal(err)
	}
	return token
}

// history is what happened a year ago: a rule, and then none.
func (v *town) history() {
	v.Helper()
	past := modelstest.Second(v.T, v.store, time.Now().AddDate(-1, 0, 0))
	for _, rule := range []identity.Policy{{SecondFactor: map[access.Role]int64{access.Auditor: 0}}, {}} {
		if err := past.Identity.Policies.SetPolicy(v.Context(), v.by, rule); err != nil {
			v.Fatal(err)
		}
	}
}

// cut has the activity of more than 90 days ago deleted.
func (v *town) cut() {
	v.Helper()
	err := errors.Join(v.store.Audit.Seal(v.Context()), v.store.Audit.Retention.SetRule(v.Context(), v.by, "P90D"), v.store.Audit.Retention.DeleteOld(v.Context()), v.store.Audit.Seal(v.Context()))
	if err != nil {
		v.Fatal(err)
	}
}

// TestEveryPage looks at every page in every state, in both themes, on a desk and
// on a phone.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	needChromium(t)
	inParts(t, 8, scenes, func(t *testing.T, scenes []scene) {
		v := newTown(t, groups, people)
		a := v.in(desk)
		for _, scene := range scenes {
			scene.show(a, v)
			a.inspect(scene.name)
		}
	})
}

// inParts runs a test of scenes in n parts beside each other, so that none takes long.
func inParts(t *testing.T, n int, scenes []scene, test func(t *testing.T, part []scene)) {
	t.Helper()
	for part := range n {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			var mine []scene
			for i := part; i < len(scenes); i += n {
				mine = append(mine, scenes[i])
			}
			test(t, mine)
		})
	}
}

// TestTheFirstPages looks at what is there before anything else is.
func TestTheFirstPages(t *testing.T) {
	t.Parallel()
	needChromium(t)
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	a := s.tab(desk)
	a.visit("/")
	a.sees("h1", "Set up your console")
	a.inspect("setup")
	a.goes("Continue")
	a.inspect("setup code refused")
	code, err := s.store.Identity.Users.NewSetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.write("#code", code)
	a.goes("Continue")
	a.goes("Set up console")
	a.inspect("setup refused")
	s.setUp()
	a.visit("/groups")
	a.at("/login?next=%2Fgroups")
	a.inspect("login")
	a.write("#email", email)
	a.write("#password", "wrong")
	a.goes("Sign in")
	a.sees(".summary", "Incorrect email or password.")
	a.inspect("login refused")
	a.visit("/docs/errors/unauthorized")
	a.inspect("error docs for strangers")
	a.signIn(s.browser)
	for name, path := range map[string]string{"groups none": "/groups", "contacts none": "/contacts", "tokens none": "/settings/tokens", "groups archived none": "/groups?status=archived"} {
		a.visit(path)
		a.inspect(name)
	}
}

// urlWord is the first word of a name, as a search in an address.
func urlWord(name string) string {
	word, _, _ := strings.Cut(name, " ")
	return url.QueryEscape(strings.ToLower(word))
}
