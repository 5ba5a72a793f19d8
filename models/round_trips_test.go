package models_test

import (
	"net"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
)

// TestRoundTrips holds how often a change waits for PostgreSQL, its BEGIN and its COMMIT included.
func TestRoundTrips(t *testing.T) {
	address, trips := countTrips(t, modelstest.URL(t, modelstest.Postgres))
	store := modelstest.OpenURL(t, address)
	by := modelstest.Owner(t, store)
	contacts := modelstest.Contacts(t, store, by, 7)
	var members []models.ContactRef
	for _, c := range contacts[:5] {
		members = append(members, models.ContactRef{ID: c.ID})
	}
	other := models.Refs(contacts[0].ID, contacts[5].ID)
	var g models.CreatedGroup
	create := func(name string, key *audit.IdempotencyKey) error {
		var err error
		g, err = store.CreateGroup(t.Context(), by, models.GroupChange{Name: &name, Contacts: &members}, key)
		return err
	}
	update := func(c models.GroupChange) error {
		_, err := store.UpdateGroup(t.Context(), by, g.ID, c)
		return err
	}
	keys := 0
	changes := []struct {
		name string
		most int64
		run  func() error
	}{
		{"create", 3, func() error { return create("Sewing", nil) }},
		{"create with a key", 4, func() error {
			keys++
			return create("Sewing", &audit.IdempotencyKey{Key: string(rune('a' + keys)), Fingerprint: "same"})
		}},
		{"rename", 3, func() error { return update(models.GroupChange{Name: new("Knitting")}) }},
		{"replace members", 3, func() error { return update(models.GroupChange{Contacts: &other}) }},
		{"archive", 3, func() error { _, err := store.ArchiveGroup(t.Context(), by, g.ID, 0); return err }},
		{"restore", 3, func() error { _, err := store.RestoreGroup(t.Context(), by, g.ID); return err }},
		{"add a member", 5, func() error {
			_, _, err := store.Members.AddMembers(t.Context(), by, g.ID, models.Refs(contacts[6].ID), nil)
			return err
		}},
		{"remove a member", 6, func() error {
			_, _, err := store.Members.RemoveMember(t.Context(), by, g.ID, contacts[6].ID)
			return err
		}},
		{"delete", 11, func() error { return store.DeleteGroup(t.Context(), by, g.ID, nil) }},
	}
	for _, prepared := range []bool{false, true} { // statements are prepared when they are first run
		for _, change := range changes {
			before := trips.Load()
			if err := change.run(); err != nil {
				t.Fatalf("%s: %v", change.name, err)
			}
			if took := trips.Load() - before; prepared && took > change.most {
				t.Errorf("%s: %d round trips, want %d", change.name, took, change.most)
			} else if prepared {
				t.Logf("%s: %d", change.name, took)
			}
		}
	}
}

// countTrips returns the address of a server that passes all on to the one at address, and counts
// how often a client sends after it has received something.
func countTrips(t *testing.T, address string) (string, *atomic.Int64) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	const socket = ".s.PGSQL.5432"
	server, dir := filepath.Join(query.Get("host"), socket), t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	trips := new(atomic.Int64)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("unix", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			answered := new(atomic.Bool)
			answered.Store(true)
			go pass(client, to, func() {
				if answered.Swap(false) {
					trips.Add(1)
				}
			})
			go pass(to, client, func() { answered.Store(true) })
		}
	}()
	query.Set("host", dir)
	u.RawQuery = query.Encode()
	return u.String(), trips
}

// pass copies all that comes from one connection to another, and calls seen before each piece.
func pass(from, to net.Conn, seen func()) {
	defer func() { _, _ = from.Close(), to.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			seen()
			_, err = to.Write(buffer[:n])
		}
		if err != nil {
			return
		}
	}
}
