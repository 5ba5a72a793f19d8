package handlers_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
)

// What routes are called about, and what they are sent.

func aGroup(s *site) string { return s.group("Plaza Hotel").ID }

func aMessage(s *site) string {
	g := s.group("Plaza Hotel")
	m, err := s.store.Messages.PostMessage(s.Context(), s.by, g.ConversationID, models.NewMessage{Text: "Hello."}, nil)
	if err != nil {
		s.Fatal(err)
	}
	return m.ID
}
func aContact(s *site) string { return s.contact("hector" + rand.Text()).ID }
func aToken(s *site) string {
	t, _, err := s.store.Identity.Tokens.CreateToken(s.Context(), s.by, identity.NewToken{Name: "Nightly", Scopes: access.ReadScopes()}, nil)
	if err != nil {
		s.Fatal(err)
	}
	return t.ID
}

// aWebhook is one that nobody listens to. There can be few.
func aWebhook(s *site) string {
	s.Helper()
	found, _, err := s.store.Webhooks.List(s.Context(), s.by, db.Range{})
	if err == nil && len(found) > 5 {
		err = s.store.Webhooks.Delete(s.Context(), s.by, found[0].ID, nil)
	}
	names := []string{"*"}
	w, secret, failed := s.store.Webhooks.Create(s.Context(), s.by, webhooks.Change{Name: new("Receiver"), URL: new("http://127.0.0.1:9/"), Events: &names}, nil)
	if err := errors.Join(err, failed); err != nil {
		s.Fatal(err)
	}
	modelstest.Keep(s.store, "webhook secret", secret)
	return w.ID
}

func aDelivery(s *site) string {
	s.Helper()
	d, err := s.store.Webhooks.Test(s.Context(), s.by, aWebhook(s), "group.created")
	if err != nil {
		s.Fatal(err)
	}
	return d.ID
}

func aRotatedToken(s *site) string {
	id := aToken(s)
	if _, _, err := s.store.Identity.Tokens.RotateToken(s.Context(), s.by, id, time.Hour, nil); err != nil {
		s.Fatal(err)
	}
	return id
}

// person makes a user of a role.
func (s *site) person(role access.Role) identity.User {
	s.Helper()
	u, err := s.store.Identity.Users.CreateUser(s.Context(), access.System("test"), identity.NewUser{
		Email: string(role) + rand.Text() + "@example.com", Name: "Some " + role.Name(), Role: role, Password: password,
	})
	if err != nil {
		s.Fatal(err)
	}
	return u
}

func anEditor(s *site) string { return s.person(access.Editor).ID }

func aDisabled(s *site) string {
	u, err := s.store.Identity.Users.Disable(s.Context(), s.by, anEditor(s))
	if err != nil {
		s.Fatal(err)
	}
	return u.ID
}

func signedInEditor(s *site) string {
	u := s.person(access.Editor)
	s.session(u)
	return u.ID
}

// session is a browser in which a user is signed in.
func (s *site) session(u identity.User) *browser {
	s.Helper()
	secret, err := s.store.Identity.Sessions.StartSession(s.Context(), u.Actor(), u, false)
	if err != nil {
		s.Fatal(err)
	}
	return s.newBrowser().with("Cookie", s.sessionCookie()+"="+secret)
}

func (s *site) invitation() (identity.Invitation, string) {
	s.Helper()
	made, secret, err := s.store.Identity.Invitations.Invite(s.Context(), s.by, identity.NewInvitation{Email: rand.Text() + "@example.com", Role: access.Editor})
	if err != nil {
		s.Fatal(err)
	}
	return made, secret
}

func anInvitation(s *site) string {
	made, _ := s.invitation()
	return made.ID
}

func aLink(s *site) string {
	_, secret := s.invitation()
	return secret
}

// anUpload is the job of a file of one group.
func anUpload(s *site) string {
	s.Helper()
	job, err := s.store.Imports.Upload(s.Context(), s.by, models.ImportUpload{Type: models.ImportGroups, Filename: "groups.csv"}, strings.NewReader("name\nPlaza Hotel\n"))
	if err != nil {
		s.Fatal(err)
	}
	return job.ID
}

// aSession is another session of the owner's.
func aSession(s *site) string {
	s.newBrowser().post("/login", "email", email, "password", password).wants(303)
	found, err := s.store.Identity.Sessions.List(s.Context(), s.by)
	if err != nil || len(found) == 0 {
		s.Fatal(found, err)
	}
	return found[0].ID
}

func aView(s *site) string {
	v, err := s.store.Identity.SavedViews.Create(s.Context(), s.by, identity.ViewChange{Name: new("View " + rand.Text()), Query: new("q=plaza")})
	if err != nil {
		s.Fatal(err)
	}
	return v.ID
}

func aRule(s *site) string {
	r, err := s.store.Rules.Create(s.Context(), s.by, models.RuleFields{Name: "Idle", Days: "90"}, time.UTC)
	if err != nil {
		s.Fatal(err)
	}
	return r.ID
}

func aScheduledGroup(s *site) string {
	id := aGroup(s)
	if _, err := s.store.Rules.Schedule(s.Context(), s.by, id, "2999-05-03", "The season ends.", time.UTC); err != nil {
		s.Fatal(err)
	}
	return id
}

// aPasskey is one that no device has. It is gone before the owner signs in with a password.
func aPasskey(s *site) string {
	made := identity.NewPasskey{Name: "Phone", CredentialID: rand.Text(), Data: "{}"}
	if _, err := s.store.Identity.SecondFactors.AddPasskey(s.Context(), s.by, made); err != nil {
		s.Fatal(err)
	}
	found, err := s.store.Identity.SecondFactors.Passkeys(s.Context(), s.by)
	if err != nil || len(found) == 0 {
		s.Fatal(found, err)
	}
	s.Cleanup(func() {
		err := s.store.Identity.SecondFactors.RemovePasskey(context.Background(), s.by, found[0].ID)
		if err != nil && !errors.Is(err, access.ErrNotFound) {
			s.Error(err)
		}
	})
	return found[0].ID
}

func archivedGroup(s *site) string {
	g, err := s.store.ArchiveGroup(s.Context(), s.by, aGroup(s), 0)
	if err != nil {
		s.Fatal(err)
	}
	return g.ID
}

// heldGroup is a group whose deletion is on hold.
func heldGroup(s *site) string {
	id := aGroup(s)
	if _, err := s.store.Holds.Delete(s.Context(), s.by, id); err != nil {
		s.Fatal(err)
	}
	return id
}

func selected(action string) func(*site) []string {
	return func(s *site) []string { return []string{"action", action, "ids", aGroup(s)} }
}

// selectedContact is selected for a contact.
func selectedContact(action string) func(*site) []string {
	return func(s *site) []string { return []string{"action", action, "ids", aContact(s)} }
}

// twoContacts are the fields that merge a contact into another.
func twoContacts(s *site) []string {
	stays := aContact(s)
	return []string{"ids", stays, "ids", aContact(s), "keep", stays}
}

// aJob is a job that has archived a group.
func aJob(s *site) string {
	job, err := s.store.BulkChanges.RunBulkNow(s.Context(), s.by, models.Bulk{Action: models.BulkArchive, IDs: []string{aGroup(s)}}, "")
	if err != nil {
		s.Fatal(err)
	}
	return job.ID
}

func aQueuedJob(s *site) string {
	job, err := s.store.BulkChanges.StartBulk(s.Context(), s.by, models.Bulk{Action: models.BulkArchive, IDs: []string{aGroup(s)}}, "")
	if err != nil {
		s.Fatal(err)
	}
	return job.ID
}

func groupOfOne(s *site) string {
	page, err := s.store.Contacts(s.Context(), models.ContactQuery{Text: "only"})
	if err != nil {
		s.Fatal(err)
	}
	if len(page.Contacts) == 0 {
		page.Contacts = []models.Contact{s.contact("only")}
	}
	return s.group("Pair", page.Contacts[0]).ID
}

func someContact(name string) func(*site) []string {
	return func(s *site) []string { return []string{name, s.contact("somebody" + rand.Text()).ID} }
}

func member(s *site) []string {
	page, err := s.store.Contacts(s.Context(), models.ContactQuery{Text: "only"})
	if err != nil || len(page.Contacts) != 1 {
		s.Fatal(page, err)
	}
	return []string{"contact", page.Contacts[0].ID}
}
