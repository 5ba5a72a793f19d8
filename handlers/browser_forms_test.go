package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"protocol.chat/console/models"

	"protocol.chat/console/models/modelstest"
)

// TestLinksOpenElsewhere clicks every kind of link as those do who want another tab.
func TestLinksOpenElsewhere(t *testing.T) {
	t.Parallel()
	s := one(t)
	for _, name := range strings.Split("ABCDEFGHIJKLM", "") {
		s.group(name)
	}
	g := s.group("Plaza Hotel", s.contact("hector"))
	a := s.in(desk)
	for _, place := range []struct {
		page  string
		menu  string
		links []string
	}{
		{"/groups?limit=10&status=all", "", []string{"Plaza Hotel", "#sort-name", "Next", ".chip", "Contacts", "New group", ".sizes a:not([aria-current])"}},
		{"/groups", "Actions for Plaza Hotel", []string{"Open", "Edit", "Delete…"}},
		{"/groups/" + g.ID, "", []string{".tabs a:not([aria-current])", ".back", "Edit"}},
		{"/groups/" + g.ID + "/members", "", []string{".c-name a"}},
		{"/contacts", "", []string{"#sort-name", "hector"}},
	} {
		a.visit(place.page)
		for i, link := range place.links {
			for n, how := range []struct {
				name   string
				held   chromedp.Modifier
				button input.MouseButton
			}{{"ctrl", chromedp.ModifierCtrl, input.MouseButtonLeft}, {"shift", chromedp.ModifierShift, input.MouseButtonLeft}, {"middle", 0, input.MouseButtonMiddle}} {
				if n != i%3 && modelstest.Rounds(0, 1) == 0 { // one way for each link, and nightly all
					continue
				}
				if place.menu != "" {
					a.visit(place.page) // with its menu closed
					a.click(place.menu)
				}
				before, here := a.targets(), eval[string](a, "here()")
				x, y := a.middle(link)
				a.do(chromedp.MouseClickXY(x, y, chromedp.ButtonType(how.button), chromedp.ButtonModifiers(how.held)))
				var opened []target.ID
				a.wait(how.name+" on "+link+" opens another tab", func() bool {
					opened = added(before, a.targets())
					return len(opened) == 1
				})
				if at := eval[string](a, "here()"); at != here || eval[bool](a, "!!document.querySelector('dialog[open]')") {
					t.Errorf("%s on %s leads this tab from %s to %s", how.name, link, here, at)
				}
				a.closeTargets(opened)
			}
		}
	}
}

// targets are the tabs of the tab's browser context.
func (t *tab) targets() []target.ID {
	t.Helper()
	all, err := chromedp.CallBrowser(t.ctx, target.GetTargets, target.GetTargetsParams{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []target.ID
	for _, info := range all.TargetInfos {
		if info.Type == "page" && info.BrowserContextID == chromedp.FromContext(t.ctx).BrowserContextID {
			ids = append(ids, info.TargetID)
		}
	}
	return ids
}

// added are those of now that were not there before.
func added(before, now []target.ID) []target.ID {
	var ids []target.ID
	for _, id := range now {
		if !slices.Contains(before, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (t *tab) closeTargets(ids []target.ID) {
	t.Helper()
	for _, id := range ids {
		if _, err := chromedp.CallBrowser(t.ctx, target.CloseTarget, target.CloseTargetParams{TargetID: id}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBackIntoAForm goes back to forms that were sent, with scripts and without.
func TestBackIntoAForm(t *testing.T) {
	t.Parallel()
	for _, look := range []screen{desk, desk.withoutScripts()} {
		t.Run(look.String(), func(t *testing.T) {
			t.Parallel()
			s := one(t)
			a := s.in(look)
			a.visit("/groups/new")
			a.write("#name", "First")
			a.goes("Create group")
			a.sees("h1", "First")
			a.follow(a.back)
			a.sees("h1", "New group")
			a.goes("Cancel")
			if n := a.asked(); n != 0 {
				t.Errorf("one is asked %d times whether to leave what was saved", n)
			}
			a.follow(a.back)
			a.sees("h1", "New group")
			a.write("#name", "Second")
			a.goes("Create group")
			a.sees("h1", "Second")
			if page, err := s.store.Groups(s.Context(), models.GroupQuery{}); err != nil || len(page.Groups) != 2 {
				t.Errorf("there are %d groups, %v", len(page.Groups), err)
			}

			a.goes("Edit")
			a.write("#name", "Third")
			a.goes("Save changes")
			a.sees("h1", "Third")
			a.follow(a.back)
			a.sees("h1", "Edit")
			a.write("#name", "Fourth")
			a.goes("Save changes")
			a.sees("h1", "Fourth")
			a.follow(a.back)
			a.sees("h1", "Edit")
			a.goes("Cancel")
			if n := a.asked(); n != 0 {
				t.Errorf("one is asked %d times whether to leave what was saved", n)
			}
		})
	}
}

// TestAFormIsSentOffline sends forms while the network is away.
func TestAFormIsSentOffline(t *testing.T) {
	t.Parallel()
	s := one(t)
	g := s.group("Plaza Hotel")
	if _, err := s.store.Messages.PostMessage(s.Context(), s.by, g.ConversationID, models.NewMessage{Text: "Hello"}, nil); err != nil {
		t.Fatal(err)
	}
	for _, look := range []screen{desk, desk.dark(), phone} {
		a := s.in(look)
		for _, words := range []string{"net::ERR_INTERNET_DISCONNECTED", "Failed to fetch"} {
			a.expect(words)
		}
		a.visit("/contacts/new")
		a.write("#username", "hector"+strings.ReplaceAll(look.String(), " ", "-"))
		a.write("#display_name", "Hector")
		a.offline(true)
		a.click("Create contact")
		a.sees("#trouble", "Can't reach the server. Check your connection.")
		a.until("what was typed is there", "find('#display_name').value === 'Hector' && here() === '/contacts/new'")
		a.barriers("offline form")
		a.shoot("offline form")
		a.click("Try again")
		a.sees("#trouble", "Can't reach the server. Check your connection.")
		a.offline(false)
		a.goes("Try again")
		a.sees("h1", "Hector")
		a.sees("#flashes", "Hector created.")
	}

	a := s.in(desk)
	a.expect("net::ERR_INTERNET_DISCONNECTED")
	a.visit("/groups")
	a.click("Actions for Plaza Hotel")
	a.click("Delete…")
	a.write("#name", "Plaza  Hotel")
	a.offline(true)
	a.click("Delete group")
	a.sees("dialog", "Can't reach the server. Check your connection.")
	a.barriers("offline dialog")
	a.shoot("offline dialog")
	a.offline(false)
	a.goes("Try again")
	a.sees("#flashes", "Deleting Plaza Hotel")
}

// TestWhatIsTypedSurvivesTheSignIn lets the session end while somebody types.
func TestWhatIsTypedSurvivesTheSignIn(t *testing.T) {
	t.Parallel()
	s := one(t)
	hector := s.contact("hector")
	g := s.group("Plaza Hotel")
	a := s.in(desk)
	a.withKeys()
	a.onlyAsked()
	a.addPasskey("Work laptop")
	a.click("I've saved them")
	a.goes("Continue")
	a.expect("status of 401")

	a.visit("/groups/new") // picking a member
	a.write("#name", "Typed in vain?")
	a.signOut()
	a.click("#find")
	a.follow(func() { a.types("hec") })
	a.sees("main", "What you entered is kept")
	a.goes("Sign in with a passkey")
	a.at("/groups/new")
	a.until("what was typed is back", "find('#name').value === 'Typed in vain?' && find('#find').value.startsWith('h')")

	a.visit("/groups/" + g.ID + "/members")
	a.signOut()
	a.click("#find")
	a.follow(func() { a.types("hec") })
	a.goes("Sign in with a passkey")
	a.at("/groups/" + g.ID + "/members")
	a.until("what was typed is back", "find('#find').value.startsWith('h')")

	a.visit("/contacts/" + hector.ID + "/edit") // staying signed in, in vain
	a.write("#display_name", "Hector McCallister")
	eval[bool](a, "(document.body.dataset.idle = '120', dispatchEvent(new Event('pageshow')))")
	a.sees("#trouble", "You'll be signed out in 2 minutes.")
	a.signOut()
	a.goes("Stay signed in")
	a.sees("main", "What you entered is kept")
	a.goes("Sign in with a passkey")
	a.until("what was typed is back", "find('#display_name').value === 'Hector McCallister'")

	a.visit("/profile") // a form that keeps no draft
	asked := a.asked()
	a.write("#name", "Anna Adler")
	a.signOut()
	a.goes("Save")
	a.sees("main", "What you entered is kept")
	a.goes("Sign in with a passkey")
	a.sees("h1", "You're signed in")
	a.barriers("resend")
	a.shoot("resend")
	a.goes("Submit form")
	a.until("it was sent", "find('#name').value === 'Anna Adler'")
	if a.asked() != asked {
		t.Error("one is asked whether to leave what is sent")
	}
}

// TestTypedTextIsCarriedToTheSignIn takes what a page sends that was signed out.
func TestTypedTextIsCarriedToTheSignIn(t *testing.T) {
	each(t, func(s *site) {
		b := s.newBrowser()
		asked := b.post("/login", "next", "/groups/new", "carried.name", "Typed", "carried.old_password", "secret words").wants(200)
		asked.has("main", "What you entered is kept").lacks(".summary").lacks(`[name="carried.old_password"]`)
		if asked.value("carried.name") != "Typed" || asked.value("next") != "/groups/new" {
			s.Error("what was typed is lost")
		}
		b.post("/login", "email", email, "password", password, "next", "/groups/new", "carried.name", "Typed").leads("/groups/new")
		if name := b.get("/groups/new").value("name"); name != "Typed" {
			s.Errorf("the form has the name %q", name)
		}
		offered := s.newBrowser().post("/login", "email", email, "password", password, "next", "/profile", "carried.name", "Anna Adler")
		offered.wants(http.StatusOK).has("h1", "You're signed in")
		if offered.doc.Find("main form").AttrOr("action", "") != "/profile" || offered.value("name") != "Anna Adler" {
			s.Error("what was typed is lost")
		}
		foreign := s.newBrowser().with("Sec-Fetch-Site", "cross-site")
		foreign.post("/login", "next", "/profile", "carried.name", "x").wants(403)
	})
}

// TestInlineEdit edits the name and the description of a group where they stand.
func TestInlineEdit(t *testing.T) {
	t.Parallel()
	s := one(t)
	g := s.group("Plaza Hotel")
	a := s.in(desk)
	a.visit("/groups/" + g.ID)
	a.click("Edit name")
	a.focuses("#name")
	a.press("Escape")
	a.focuses("Edit name")
	a.sees("h1", "Plaza Hotel")

	a.press("Enter")
	a.focuses("#name")
	a.expect("status of 422")
	a.write("#name", " ")
	a.press("Enter")
	a.sees("#name-error", "Enter a name")
	a.focuses("#name")
	a.write("#name", "Grand Hotel")
	a.press("Enter")
	a.sees("h1", "Grand Hotel")
	a.sees("#flashes", "Grand Hotel saved.")
	a.focuses("Edit name")
	a.hears("Grand Hotel saved. Undo is available.")

	a.click("Edit description")
	a.focuses("#description")
	a.types("By the lake")
	name := "Plaza Hotel"
	if _, err := s.store.UpdateGroup(t.Context(), s.by, g.ID, models.GroupChange{Name: &name}); err != nil {
		t.Fatal(err)
	}
	a.press("Enter") // the other field isn't the form's
	a.sees(".facts", "By the lake")
	a.sees("h1", "Plaza Hotel")

	a.click("Edit name")
	a.focuses("#name")
	theirs := "Palace Hotel"
	if _, err := s.store.UpdateGroup(t.Context(), s.by, g.ID, models.GroupChange{Name: &theirs}); err != nil {
		t.Fatal(err)
	}
	a.write("#name", "Park Hotel")
	a.expect("status of 409")
	a.follow(func() { a.press("Enter") })
	a.sees("h2", "saved changes while you were editing")
	a.sees(".versus", "Park Hotel")
}
