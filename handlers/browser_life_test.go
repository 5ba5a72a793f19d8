package handlers_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
)

// TestALifeInTheBrowser is the main job from the first page to the last, as
// somebody does it who has just installed the console.
func TestALifeInTheBrowser(t *testing.T) {
	t.Parallel()
	for _, life := range []struct {
		look   screen
		engine string
	}{
		{desk, modelstest.SQLite},
		{phone, modelstest.Postgres},
		{desk.withoutScripts(), modelstest.SQLite},
		{phone.withoutScripts(), modelstest.SQLite},
	} {
		t.Run(life.look.String(), func(t *testing.T) {
			t.Parallel()
			liveOn(t, life.engine, life.look)
		})
	}
}

func liveOn(t *testing.T, engine string, look screen) {
	needChromium(t)
	s := open(t, modelstest.Open(t, engine))
	a := s.tab(look)
	setUpByHand(a)
	for _, username := range []string{"hector", "cedric"} {
		makeContact(a, username)
	}
	makeGroup(a)
	s.find(a)
	edit(a)
	archiveAndUndo(a)
	archiveAndRestore(a)
	deleteOne(a)
	a.settle()

	u, err := s.store.Identity.Users.FirstOwner(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.by = u.Actor()
	did := map[audit.Action]int{}
	for _, action := range s.actions() {
		did[action]++
	}
	want := map[audit.Action]int{
		"user.create": 1, "session.start": 1, "contact.create": 3, "group.create": 2, "group.update": 1,
		"group.archive": 2, "group.restore": 1, "group.revert": 1, "group.delete": 1,
	}
	for action, n := range want {
		if did[action] != n {
			t.Errorf("%s was written %d times, want %d: %v", action, did[action], n, did)
		}
	}
}

// setUpByHand opens the console for the first time, with the link from the terminal.
func setUpByHand(a *tab) {
	a.Helper()
	code, err := a.store.Identity.Users.NewSetupCode(a.Context())
	if err != nil {
		a.Fatal(err)
	}
	a.visit("/setup?code=" + code)
	a.sees("h1", "Set up your console")
	a.focuses("#name")
	a.write("#name", "Anna")
	a.write("#email", email)
	a.write("#password", "short")
	a.write("#workspace", "Acme")
	a.goes("Set up console")
	a.sees(".summary", "There is a problem")
	a.sees("#password-error", "at least 12 characters")
	a.focuses(".summary")
	a.write("#password", password)
	a.goes("Set up console")
	a.at("/groups")
	a.sees("main", "No groups yet")
}

func makeContact(a *tab, username string) {
	a.Helper()
	a.visit("/contacts/new")
	a.focuses("#username")
	a.types(username)
	a.write("#display_name", strings.ToUpper(username[:1])+username[1:]+" Miller")
	a.goes("Create contact")
	a.sees("#flashes", "Miller created.")
	a.hears("Miller created.")
	a.focuses("h1")
}

// makeGroup makes a group with two members, and another beside it.
func makeGroup(a *tab) {
	a.Helper()
	a.visit("/groups/new")
	a.focuses("#name")
	a.types("Grand Hotel")
	a.goes("Create and add another")
	a.at("/groups/new")
	a.focuses("#name")
	a.types("Plaza Hotel")
	a.write("#description", "World-renowned.\nWith a view.")
	choose(a, "hec", "Hector Miller")
	createWhileChoosing(a, "madeline", "Madeline Miller")
	a.click("Paste many")
	a.write("#paste", "HECTOR, nobody")
	a.goes("Look up")
	a.focuses("#pasted-title")
	a.sees("#pasted-title", "1 found · 1 not found")
	a.sees(".picker", "2 contacts selected")
	a.goes("Create group")
	a.sees("h1", "Plaza Hotel")
	a.sees("#flashes", "Plaza Hotel created.")
	a.focuses("h1")
	a.sees("main", "Hector Miller")
	a.sees("main", "Madeline Miller")
}

// choose finds a person in the member picker and adds them.
func choose(a *tab, typed, name string) {
	a.Helper()
	a.click("#find")
	a.types(typed)
	if a.screen.scriptless {
		a.goes("Find")
		a.focuses("#find")
		a.goes("Add " + name)
		return
	}
	a.sees("#find-options", name)
	a.hears("1 contact found")
	a.press("Down")
	a.until("the option is active", "focused().getAttribute('aria-activedescendant') === find('[role=\"option\"]').id")
	a.press("Enter")
	a.until("the text is cleared", "focused().id === 'find' && focused().value === ''")
	a.hears(name + " added.")
	a.sees(".people", name)
}

// createWhileChoosing creates the contact that the member picker doesn't find.
func createWhileChoosing(a *tab, username, name string) {
	a.Helper()
	a.click("#find")
	a.types(username)
	if a.screen.scriptless {
		a.goes("Find")
	} else {
		a.sees("#find-options", "Create contact “"+username+"”")
		a.press("Down")
		a.press("Enter")
		a.focuses("#new_display_name")
	}
	a.write("#new_display_name", name)
	a.goes("Create and select")
	a.sees(".people", name)
}

// find looks for a group by the name of a member.
func (s *site) find(a *tab) {
	a.Helper()
	a.visit("/groups")
	a.sees("tbody", "Grand Hotel")
	a.click("#q")
	a.types("member:madel")
	if a.screen.scriptless {
		a.follow(func() { a.press("Enter") })
	} else {
		a.misses("tbody", "Grand Hotel")
		a.until("focus and caret stay", "focused().id === 'q' && focused().selectionStart === 12 && focused().value === 'member:madel'")
		a.hears("1 active group")
		a.until("the title follows", "document.title.startsWith('member:madel')")
	}
	a.until("the address follows", "new URLSearchParams(location.search).get('q') === 'member:madel'")
	a.sees("tbody tr", "Plaza Hotel")
	a.sees("tbody tr", "member Madeline Miller")
	a.goes("Plaza Hotel")
	a.sees("h1", "Plaza Hotel")
}

func edit(a *tab) {
	a.Helper()
	a.goes("Edit")
	a.write("#name", " ")
	a.goes("Save changes")
	a.sees("#name-error", "Enter a name")
	a.focuses(".summary")
	a.write("#name", "The Plaza")
	a.goes("Save changes")
	a.sees("h1", "The Plaza")
	a.sees("#flashes", "The Plaza saved.")
	a.hears("The Plaza saved.")
}

func archiveAndUndo(a *tab) {
	a.Helper()
	a.visit("/groups")
	if a.screen.scriptless { // the row's actions are on the group's page
		a.goes("Actions for The Plaza")
		a.goes("Archive")
		a.sees("#flashes", "The Plaza archived.")
		a.goes("Undo")
		a.sees("#flashes", "Undone: archived The Plaza.")
		a.visit("/groups")
		a.sees("tbody", "The Plaza")
		return
	}
	a.click("Actions for The Plaza")
	a.click("Archive")
	a.sees(`tr[data-status="archived"]`, "The Plaza")
	a.sees(`tr[data-status="archived"]`, "Archived")
	a.sees("#flashes", "The Plaza archived.")
	a.hears("The Plaza archived. Undo is available.")
	a.focuses("The Plaza")
	a.click("Undo")
	a.at("/groups")
	a.sees("tbody", "The Plaza")
	a.sees("#flashes", "Undone: archived The Plaza.")
}

// archiveAndRestore restores the group from the list of the archived ones.
func archiveAndRestore(a *tab) {
	a.Helper()
	a.goes("The Plaza")
	a.goes("Archive")
	a.sees("main", "Its members, IDs and history are kept")
	a.visit("/groups")
	a.misses("tbody", "The Plaza")
	a.click("#status-Archived")
	if a.screen.scriptless {
		a.goes("Apply")
	}
	a.until("the address follows", "new URLSearchParams(location.search).get('status') === 'archived'")
	a.sees("tbody tr", "The Plaza")
	if a.screen.scriptless {
		a.goes("Actions for The Plaza")
		a.goes("Restore")
		a.sees("#flashes", "The Plaza restored.")
	} else {
		a.click("Actions for The Plaza")
		a.click("Restore")
		a.sees("tbody tr", "Active")
		a.hears("The Plaza restored.")
	}
	a.visit("/groups")
	a.sees("tbody", "The Plaza")
}

// deleteOne deletes the group for good, after having thought better of it twice.
func deleteOne(a *tab) {
	a.Helper()
	if a.screen.scriptless {
		a.goes("Actions for The Plaza")
		a.click("More actions")
		a.goes("Delete…")
		a.sees("h1", "Delete The Plaza?")
		a.focuses("Archive instead")
		a.goes("Cancel")
		a.sees("h1", "The Plaza")
		a.click("More actions")
		a.goes("Delete…")
		a.goes("Delete group")
	} else {
		a.click("Actions for The Plaza")
		for _, leave := range []func(){func() { a.press("Escape") }, func() { a.click("Cancel") }} {
			a.click("Delete…")
			a.sees("dialog[open]", "Delete The Plaza?")
			a.focuses("Archive instead")
			a.until("it is an alertdialog with a name", "find('#dialog-title') && document.querySelector('dialog').getAttribute('role') === 'alertdialog'")
			leave()
			a.until("the dialog is gone", "!document.querySelector('dialog')")
			a.focuses("Actions for The Plaza")
			a.click("Actions for The Plaza")
		}
		a.click("Delete…")
		a.goes("Delete group")
		a.focuses("Grand Hotel") // the next row
	}
	a.at("/groups")
	a.sees("#flashes", "Deleting The Plaza in 60 seconds.")
	a.misses("tbody", "The Plaza")
	a.sees("tbody", "Grand Hotel")
}
