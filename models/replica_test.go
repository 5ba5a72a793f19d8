package models_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// follow compares the replica with the primary until it is or isn't read.
func follow(t *testing.T, store *models.Store, read bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := store.DB.FollowReplica(t.Context())
		if (err == nil) == read {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the replica is read: %v, want %v: %v", err == nil, read, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// namesFor returns the names of the groups as a caller lists them.
func namesFor(t *testing.T, store *models.Store, by access.Actor) (names []string) {
	t.Helper()
	page, err := store.Groups(db.WithCaller(t.Context(), by.ID), models.GroupQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range page.Groups {
		names = append(names, g.Name)
	}
	return names
}

// exportedFor returns the names of the groups that a caller exports.
func exportedFor(ctx context.Context, store *models.Store, by access.Actor, each func()) (names []string, err error) {
	err = store.Exports.ExportGroups(ctx, by, models.GroupQuery{}, models.Export{Format: "csv"}, func(g models.Group, _ []string) error {
		names = append(names, g.Name)
		each()
		return nil
	})
	return names, err
}

// TestListsComeFromTheReplica checks with two servers that lists and exports do, except for who has
// just changed something; and that the primary is read while the replica is away, behind, or a
// primary itself.
func TestListsComeFromTheReplica(t *testing.T) {
	primary := modelstest.StartCluster(t)
	store := modelstest.OpenEmpty(t, primary.URL())
	replica := modelstest.StartReplica(t, primary)
	ada := modelstest.Owner(t, store)
	ben := somebody(t, store, "ben", access.Admin).Actor()
	now := time.Now()
	store.DB.Now = func() time.Time { return now }
	wants := func(what string, got []string, want ...string) {
		t.Helper()
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	create := func(name string) {
		t.Helper()
		if _, err := store.CreateGroup(t.Context(), ada, models.GroupChange{Name: &name}, nil); err != nil {
			t.Fatal(err)
		}
	}
	create("First")

	if err := store.DB.UseReplica(primary.With(replica)); err == nil || !strings.Contains(err.Error(), "one host") {
		t.Errorf("two hosts: %v", err)
	}
	if err := store.DB.UseReplica(replica.URL()); err != nil {
		t.Fatal(err)
	}
	wants("before it was reached", namesFor(t, store, ben), "First")
	follow(t, store, true)

	replica.Exec(t, "SELECT pg_wal_replay_pause()")
	create("Second")
	wants("who changed nothing", namesFor(t, store, ben), "First")
	wants("who has just changed something", namesFor(t, store, ada), "First", "Second")
	if page, err := store.Groups(t.Context(), models.GroupQuery{}); err != nil || len(page.Groups) != 2 {
		t.Errorf("nobody in particular finds %d, %v", len(page.Groups), err)
	}
	exported, err := exportedFor(t.Context(), store, ben, func() {})
	if err != nil {
		t.Error(err)
	}
	wants("an export", exported, "First")
	wants("who has exported", namesFor(t, store, ben), "First")
	if n, err := store.GroupsCountOf(db.WithCaller(t.Context(), ben.ID), models.GroupQuery{}); err != nil || n.N != 1 {
		t.Errorf("the replica counts %d, %v", n.N, err)
	}
	if n, err := store.GroupsCountOf(db.WithCaller(t.Context(), ada.ID), models.GroupQuery{}); err != nil || n.N != 2 {
		t.Errorf("the primary counts %d, %v", n.N, err)
	}

	now = now.Add(10 * time.Second)
	wants("too far behind", namesFor(t, store, ben), "First", "Second")
	follow(t, store, false)
	replica.Exec(t, "SELECT pg_wal_replay_resume()")
	follow(t, store, true)
	now = now.Add(3 * time.Second) // what Ada changed is old enough
	follow(t, store, true)
	before, _ := store.DB.Replica()
	wants("who changed something before", namesFor(t, store, ada), "First", "Second")
	if after, _ := store.DB.Replica(); after.Replica != before.Replica+1 {
		t.Errorf("read were %+v, then %+v", before, after)
	}

	exported, err = exportedFor(t.Context(), store, ben, func() {
		if err := replica.Stop(); err != nil {
			t.Log(err) // ended at once, as it should be
		}
	})
	if access.OutageOf(err) != access.Gone {
		t.Errorf("an export that the replica broke off has %q, %v", exported, err)
	}
	wants("the replica is away", namesFor(t, store, ben), "First", "Second")
	follow(t, store, false)
	if err := store.DB.Ready(t.Context()); err != nil {
		t.Errorf("the console isn't ready without the replica: %v", err)
	}
	exported, err = exportedFor(t.Context(), store, ben, func() {})
	if err != nil {
		t.Error(err)
	}
	wants("an export without the replica", exported, "First", "Second")
	if err := replica.Start(); err != nil {
		t.Fatal(err)
	}
	follow(t, store, true)
	before, _ = store.DB.Replica()
	wants("the replica is back", namesFor(t, store, ben), "First", "Second")
	if after, _ := store.DB.Replica(); after.Replica != before.Replica+1 {
		t.Errorf("the replica that is back isn't read: %+v", after)
	}

	replica.Exec(t, "SELECT pg_promote()")
	follow(t, store, false)
	if state, _ := store.DB.Replica(); !strings.Contains(state.Problem, "a primary itself") {
		t.Errorf("a promoted replica is told as %q", state.Problem)
	}
	if traits, err := store.DB.Traits(t.Context()); err != nil || !slices.Contains(traits, db.Trait{Name: "consoles", Detail: "0 running"}) {
		t.Errorf("traits %+v, %v", traits, err)
	}
	create("Third")
	wants("a promoted replica", namesFor(t, store, ben), "First", "Second", "Third")
}
