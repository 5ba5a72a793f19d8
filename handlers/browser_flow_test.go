package handlers_test

import (
	"strings"
	"testing"

	cdbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// names are the first links of the rows that a tab shows.
const names = "all('tbody .name a').map(words).join(' ')"

func TestHistoryTellsTheTruth(t *testing.T) {
	t.Parallel()
	s := one(t)
	for _, name := range strings.Split("ABCDEFGHIJKLM", "") {
		s.group(name)
	}
	a := s.in(desk)
	a.visit("/groups?sort=name&limit=10")
	first := eval[string](a, names)
	a.click("Next")
	a.until("the second page", names+" === 'K L M'")
	a.focuses("h1")
	second := eval[string](a, "here()")
	a.follow(func() { a.do(chromedp.Reload()) })
	a.until("reloaded, the same", names+" === 'K L M'")
	b := s.in(desk)
	b.visit(second)
	b.until("in another tab, the same", names+" === 'K L M'")
	a.goes("L")
	a.follow(a.back)
	a.until("back, the same", names+" === 'K L M'")
	a.back()
	a.until("further back, the first page", names+" === "+quote(first))
	a.forward()
	a.until("forward, the second", names+" === 'K L M'")

	a.click("#q")
	a.types("m")
	a.until("found", names+" === 'M'")
	a.until("the address follows", "location.search.includes('q=m')")
	a.types("x")
	a.sees("main", "No groups match “mx”")
	a.back()
	a.until("Back leaves the search at once", names+" === 'K L M' && find('#q').value === ''")

	a.visit("/groups?limit=10")
	a.click("Actions for M")
	a.click("Archive")
	a.sees(`tr[data-status="archived"]`, "M")
	a.goes("L")
	a.follow(a.back)
	a.until("the list is told again", "!!find('#q')")
	a.until("and tells what is so", "!("+names+").startsWith('M') || find('tr[data-status=archived]')")
}

// back and forward go as the browser's buttons do. The document that history.back is asked
// of may be gone before it replies.
func (t *tab) back()    { t.Helper(); t.travel(-1) }
func (t *tab) forward() { t.Helper(); t.travel(1) }

func (t *tab) travel(by int64) {
	t.Helper()
	history := call(t, cdpage.GetNavigationHistory, cdp.Empty{})
	call(t, cdpage.NavigateToHistoryEntry, cdpage.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex+by].ID})
}

func TestTheSessionEndsInAnotherTab(t *testing.T) {
	t.Parallel()
	s := one(t)
	s.group("Plaza Hotel")
	a := s.in(desk)
	a.visit("/groups")
	s.post("/logout").wants(303)
	a.click("#q")
	a.types("plaza")
	a.sees("h1", "Sign in")
	a.until("the way back is kept", "new URLSearchParams(location.search).get('next').startsWith('/groups?q=p')")
	a.write("#email", email)
	a.write("#password", password)
	a.goes("Sign in")
	a.sees("tbody", "Plaza Hotel")
	a.until("what was typed is searched for", "find('#q').value !== '' && 'plaza'.startsWith(find('#q').value)")

	a.visit("/groups/new")
	a.write("#name", "Typed in vain?")
	call(a, network.ClearBrowserCookies, struct{}{})
	a.goes("Create group")
	a.sees("main", "What you entered is kept")
	a.write("#email", email)
	a.write("#password", password)
	a.goes("Sign in")
	a.until("what was typed is back", "find('#name').value === 'Typed in vain?'")
}

// TestTroubleIsToldInPlace lets the network, the server and the database fail
// while a list is looked at.
func TestTroubleIsToldInPlace(t *testing.T) {
	t.Parallel()
	needChromium(t)
	cluster := modelstest.StartCluster(t)
	store := modelstest.OpenEmpty(t, cluster.URL())
	s := open(t, store)
	s.setUp()
	s.group("Plaza Hotel")
	s.group("Grand Hotel")
	a := s.in(desk)
	for _, words := range []string{"net::ERR_INTERNET_DISCONNECTED", "htmx:error", "Failed to fetch", "Object"} {
		a.expect(words) // htmx says on the console what it tells us
	}
	a.visit("/groups")

	a.offline(true)
	a.click("#q")
	a.types("plaza")
	a.sees("#trouble", "Can't reach the server. Check your connection.")
	a.sees("tbody", "Grand Hotel")
	a.barriers("offline")
	a.offline(false)
	a.click("Try again")
	a.misses("tbody", "Grand Hotel")
	a.until("the bar is gone", "all('.trouble').length === 0")

	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	a.click("Name")
	a.sees("#trouble", "Try again in a moment.")
	a.until("the request is named", "/^Request [A-Z0-9]{16}$/.test(text('.trouble small'))")
	a.visit("/groups")
	a.sees("h1", "The database can't be reached")
	a.inspect("unavailable")
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	a.goes("Try again")
	a.sees("tbody", "Grand Hotel")

	eval[bool](a, "(document.querySelector('#results').id = 'resultsx', find('#resultsx').setAttribute('hx-target:inherited', '#resultsx'), true)")
	a.goes("Name") // to the page as it is by now
	a.at("/groups?sort=name")
	a.sees("tbody", "Grand Hotel")
}

// offline cuts the tab off from the network, or connects it again.
func (t *tab) offline(yes bool) {
	t.Helper()
	rules := []*network.Conditions{}
	if yes {
		rules = append(rules, &network.Conditions{Offline: true, DownloadThroughput: -1, UploadThroughput: -1})
	}
	call(t, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: rules})
}

func TestTwoBrowsersSeeWhatHappened(t *testing.T) {
	t.Parallel()
	s := one(t)
	g := s.group("Plaza Hotel")
	a, b := s.in(desk), s.tab(phone)
	b.visit("/login?next=/groups/" + g.ID + "/edit")
	b.write("#email", email)
	b.write("#password", password)
	b.goes("Sign in")
	a.visit("/groups/" + g.ID + "/edit")

	a.write("#name", "The Plaza")
	a.goes("Save changes")
	a.sees("h1", "The Plaza")
	b.write("#description", "With a view.")
	b.goes("Save changes")
	b.sees("h1", "The Plaza")
	b.sees("main", "With a view.")

	a.visit("/groups/" + g.ID + "/edit")
	b.visit("/groups/" + g.ID + "/edit")
	a.write("#name", "A’s Plaza")
	a.goes("Save changes")
	b.write("#name", "B’s Plaza")
	b.write("#description", "With two views.")
	b.goes("Save changes")
	b.sees(".summary", "Anna saved changes while you were editing")
	b.focuses(".summary")
	b.sees(".versus", "A’s Plaza")
	b.sees(".versus", "B’s Plaza")
	b.goes("Save")
	b.sees("h1", "B’s Plaza")
	a.visit("/groups/" + g.ID)
	a.sees("h1", "B’s Plaza")
	a.sees("main", "With two views.")
}

func TestFormsAreForgiving(t *testing.T) {
	t.Parallel()
	s := one(t)
	a := s.in(desk)
	a.visit("/groups/new")
	a.focuses("#name")
	a.types("Twice")
	a.follow(func() { a.clickTimes("Create group", 2) })
	a.sees("h1", "Twice")
	if page, err := s.store.Groups(s.Context(), models.GroupQuery{}); err != nil || len(page.Groups) != 1 {
		t.Errorf("a double click makes %d groups, %v", len(page.Groups), err)
	}

	a.visit("/groups/new")
	a.write("#description", "By Ctrl+Enter")
	a.write("#name", "Quick")
	a.follow(func() { a.press("ctrl+Enter") })
	a.sees("h1", "Quick")

	a.visit("/groups/new")
	a.write("#name", strings.Repeat("x", 250))
	a.sees(".counter", "250 / 255")
	a.hears("5 characters left")
	a.waitForPost("/drafts/new-group")
	a.stay = true
	a.click("Cancel")
	a.until("one is asked", "here() === '/groups/new'")
	if n := a.asked(); n != 1 {
		t.Errorf("one is asked %d times whether to leave", n)
	}
	a.stay = false
	a.goes("Cancel")
	a.at("/groups")
	a.visit("/groups/new")
	a.sees("main", "Restored from a draft saved")
	a.until("the text is back", "find('#name').value.length === 250")
	a.goes("Discard draft")
	a.until("the form is empty", "find('#name').value === ''")
}

// waitForPost waits until the tab has sent a form to a path.
func (t *tab) waitForPost(path string) {
	t.Helper()
	t.wait("a form goes to "+path, func() bool { return t.posts(path) > 0 })
}

// copies presses a button that copies a text.
func (t *tab) copies(button, want string) {
	t.Helper()
	t.click(button)
	t.hears("Copied")
	t.wait(button+" copies "+want, func() bool {
		copied, err := chromedp.Run(t.ctx, chromedp.Evaluate[string]("navigator.clipboard.readText()", chromedp.EvalAwaitPromise))
		return err == nil && copied == want
	})
}

func TestSmallHelps(t *testing.T) {
	t.Parallel()
	s := one(t)
	g := s.group("Plaza Hotel")
	a := s.in(desk)
	for _, permission := range []string{"clipboard-read", "clipboard-write"} {
		if _, err := chromedp.CallBrowser(a.ctx, cdbrowser.SetPermission, cdbrowser.SetPermissionParams{
			Permission: &cdbrowser.PermissionDescriptor{Name: permission}, Setting: cdbrowser.PermissionSettingGranted,
			BrowserContextID: chromedp.FromContext(a.ctx).BrowserContextID,
		}); err != nil {
			t.Fatal(err)
		}
	}
	a.visit("/groups/" + g.ID)
	a.copies("Copy group ID", g.ID)
	a.visit("/groups")
	a.click("Actions for Plaza Hotel")
	a.copies("Copy ID", g.ID)
	a.until("the item says so", "words(document.querySelector(':popover-open [data-copied]')) === 'Copied' && !!document.querySelector('[data-copied] use[href$=\"#check\"]')")
	a.until("the menu is closed, and says again what it does", "!document.querySelector(':popover-open') && document.querySelector('[data-copy-row]').textContent.includes('Copy ID')")
	a.focuses("Actions for Plaza Hotel")
	a.press("Enter")
	a.copies("Copy as curl", "curl "+s.url+"/v1/groups/"+g.ID+` -H "Authorization: Bearer {token}"`)
	a.visit("/groups/" + g.ID)
	a.click("Light theme")
	a.until("the theme is light", "document.documentElement.dataset.theme === 'light'")
	a.click("Dark theme")
	a.until("the theme is dark", "document.documentElement.dataset.theme === 'dark' && getComputedStyle(document.documentElement).colorScheme === 'dark'")

	b := s.tab(desk)
	b.visit("/login")
	b.write("#password", "secret words")
	for _, kind := range []string{"text", "password"} {
		b.click("Show password")
		b.until("the field is of type "+kind, "find('#password').type === "+quote(kind)+" && find('[data-reveal]').getAttribute('aria-pressed') === "+quote(map[string]string{"text": "true", "password": "false"}[kind]))
	}
}

func TestIdlenessIsAnnounced(t *testing.T) {
	t.Parallel()
	s := one(t)
	a := s.in(desk)
	a.visit("/groups")
	if idle := eval[string](a, "document.body.dataset.idle"); idle != "43200" {
		t.Errorf("the page knows of %s idle seconds, want 12 hours", idle)
	}
	eval[bool](a, "(document.body.dataset.idle = '120', dispatchEvent(new Event('pageshow')))")
	a.sees("#trouble", "You'll be signed out in 2 minutes.")
	eval[bool](a, "(document.body.dataset.idle = '43200', true)")
	a.click("Stay signed in")
	a.until("the warning is gone", "!find('#trouble .trouble')")
}

func TestPasswordsAreWeighed(t *testing.T) {
	t.Parallel()
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	code, err := s.store.Identity.Users.NewSetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := s.in(desk)
	a.visit("/setup?code=" + code)
	for _, weighed := range [][2]string{
		{"short", "7 more characters needed"}, {"aaaaaaaaaaaaa", "Weak"}, {"correct horse", "Fair"}, {"correct horse bat", "Strong"}, {"correct horse battery", "Very strong"},
	} {
		a.write("#password", weighed[0])
		a.sees("[data-strength]", weighed[1])
	}
}

// TestWhatPeopleAskOfTheirBrowser looks at a page without motion, in forced colours
// and with more contrast.
func TestWhatPeopleAskOfTheirBrowser(t *testing.T) {
	t.Parallel()
	s := one(t)
	s.group("Plaza Hotel")
	a := s.in(desk.preferring("prefers-reduced-motion", "reduce"))
	a.visit("/groups")
	a.click("Actions for Plaza Hotel")
	a.click("Archive")
	a.sees("#flashes", "archived.")
	a.until("nothing moves", "document.getAnimations().length === 0")
	for _, media := range [][2]string{{"forced-colors", "active"}, {"prefers-contrast", "more"}} {
		for _, look := range []screen{desk, desk.dark()} {
			a.look(look.preferring(media[0], media[1]).preferring("prefers-reduced-motion", "reduce"))
			a.barriers(media[0])
			a.shoot(media[0])
			a.until("a button has an edge", "getComputedStyle(find('Undo')).borderTopStyle === 'solid'")
		}
	}
}
