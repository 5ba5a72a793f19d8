package models_test

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

// Sizes at which a planner that has a choice chooses as it does for millions.
const (
	plannedGroups   = 70_000
	plannedContacts = 5_000
)

// plannedSample returns groups of which each tenth is archived, each hundredth rare, and
// each with three members. Every third has a word that only the last names begin with, and
// the oldest twentieth one that no others have.
func plannedSample() models.Sample {
	start := time.Now().Add(-365 * 24 * time.Hour)
	return models.Sample{
		Contacts: func(yield func(models.SampleContact) bool) {
			for i := range plannedContacts {
				c := models.SampleContact{CreatedAt: start.Add(time.Duration(i) * time.Second)}
				c.Username, c.PhoneNumber = fmt.Sprintf("user%d", i), fmt.Sprintf("+1 555 %07d", i)
				if !yield(c) {
					return
				}
			}
		},
		Groups: plannedGroupsFrom(start.Add(24 * time.Hour)),
	}
}

func plannedGroupsFrom(start time.Time) iter.Seq[models.SampleGroup] {
	return func(yield func(models.SampleGroup) bool) {
		for i := range plannedGroups {
			g := models.SampleGroup{CreatedAt: start.Add(time.Duration(i) * time.Minute)}
			g.Name, g.Description = fmt.Sprintf("The group %d of %c", i, 'a'+i%26), fmt.Sprintf("About thing %d", i*7919%plannedGroups)
			if i%3 == 0 {
				g.Name = "Tribe " + g.Name
			}
			if i < plannedGroups/20 {
				g.Description += ", ancient"
			}
			if i%50 == 0 {
				g.AvatarURL = "https://example.com/a.png"
			}
			if i%100 == 0 {
				g.Name += " zebra"
			}
			if i%7 == 0 {
				g.Name += " 産品会議室"
			}
			if i%10 == 0 {
				g.ArchivedAt = new(g.CreatedAt.Unix() + 60)
			}
			for m := range 3 {
				g.Members = append(g.Members, (i*3+m)%(plannedContacts-3)/3*3+m)
			}
			if !yield(g) {
				return
			}
		}
	}
}

// fullScan is a step of a plan that reads a whole table, whatever is asked for.
var fullScan = regexp.MustCompile(`Seq Scan on (` + largeTables + `)\b|SCAN (` + largeTables + `|d)\n`)

// largeTables are those that grow without limit; d is how statements call webhook_deliveries.
const largeTables = "groups|contacts|memberships|messages|conversations|audit_lines|audit_seals|webhook_deliveries|webhook_attempts|events"

// sorting is a step that must have all rows before it can give the first.
var sorting = regexp.MustCompile(`USE TEMP B-TREE FOR ORDER BY|(?m)^ *(-> +)?(Incremental )?Sort `)

func TestPlansScanNoTable(t *testing.T) {
	modelstest.Slow(t)
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		if err := store.Seed(t.Context(), by, plannedSample(), func(string, int) {}); err != nil {
			t.Fatal(err)
		}
		p := &planner{T: t, store: store}
		if err := store.DB.Watch(p.see); err != nil {
			t.Fatal(err)
		}
		middle, err := store.Groups(t.Context(), models.GroupQuery{Range: db.Range{After: db.Cursor{
			ID: text.FirstID(time.Now().Add(-360 * 24 * time.Hour)),
		}, Limit: 1}})
		if err != nil || len(middle.Groups) != 1 {
			t.Fatalf("no group in the middle: %v", err)
		}
		g := middle.Groups[0].Group
		member, err := store.Members.List(t.Context(), models.MemberQuery{Group: g.ID, Range: db.Range{Limit: 1}})
		if err != nil {
			t.Fatal(err)
		}
		p.totals()
		p.lists(g)
		p.searches(member.Contacts[0])
		p.bounds(g, member.Contacts[0])
		p.limits(g)
		p.others(g)
	})
}

// totals are exact as far as that is cheap, and honest beyond.
func (p *planner) totals() {
	for status, want := range map[models.Status]db.Count{
		models.AnyStatus: {N: plannedGroups, About: true},
		models.Active:    {N: plannedGroups * 9 / 10, About: true},
		models.Archived:  {N: plannedGroups / 10},
	} {
		n, err := p.store.CountGroups(p.Context(), models.GroupQuery{Status: status})
		off := n.N - want.N
		if err != nil || n.About != want.About || n.More || off != 0 && !n.About || max(off, -off) > want.N/50 {
			p.Errorf("there are %+v %s groups, %v; want %+v", n, status, err, want)
		}
	}
	n, err := p.store.CountContacts(p.Context(), models.ContactQuery{})
	if err != nil || n != (db.Count{N: plannedContacts}) {
		p.Errorf("there are %+v contacts, %v", n, err)
	}
}

// planner looks at the plan of every statement that a call of the store makes.
type planner struct {
	*testing.T
	store *models.Store
	mu    sync.Mutex // facets are counted beside one another
	calls []db.Seen
}

func (p *planner) see(seen db.Seen) {
	if strings.HasPrefix(seen.SQL, "EXPLAIN") {
		return // looks at no rows
	}
	seen.Values = slices.Clone(seen.Values)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, seen)
}

// plan fails the test if a statement of the call reads a table whole, or sorts where it may
// not.
func (p *planner) plan(what string, maySort bool, call func() error) {
	p.Helper()
	p.calls = nil
	if err := call(); err != nil {
		p.Errorf("%s: %v", what, err)
	}
	if len(p.calls) == 0 {
		p.Errorf("%s: no statement was seen", what)
	}
	for _, c := range p.calls {
		if strings.Contains(strings.ToUpper(c.SQL), "OFFSET") {
			p.Errorf("%s: uses OFFSET: %s", what, c.SQL)
		}
		plan, err := p.store.Explain(p.Context(), c)
		p.judge(what, maySort, c, plan, err)
		if c.Reused {
			plan, err = p.store.ExplainReused(p.Context(), c)
			p.judge(what+", planned for any values", maySort, c, plan, err)
		}
	}
}

func (p *planner) judge(what string, maySort bool, c db.Seen, plan string, err error) {
	p.Helper()
	switch {
	case err != nil:
		p.Errorf("%s: %v", what, err)
	case fullScan.MatchString(plan):
		p.Errorf("%s reads a whole table: %s\n%s", what, c.SQL, plan)
	case !maySort && sorting.MatchString(plan):
		p.Errorf("%s sorts: %s\n%s", what, c.SQL, plan)
	}
}

func (p *planner) groups(what string, maySort bool, q models.GroupQuery) {
	p.Helper()
	p.plan(what, maySort, func() error { _, err := p.store.Groups(p.Context(), q); return err })
}

// lists asks for every order of every status, at the start and in the middle.
func (p *planner) lists(g models.Group) {
	for _, status := range []models.Status{models.AnyStatus, models.Active, models.Archived} {
		for _, sort := range models.GroupSorts {
			if sort == models.ByArchived && status != models.Archived {
				continue
			}
			for _, reverse := range []bool{false, true} {
				q := models.GroupQuery{Status: status, Sort: sort, Reverse: reverse}
				what := fmt.Sprintf("groups %s by %s %v", status, sort, reverse)
				p.groups(what, false, q)
				q.After = q.Cursor(g)
				p.groups(what+" after", false, q)
				q.Before, q.After = q.After, db.Cursor{}
				p.groups(what+" before", false, q)
				q.Before, q.Last = db.Cursor{}, true
				p.groups(what+" last", false, q)
			}
		}
	}
}

// searches asks for words of every frequency and for the operators.
func (p *planner) searches(member models.Contact) {
	for _, text := range []string{"the", "zebra", "nothing", "th", "ze", "a", "%", "🎉", "::", "is:empty", "member:user77", "会", "会議", "産品会議", "議会", "member:+1 (555)", "the -zebra", "created:>2020-01-01 the", member.ID} {
		for _, status := range []models.Status{models.AnyStatus, models.Active, models.Archived} {
			p.groups(fmt.Sprintf("search %s %s", text, status), true, models.GroupQuery{Search: models.ParseSearch(text, nil), Status: status})
		}
	}
	p.groups("groups of a member", true, models.GroupQuery{Contact: member.ID, WithContacts: true})
	for _, text := range []string{"user", "user4999", "55500012", "nobody", "+1 (555) 00012", "+1 5 5", ""} {
		p.plan("contacts "+text, true, func() error {
			_, err := p.store.Contacts(p.Context(), models.ContactQuery{Text: text, WithGroups: true})
			return err
		})
	}
	p.plan("contacts by name", false, func() error {
		_, err := p.store.Contacts(p.Context(), models.ContactQuery{Sort: models.ContactsByName})
		return err
	})
}

// bounds asks for words that stand where an order ends, that all have, and that none
// has, with every filter. Nothing may make a statement look at most groups.
func (p *planner) bounds(g models.Group, member models.Contact) {
	told := 0
	for _, text := range []string{
		"tribe", "ancient", "the", "-e", "the -group", "nothing", "zebra -zebra", `"group tribe"`, "is:empty", "tribe is:empty",
		"created:<2000-01-01 the", "the no:description -tribe", "会", "会議室", "室会", "member:+1-555-00012",
	} {
		for _, sort := range []models.GroupSort{models.ByCreated, models.ByName, models.ByMembers} {
			for _, contact := range []string{"", member.ID} {
				q := models.GroupQuery{Search: models.ParseSearch(text, nil), Sort: sort, Contact: contact, Status: models.Active}
				what := fmt.Sprintf("search %s by %s of %q", text, sort, contact)
				p.bounded(what, func() error { _, err := p.store.Groups(p.Context(), q); return err })
				if p.agrees(what, q) {
					told++
				}
				q.After = q.Cursor(g)
				p.bounded(what+" after", func() error { _, err := p.store.Groups(p.Context(), q); return err })
			}
		}
		p.bounded("count "+text, func() error {
			_, err := p.store.CountGroups(p.Context(), models.GroupQuery{Search: models.ParseSearch(text, nil), Status: models.Active})
			return err
		})
	}
	if told == 0 {
		p.Error("no page told how many there are in all")
	}
	p.honest()
}

// agrees reports whether a page says how many there are in all. It has to be what one would
// have counted.
func (p *planner) agrees(what string, q models.GroupQuery) bool {
	page, err := p.store.Groups(p.Context(), q)
	counted, err2 := p.store.CountGroups(p.Context(), q)
	switch n := page.Count; {
	case err != nil || err2 != nil:
		p.Errorf("%s: %v, %v", what, err, err2)
	case n == nil:
		return false
	case *n != counted:
		p.Errorf("%s: the page says that there are %+v, but there are %+v", what, *n, counted)
	}
	return true
}

// mostLooked is how many rows one step of a plan may look at.
const mostLooked = 25_000

// looked is a step of PostgreSQL's plan as it was carried out. What a bitmap lists is
// not looked at.
var looked = regexp.MustCompile(`(?:-> +|^ *)([A-Z][a-zA-Z ]*).*actual rows=(\d+) loops=(\d+)|Rows Removed by [A-Za-z ]+: (\d+)`)

// innerLimit ends what a search looks at.
var innerLimit = regexp.MustCompile(`LIMIT \d{4,}\)`)

// bounded fails the test if a statement of the call looks at more rows than mostLooked, or
// on SQLite, which doesn't count them, has no limit of them.
func (p *planner) bounded(what string, call func() error) {
	p.Helper()
	p.calls = nil
	if err := call(); err != nil {
		p.Errorf("%s: %v", what, err)
	}
	for _, c := range p.calls {
		plan, err := p.store.ExplainRun(p.Context(), c)
		if err != nil {
			p.Errorf("%s: %v", what, err)
		}
		// PostgreSQL may gather what it knows to be little without a limit.
		if strings.Contains(c.SQL, ".search") && !innerLimit.MatchString(c.SQL) && !strings.Contains(plan, "Bitmap Index Scan") {
			p.Errorf("%s has no limit: %s", what, c.SQL)
		}
		for _, step := range looked.FindAllStringSubmatch(plan, -1) {
			rows, _ := strconv.Atoi(step[2] + step[4])
			if rows > mostLooked && !strings.HasPrefix(step[1], "Bitmap Index Scan") {
				p.Errorf("%s looks at %d rows: %s\n%s", what, rows, c.SQL, plan)
			}
		}
	}
}

// limits asks for every filter, for those of which few groups have all, and for the numbers
// beside them, in every order and in the middle.
func (p *planner) limits(g models.Group) {
	statuses := []models.Status{models.AnyStatus, models.Active}
	for i, text := range []string{
		"members:0", "members:3", "members:1..9", "members:>=100", "has:description", "no:description", "has:avatar", "no:avatar",
		"created:>9m", "updated:>9m", "updated:<11m", "active:<90d", "active:>90d", "archived:<90d", "by:nobody", "by:Ada", "is:duplicate",
		"no:avatar members:3 updated:<2y", "has:avatar has:description active:<1m tribe", "created:<2000-01-01 no:avatar",
	} {
		for n, status := range statuses {
			if modelstest.Rounds(1, 2) == 1 && n != i%2 {
				continue // both statuses have half of the filters, in every order
			}
			for _, sort := range []models.GroupSort{models.ByCreated, models.ByName, models.ByUpdated} {
				q := models.GroupQuery{Search: models.ParseSearch(text, nil), Sort: sort, Status: status}
				what := fmt.Sprintf("%s %s by %s", text, status, sort)
				p.limited(what, q)
				q.After = q.Cursor(g)
				p.limited(what+" after", q)
			}
		}
	}
	for _, text := range []string{"", "has:avatar", "tribe", "is:archived"} {
		q := models.GroupQuery{Search: models.ParseSearch(text, nil), Status: models.Active}
		count := func() error { _, err := p.store.Facets.OfGroups(p.Context(), q); return err }
		p.plan("facets of "+text, true, count)
		p.bounded("facets of "+text, count)
	}
	p.plan("creators", true, func() error { _, err := p.store.Creators.All(p.Context()); return err })
}

// limited looks at a page of a list with filters, its number of groups, and its place.
func (p *planner) limited(what string, q models.GroupQuery) {
	p.Helper()
	all := func() error {
		page, err := p.store.Groups(p.Context(), q)
		if err != nil {
			return err
		}
		if _, err := p.store.GroupsBefore(p.Context(), page); err != nil {
			return err
		}
		_, err = p.store.GroupsCount(p.Context(), page)
		return err
	}
	p.plan(what, true, all)
	p.bounded(what, all)
}

// honest searches answer all of the page, or say that they don't.
func (p *planner) honest() {
	for _, test := range []struct {
		q       models.GroupQuery
		partial bool
	}{
		{models.GroupQuery{Search: models.ParseSearch("ancient", nil)}, false},
		{models.GroupQuery{Search: models.ParseSearch("zebra", nil), Sort: models.ByName}, false},
		{models.GroupQuery{Search: models.ParseSearch("tribe", nil), Sort: models.ByName, Reverse: true}, false},
		{models.GroupQuery{Search: models.ParseSearch("tribe", nil), Sort: models.ByName}, true},
	} {
		page, err := p.store.Groups(p.Context(), test.q)
		if err != nil || len(page.Groups) != db.DefaultLimit || len(page.Search.Hints) > 0 != test.partial {
			p.Errorf("%+v: %d groups, %v, %v", test.q, len(page.Groups), page.Search.Hints, err)
		}
	}
	oldest, err := p.store.Groups(p.Context(), models.GroupQuery{Reverse: true, Range: db.Range{Limit: 1}})
	page, err2 := p.store.Groups(p.Context(), models.GroupQuery{Search: models.ParseSearch("ancient", nil), Reverse: true})
	if err != nil || err2 != nil || len(page.Groups) == 0 || page.Groups[0].ID != oldest.Groups[0].ID {
		p.Errorf("the oldest of the ancient is not the oldest: %v, %v", err, err2)
	}
}

// others asks what the pages of one group ask.
func (p *planner) others(g models.Group) {
	ctx := p.Context()
	p.plan("a group", true, func() error { _, err := p.store.Group(ctx, g.ID); return err })
	p.plan("the first page with members", true, func() error {
		_, err := p.store.Groups(ctx, models.GroupQuery{WithContacts: true})
		return err
	})
	p.plan("members", true, func() error { _, err := p.store.Members.List(ctx, models.MemberQuery{Group: g.ID}); return err })
	p.plan("messages", true, func() error { _, err := p.store.Messages.List(ctx, g.ConversationID, db.Range{}); return err })
	p.plan("the number of messages", true, func() error { _, err := p.store.Messages.MessagesCount(ctx, g.ConversationID); return err })
	p.plan("a name taken", true, func() error { _, err := p.store.NameTaken(ctx, g.Name); return err })
	p.plan("a conversation's id", true, func() error {
		_, err := p.store.Groups(ctx, models.GroupQuery{Search: models.ParseSearch(g.ConversationID, nil)})
		return err
	})
}
