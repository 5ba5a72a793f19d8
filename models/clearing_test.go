package models_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// A crowd is more than is cleared at once, and more than is counted.
const (
	crowdMembers  = 2_500
	crowdMessages = 12_000
)

// crowd fills a database with contacts user0, user1 and so on, a group "Crowd" of
// all of them in which much was said, and a group "Few" of the first three.
func crowd(t *testing.T, store *models.Store, by access.Actor) models.Group {
	t.Helper()
	seed(t, store, by, crowdMembers, []models.SampleGroup{
		{GroupFields: models.GroupFields{Name: "Crowd"}, Members: places(crowdMembers)},
		{GroupFields: models.GroupFields{Name: "Few"}, Members: places(3)},
	})
	g := found(t, store, models.GroupQuery{Search: models.ParseSearch("Crowd", nil)})
	if err := store.Fill(t.Context(), g.ConversationID, crowdMessages); err != nil {
		t.Fatal(err)
	}
	return g
}

// seed fills a database with contacts and groups.
func seed(t *testing.T, store *models.Store, by access.Actor, contacts int, groups []models.SampleGroup) {
	t.Helper()
	start := time.Now().Add(-24 * time.Hour)
	err := store.Seed(t.Context(), by, models.Sample{
		Contacts: func(yield func(models.SampleContact) bool) {
			for i := range contacts {
				c := models.SampleContact{CreatedAt: start, ContactFields: models.ContactFields{Username: fmt.Sprintf("user%d", i)}}
				if !yield(c) {
					return
				}
			}
		},
		Groups: func(yield func(models.SampleGroup) bool) {
			for _, g := range groups {
				g.CreatedAt = start
				if !yield(g) {
					return
				}
			}
		},
	}, func(string, int) {})
	if err != nil {
		t.Fatal(err)
	}
}

func places(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// found returns the one group that a query finds.
func found(t *testing.T, store *models.Store, q models.GroupQuery) models.Group {
	t.Helper()
	page, err := store.Groups(t.Context(), q)
	if err != nil || len(page.Groups) != 1 {
		t.Fatalf("found %d groups, %v", len(page.Groups), err)
	}
	return page.Groups[0].Group
}

func user(t *testing.T, store *models.Store, n int) models.Contact {
	t.Helper()
	page, err := store.Contacts(t.Context(), models.ContactQuery{Text: fmt.Sprintf("user%d", n), Reverse: true, WithGroups: true})
	if err != nil || len(page.Contacts) == 0 {
		t.Fatal("no such contact", err)
	}
	return page.Contacts[0]
}

func rows(t *testing.T, store *models.Store) models.Rows {
	t.Helper()
	r, err := store.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tombstone(t *testing.T, store *models.Store, g models.Group) models.Tombstone {
	t.Helper()
	grave, err := store.Tombstone(t.Context(), g.ID)
	if err != nil {
		t.Fatal(err)
	}
	return grave
}

func remove(t *testing.T, store *models.Store, by access.Actor, g models.Group) {
	t.Helper()
	if err := store.DeleteGroup(t.Context(), by, g.ID, nil); err != nil {
		t.Fatal(err)
	}
}

func clearAll(t *testing.T, store *models.Store) {
	t.Helper()
	if err := store.Deletions.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func clearPiece(t *testing.T, store *models.Store) bool {
	t.Helper()
	more, err := store.ClearPiece(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return more
}

func TestSmallGroupIsPurgedAtOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := modelstest.Group(t, store, by, "Plaza Hotel", modelstest.Contacts(t, store, by, 3)...)
		if err := store.Fill(t.Context(), g.ConversationID, 500); err != nil {
			t.Fatal(err)
		}
		remove(t, store, by, g)
		if got, want := rows(t, store), (models.Rows{Conversations: 3}); got != want {
			t.Errorf("%+v are left, want %+v", got, want)
		}
		if grave := tombstone(t, store, g); grave.MessagesCount != 500 || grave.ContactsCount != 3 || grave.More {
			t.Errorf("the tombstone says %+v", grave)
		}
		select {
		case <-store.Deletions.PurgeRequested():
			t.Error("it says that something is left")
		default:
		}
	})
}

func TestLargeGroupIsDeletedAtOnceAndPurgedInPieces(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := crowd(t, store, by)
		remove(t, store, by, g)
		<-store.Deletions.PurgeRequested()
		before := rows(t, store)
		for piece := 0; ; piece++ {
			if grave := tombstone(t, store, g); grave.MessagesCount != crowdMessages-before.Messages || grave.ContactsCount != crowdMembers || grave.More != (before.Messages > 0) {
				t.Errorf("with %d messages left, the tombstone says %+v", before.Messages, grave)
			}
			if piece%5 == 0 {
				isGone(t, store, by, g)
			}
			clearPiece(t, store)
			now := rows(t, store)
			cleared := before.Messages + before.Memberships - now.Messages - now.Memberships
			if cleared > 1000 || cleared <= 0 && now.Clearings > 0 {
				t.Fatalf("a piece of %d rows", cleared)
			}
			if before = now; now.Clearings == 0 {
				break
			}
		}
		if got, want := before, (models.Rows{Groups: 1, Memberships: 3, Counted: 3, Conversations: crowdMembers + 1}); got != want {
			t.Errorf("%+v are left, want %+v", got, want)
		}
		if grave := tombstone(t, store, g); grave.MessagesCount != crowdMessages || grave.More {
			t.Errorf("in the end the tombstone says %+v", grave)
		}
		log, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Range: db.Range{Limit: 1}})
		if err != nil || wasIn(log.Lines[0], "contacts").Count != 2500 || len(wasIn(log.Lines[0], "contacts").Members) != 100 ||
			wasIn(log.Lines[0], "messages_count").Text != "more than 10,000" || wasIn(log.Lines[0], "name").Text != g.Name {
			t.Errorf("the audit line says %s, %v", log.Lines[0].Changes, err)
		}
	})
}

// isGone asks every reader for a deleted Crowd, and tries to add to it.
func isGone(t *testing.T, store *models.Store, by access.Actor, g models.Group) {
	t.Helper()
	member := user(t, store, 0)
	for _, q := range []models.GroupQuery{
		{},
		{Sort: models.ByMembers},
		{Search: models.ParseSearch("Crowd", nil)},
		{Search: models.ParseSearch(g.ID, nil)},
		{Search: models.ParseSearch(g.ConversationID, nil)},
		{Search: models.ParseSearch("member:user0", nil)},
		{Contact: member.ID, WithContacts: true},
	} {
		if got := strings.Join(names(t, store, q), " "); strings.Contains(got, "Crowd") {
			t.Errorf("%+v finds %s", q, got)
		}
	}
	if n, err := store.CountGroups(t.Context(), models.GroupQuery{Contact: member.ID}); err != nil || n.N != 1 {
		t.Errorf("counted %d groups of a member, %v", n.N, err)
	}
	one, err := store.Contact(t.Context(), member.ID)
	if err != nil || one.Groups.N != 1 || member.Groups.N != 1 {
		t.Errorf("a member is in %d groups, and in %d in the list, %v", one.Groups.N, member.Groups.N, err)
	}
	if n, err := store.Messages.MessagesCount(t.Context(), g.ConversationID); err != nil || n.N != 0 {
		t.Errorf("%d messages, %v", n.N, err)
	}
	if among, err := store.Members.MembersAmong(t.Context(), g.ID, []models.Contact{user(t, store, crowdMembers-1)}); err != nil || len(among) != 0 {
		t.Errorf("a member still, %v", err)
	}
	for what, call := range map[string]func() error{
		"the group": func() error { _, err := store.Group(t.Context(), g.ID); return err },
		"members":   func() error { _, err := store.Members.List(t.Context(), models.MemberQuery{Group: g.ID}); return err },
		"messages":  func() error { _, err := store.Messages.List(t.Context(), g.ConversationID, db.Range{}); return err },
		"to join": func() error {
			_, _, err := store.Members.AddMembers(t.Context(), by, g.ID, models.Refs(member.ID), nil)
			return err
		},
		"to leave": func() error { _, _, err := store.Members.RemoveMember(t.Context(), by, g.ID, member.ID); return err },
		"to say": func() error {
			_, err := store.Messages.PostMessage(t.Context(), by, g.ConversationID, models.NewMessage{Text: "Hello."}, nil)
			return err
		},
		"to delete": func() error { return store.DeleteGroup(t.Context(), by, g.ID, nil) },
	} {
		if err := call(); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", what, err)
		}
	}
}

func TestPurgeResumesAfterRestart(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			store := modelstest.OpenURL(t, url)
			by := modelstest.Owner(t, store)
			g := crowd(t, store, by)
			remove(t, store, by, g)
			for range 3 {
				clearPiece(t, store)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			store = modelstest.OpenURL(t, url)
			if left := rows(t, store); left.Messages != crowdMessages-4000 || left.Clearings != 1 {
				t.Errorf("after the restart %+v are left", left)
			}
			clearAll(t, store)
			wantCleared(t, store, g)
		})
	}
}

// wantCleared fails the test unless nothing is left of a Crowd but its tombstone.
func wantCleared(t *testing.T, store *models.Store, g models.Group) {
	t.Helper()
	if left := rows(t, store); left.Messages != 0 || left.Memberships != left.Counted || left.Clearings != 0 {
		t.Errorf("%+v are left", left)
	}
	if grave := tombstone(t, store, g); grave.MessagesCount != crowdMessages || grave.More {
		t.Errorf("the tombstone says %+v", grave)
	}
}

func TestConcurrentPurges(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			stores := []*models.Store{modelstest.OpenURL(t, url), modelstest.OpenURL(t, url)}
			by := modelstest.Owner(t, stores[0])
			g := crowd(t, stores[0], by)
			few := found(t, stores[0], models.GroupQuery{Search: models.ParseSearch("Few", nil)})
			if err := stores[0].Fill(t.Context(), few.ConversationID, 3000); err != nil {
				t.Fatal(err)
			}
			remove(t, stores[0], by, g)
			remove(t, stores[1], by, few)
			var wg sync.WaitGroup
			for _, store := range stores {
				wg.Go(func() { clearAll(t, store) })
			}
			wg.Wait()
			wantCleared(t, stores[0], g)
			if grave := tombstone(t, stores[0], few); grave.MessagesCount != 3000 {
				t.Errorf("the other tombstone says %+v", grave)
			}
		})
	}
}

func TestInterruptedPurgeLosesNothing(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := crowd(t, store, by)
		remove(t, store, by, g)
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if err := store.Deletions.Purge(stopped); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped, it answers %v", err)
		}
		for after := time.Millisecond; rows(t, store).Clearings > 0; after *= 2 {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			err := store.Deletions.Purge(ctx)
			cancel()
			if err != nil && !errors.Is(err, access.ErrUnavailable) {
				t.Errorf("out of time, it answers %v", err)
			}
			left, grave := rows(t, store), tombstone(t, store, g)
			if grave.MessagesCount+left.Messages != crowdMessages {
				t.Fatalf("%d messages are left, %d cleared", left.Messages, grave.MessagesCount)
			}
		}
		wantCleared(t, store, g)
	})
}

func TestNothingIsAddedToWhatIsDeleted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		for i := range 15 {
			a, b := modelstest.Contact(t, store, by, fmt.Sprintf("a%d", i)), modelstest.Contact(t, store, by, fmt.Sprintf("b%d", i))
			g := modelstest.Group(t, store, by, "Plaza Hotel", a)
			var wg sync.WaitGroup
			for _, call := range []func() error{
				func() error { return store.DeleteGroup(t.Context(), by, g.ID, nil) },
				func() error { return store.DeleteContact(t.Context(), by, b.ID, nil) },
				func() error {
					_, _, err := store.Members.AddMembers(t.Context(), by, g.ID, models.Refs(b.ID), nil)
					return err
				},
				func() error { return say(t, store, by, g.ConversationID) },
				func() error { return say(t, store, by, g.ConversationID) },
				func() error { return say(t, store, by, b.ConversationID) },
			} {
				wg.Go(func() {
					var invalid access.Invalid
					if err := call(); err != nil && !errors.Is(err, access.ErrNotFound) && !errors.As(err, &invalid) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			clearAll(t, store)
			if left, want := rows(t, store), (models.Rows{Conversations: i + 1}); left != want {
				t.Fatalf("%+v are left, want %+v", left, want)
			}
		}
	})
}

func say(t *testing.T, store *models.Store, by access.Actor, conversationID string) error {
	_, err := store.Messages.PostMessage(t.Context(), by, conversationID, models.NewMessage{Text: "Hello."}, nil)
	return err
}

func TestContactIsRemovedFromManyGroupsInPieces(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		const groups = 450
		var all []models.SampleGroup
		for i := range groups {
			all = append(all, models.SampleGroup{GroupFields: models.GroupFields{Name: fmt.Sprint("Group ", i)}, Members: []int{0, 1 + i%2}})
		}
		seed(t, store, by, 3, all)
		c := user(t, store, 0)
		if err := store.Fill(t.Context(), c.ConversationID, 1500); err != nil {
			t.Fatal(err)
		}
		if err := store.DeleteContact(t.Context(), by, c.ID, nil); err != nil {
			t.Fatal(err)
		}
		<-store.Deletions.PurgeRequested()
		contactIsGone(t, store, c)
		// One that is deleted itself, before it comes to it, leaves no count behind.
		remove(t, store, by, found(t, store, models.GroupQuery{Search: models.ParseSearch("449", nil)}))
		for clearPiece(t, store) {
			if now := rows(t, store); now.Counted != now.Memberships {
				t.Fatalf("groups count %d members of %d", now.Counted, now.Memberships)
			}
		}
		want := models.Rows{Groups: groups - 1, Memberships: groups - 1, Counted: groups - 1, Conversations: groups - 1 + 2}
		if got := rows(t, store); got != want {
			t.Errorf("%+v are left, want %+v", got, want)
		}
	})
}

// contactIsGone asks every reader for a deleted contact.
func contactIsGone(t *testing.T, store *models.Store, c models.Contact) {
	t.Helper()
	if _, err := store.Contact(t.Context(), c.ID); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("it is found: %v", err)
	}
	if got := names(t, store, models.GroupQuery{Contact: c.ID}); len(got) != 0 {
		t.Errorf("it is in %d groups", len(got))
	}
	page, err := store.Groups(t.Context(), models.GroupQuery{WithContacts: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range page.Groups {
		members, err := store.Members.List(t.Context(), models.MemberQuery{Group: g.ID})
		if err != nil || len(members.Contacts) != 1 || len(g.Contacts) != 1 {
			t.Errorf("%s shows %d and %d members, %v", g.Name, len(g.Contacts), len(members.Contacts), err)
		}
	}
	if n, err := store.Messages.MessagesCount(t.Context(), c.ConversationID); err != nil || n.N != 0 {
		t.Errorf("%d messages, %v", n.N, err)
	}
	log, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Range: db.Range{Limit: 1}})
	if err != nil || wasIn(log.Lines[0], "username").Text != c.Username || !strings.Contains(log.Lines[0].Changes, `"groups_left":{"before":null,"after":450}`) {
		t.Errorf("the audit line says %s, %v", log.Lines[0].Changes, err)
	}
}

func TestSeedWaitsForPurge(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		if err := store.Fill(t.Context(), g.ConversationID, 1500); err != nil {
			t.Fatal(err)
		}
		remove(t, store, by, g)
		empty := models.Sample{Contacts: func(func(models.SampleContact) bool) {}, Groups: func(func(models.SampleGroup) bool) {}}
		if err := store.Seed(t.Context(), by, empty, func(string, int) {}); !errors.Is(err, access.ErrConflict) {
			t.Errorf("got %v, want a conflict", err)
		}
		clearAll(t, store)
		if err := store.Seed(t.Context(), by, empty, func(string, int) {}); err != nil {
			t.Error(err)
		}
	})
}

// TestMigrationKeepsMembersAndMessages fills the first release's schema.
func TestMigrationKeepsMembersAndMessages(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store := modelstest.Connect(t, modelstest.EmptyURL(t, engine))
			if err := store.MigrateTo(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			for _, sql := range []string{
				"INSERT INTO groups (id, name, name_key, conversation_id, contacts_count, search, created_at, updated_at) VALUES ('0000000000000001', 'A', 'a', '0000000000000003', 1, 'a', 1, 1)",
				"INSERT INTO contacts (id, username, username_key, name_key, conversation_id, search, created_at, updated_at) VALUES ('0000000000000002', 'b', 'b', 'b', '0000000000000004', 'b', 1, 1)",
				"INSERT INTO conversations (id, group_id, created_at) VALUES ('0000000000000003', '0000000000000001', 1)",
				"INSERT INTO memberships (group_id, contact_id, created_at) VALUES ('0000000000000001', '0000000000000002', 7)",
				"INSERT INTO messages (id, conversation_id, contact_id, message, created_at) VALUES ('0000000000000005', '0000000000000003', '0000000000000002', 'Hello.', 8)",
				"INSERT INTO groups (id, name, name_key, conversation_id, search, created_at, updated_at) VALUES ('0000000000000006', 'a', 'a', '0000000000000007', 'a', 2, 2)",
				"INSERT INTO audit_lines (id, created_at, actor_kind, actor_id, actor_name, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id) " +
					"VALUES ('0000000000000008', 2, 'user', '0000000000000009', 'Ada', 'group.create', 'group', '0000000000000006', 'a', '{}', '', '', '')",
			} {
				if err := store.Exec(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			g, err := store.Group(t.Context(), "0000000000000001")
			if err != nil || len(g.Contacts) != 1 || g.Contacts[0].Username != "b" {
				t.Errorf("got %+v, %v", g, err)
			}
			page, err := store.Messages.List(t.Context(), g.ConversationID, db.Range{})
			if err != nil || len(page.Messages) != 1 || page.Messages[0].Message != "Hello." || page.Messages[0].CreatedAt != 8 {
				t.Errorf("got %+v, %v", page, err)
			}
			for search, want := range map[string][]string{
				"active:1970-01-01": {"a", "A"}, "is:duplicate": {"a", "A"}, "by:ada": {"a"},
			} {
				if got := names(t, store, models.GroupQuery{Search: models.ParseSearch(search, nil)}); !slices.Equal(got, want) {
					t.Errorf("%s: got %q, want %q", search, got, want)
				}
			}
			if made, err := store.Creators.OfGroup(t.Context(), "0000000000000006"); err != nil || made != (access.ActorRef{Kind: access.UserActor, ID: "0000000000000009", Name: "Ada"}) {
				t.Errorf("created by %+v, %v", made, err)
			}
			if last, err := store.Group(t.Context(), "0000000000000006"); g.LastActiveAt != 8 || last.LastActiveAt != 2 {
				t.Errorf("last active at %d and %d, %v", g.LastActiveAt, last.LastActiveAt, err)
			}
		})
	}
}
