package copies_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/copies"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// others have the engine to copy to.
var others = map[string]string{modelstest.SQLite: modelstest.Postgres, modelstest.Postgres: modelstest.SQLite}

// each runs a test with a filled database of each engine and an empty one of the other.
func each(t *testing.T, test func(t *testing.T, from *models.Store, to string)) {
	for from, to := range others {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			store := modelstest.Open(t, from)
			fill(t, store)
			test(t, store, modelstest.EmptyURL(t, to))
		})
	}
}

// fill puts something into every table.
func fill(t *testing.T, store *models.Store) {
	t.Helper()
	ctx, by := t.Context(), modelstest.Owner(t, store)
	contacts := modelstest.Contacts(t, store, by, 5)
	if err := store.Holds.SetPeriod(ctx, by, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := store.Overviews.Count(ctx); err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		group := modelstest.Group(t, store, by, fmt.Sprint("Plaza 会議室 ", i), contacts[i%5], contacts[(i+1)%5])
		if _, err := store.Messages.PostMessage(ctx, by, group.ConversationID, models.NewMessage{Text: "Hello, 世界\n\"quoted\", \\t\tand tabbed"}, nil); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 { // between others, so that row numbers matter
			if _, err := store.Holds.Delete(ctx, by, group.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := store.RelayEvents(ctx); err != nil {
		t.Fatal(err)
	}
	held, group := modelstest.Value(t, store, "SELECT min(id) FROM held_groups"), modelstest.Value(t, store, "SELECT min(id) FROM groups")
	fixed := strings.NewReplacer("{user}", by.ID, "{held}", held, "{group}", group, "{id}", "0000000000000001", "{yes}", "true", "{bytes}", map[string]string{"sqlite": `x'0001ff'`, "postgres": `'\x0001ff'`}[store.DB.Dialect.Name()])
	for _, insert := range inserts {
		modelstest.Exec(t, store, "INSERT INTO "+fixed.Replace(insert))
	}
	if err := store.Audit.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	if err := store.Audit.Retention.SetRule(ctx, by, audit.Retentions[1]); err != nil { // not sealed yet
		t.Fatal(err)
	}
	if rows := modelstest.Rows(t, store); slices.Contains(slices.Collect(maps.Values(rows)), 0) {
		t.Fatalf("something is empty, which the test has to fill: %v", rows)
	}
}

// inserts fill the tables that take many steps to fill otherwise.
var inserts = []string{
	"jobs (id, kind, state, spec, note, needs, actor_kind, actor_id, actor_name, user_id, role, scopes, ip, user_agent, request_id, total, done, counted, created_at, finished_at) VALUES ('{id}', 'bulk', 'done', '{}', '', 'groups.edit', 'user', '{user}', 'Ada', '{user}', 'owner', '', '', '', '', 1, 1, {yes}, 1, 2)",
	"job_files VALUES ('{id}', 'a.csv', 'text/csv', 3, 1, 99)",
	"job_file_parts VALUES ('{id}', 0, {bytes})",
	"job_results (job_id, object_id, name, result) VALUES ('{id}', '{group}', 'Plaza', 'done')",
	"archive_rules (id, name, search, inactive_days, daily, zone, note, state, actor_kind, actor_id, actor_name, user_id, next_run_at, last_job_id, created_at) VALUES ('{id}', 'Old', '', 30, {yes}, 'UTC', '', 'on', 'user', '{user}', 'Ada', '{user}', 9, '{id}', 1)",
	"challenges VALUES ('c', 'x', NULL, '{}', 9)",
	"clearings VALUES ('0000000000000002', '0000000000000003', NULL, 1, {yes})",
	"deleted_messages VALUES ('0000000000000008', '{id}', NULL, 'Ada', 1, 2, 'Ada', 'Spam')",
	"contact_tombstones VALUES ('0000000000000009', 'Gone', '0000000000000008', 3, 'Ada')",
	"devices VALUES ('{user}', 'Firefox', '192.0.2.0/24', '192.0.2.1', 1)",
	"drafts VALUES ('{user}', 'group', 'name=Pl%C3%A4za', 1)",
	"held_imported_ids VALUES ('ext-1', '{held}')",
	"idempotency_keys VALUES ('{user}', 'k', 'f', 'a', 1)",
	"identities VALUES ('https://idp.example', 's', '{user}', 1, NULL)",
	"imported_ids VALUES ('ext-2', '{group}', NULL)",
	"invitations VALUES ('{id}', 'b@example.com', 'b@example.com', 'Bob', 'admin', 'h', '{user}', 1, 9)",
	"open_forms VALUES ('{group}', '{user}', 1)",
	"passkeys VALUES ('{id}', '{user}', 'cred', 'Key', '{}', 1, NULL)",
	"past_memberships VALUES ('{group}', '{id}', 1, 2)",
	"recovery_codes VALUES ('r', '{user}', NULL)",
	"reverts VALUES ('{id}', '{id}', 'user', '{user}', 'Ada', 1)",
	"rule_exemptions VALUES ('{group}')",
	"saved_views VALUES ('{id}', '{user}', 'Mine', 'mine', {yes}, 'status=archived', 1, 1)",
	"view_pins VALUES ('{user}', '{id}', '{id}', 1)",
	"sessions VALUES ('s', '{id}', '{user}', '{}', {yes}, '', '', 1, 1, 1, 9, 9)",
	"undo_steps VALUES ('{id}', '{id}', '{}')",
	"setup_codes VALUES ('s', 9)",
	"throttles VALUES ('t', 1, 1, 1)",
	"tokens (id, user_id, name, scopes, hash, hint, created_at) VALUES ('{id}', '{user}', 'T', 'groups.read', 'h', 'x', 1)",
	"token_hours VALUES ('{id}', 1, 2, 0)",
	"token_requests VALUES ('{id}', '{id}', 'GET', '/v1/groups', 200, 3, '', '', 1)",
	"tombstones (group_id, conversation_id, name, contacts_count, messages_count, deleted_at, deleted_by) VALUES ('0000000000000009', '0000000000000008', 'Gone', 1, 2, 3, 'Ada')",
	"totps VALUES ('{user}', 's', 1, 1, NULL)",
	"webhooks (id, name, url, events, state, secret, created_at, updated_at) VALUES ('{id}', 'W', 'https://example.com', '*', 'enabled', 's', 1, 1)",
	"webhook_deliveries (id, webhook_id, event_id, number, type, object_id, request_id, payload, state, created_at) VALUES ('{id}', '{id}', '{id}', 1, 'group.created', '{group}', '', NULL, 'delivered', 1)",
	"webhook_attempts VALUES ('{id}', 1, 1, 2, 200, '', '{}', '{}', 'ok', {yes})",
}

// run copies from a store to the database at an address.
func run(t *testing.T, ctx context.Context, from *models.Store, to string, report func(step string, done, total int64)) (copies.Result, error) {
	t.Helper()
	target, err := models.Open(ctx, to)
	if err != nil {
		t.Fatal(err)
	}
	found, err := (&copies.Copy{From: from, To: target, Report: report, Piece: 4}).Run(ctx)
	return found, errors.Join(err, target.Close())
}

func quietly(string, int64, int64) {}

// content returns the rows of all tables, in no order that means anything.
func content(t *testing.T, store *models.Store) map[string][]string {
	t.Helper()
	r := store.DB.Read(t.Context())
	tables, err := store.DB.Tables(r)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for name, table := range tables {
		slices.SortFunc(table.Columns, func(a, b db.Column) int { return strings.Compare(a.Name, b.Name) })
		if err := db.EachRow(r, table, false, func(row []any) error {
			all[name] = append(all[name], fmt.Sprintf("%q", row))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(all[name])
	}
	return all
}

// compare checks that two databases have the same rows, and that the second one works.
func compare(t *testing.T, from, to *models.Store) {
	t.Helper()
	was, is := content(t, from), content(t, to)
	for table := range was {
		if !slices.Equal(was[table], is[table]) {
			t.Errorf("%s has\n%.600s, want\n%.600s", table, is[table], was[table])
		}
	}
	if len(was) != len(is) {
		t.Errorf("%d tables, want %d", len(is), len(was))
	}
	if proof, err := to.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
		t.Errorf("the copied log: %+v %v", proof, err)
	}
	if to.DB.Dialect.Name() == modelstest.SQLite {
		if wrong := modelstest.Value(t, to, "SELECT count(*) FROM (SELECT id, seq FROM groups UNION SELECT id, seq FROM held_groups) AS a JOIN (SELECT id, seq FROM groups UNION SELECT id, seq FROM held_groups) AS b ON a.id < b.id AND a.seq >= b.seq"); wrong != "0" {
			t.Errorf("%s pairs of groups have row numbers in another order than their ids", wrong)
		}
		if totals := modelstest.Value(t, to, "SELECT group_concat(list || ' ' || n, ', ') FROM totals"); totals != "contacts 5, groups 8, groups_active 8, groups_archived 0" {
			t.Errorf("the totals are %s", totals)
		}
	}
	owner, err := to.Identity.Users.FirstOwner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	by := owner.Actor()
	after := modelstest.Group(t, to, by, "Afterwards")
	found, err := to.Groups(t.Context(), models.GroupQuery{Text: "会議室 11"})
	if err != nil || len(found.Groups) != 1 {
		t.Errorf("the search in the copy finds %v, %v", found.Groups, err)
	}
	if err := to.RelayEvents(t.Context()); err != nil {
		t.Error(err)
	}
	held := modelstest.Value(t, to, "SELECT min(id) FROM held_groups")
	if back, err := to.Holds.Undo(t.Context(), by, held); err != nil || back.ID != held || after.ID < held {
		t.Errorf("the group on hold: %+v, %v", back, err)
	}
}

// TestEverythingIsCopied copies a database to the other engine, and what came of it back.
func TestEverythingIsCopied(t *testing.T) {
	each(t, func(t *testing.T, from *models.Store, to string) {
		modelstest.Exec(t, from, "CREATE TABLE _litestream_seq (id integer PRIMARY KEY, seq integer)") // as Litestream does
		back := modelstest.EmptyURL(t, from.DB.Dialect.Name())
		found, err := run(t, t.Context(), from, to, quietly)
		if err != nil {
			t.Fatal(err)
		}
		if found.Rows["groups"] != 8 || found.Rows["held_groups"] != 4 || found.Kept != 0 || found.Head == "" || found.Behind {
			t.Errorf("it says %+v", found)
		}
		there := modelstest.OpenURL(t, to)
		if _, err := run(t, t.Context(), there, back, quietly); err != nil {
			t.Fatal(err)
		}
		compare(t, from, modelstest.OpenURL(t, back))
		compare(t, from, there)
		if _, err := run(t, t.Context(), from, to, quietly); !errors.Is(err, db.ErrNotEmpty) {
			t.Errorf("a second copy into it: %v", err)
		}
	})
}

// TestAnInterruptedCopyGoesOn stops a copy again and again, the source changing twice meanwhile.
func TestAnInterruptedCopyGoesOn(t *testing.T) {
	each(t, func(t *testing.T, from *models.Store, to string) {
		var found copies.Result
		var changed []string
		err := errors.New("it has not begun")
		stopped := map[string]int{}
		for round := 0; err != nil; round++ {
			ctx, stop := context.WithCancel(t.Context())
			reports := 0
			found, err = run(t, ctx, from, to, func(step string, _, _ int64) {
				if reports++; reports > 20 && stopped[step] < 2 {
					stopped[step]++
					stop()
				}
			})
			stop()
			changed = append(changed, found.Changed...)
			switch {
			case err == nil:
			case !errors.Is(err, context.Canceled) || round > 9:
				t.Fatalf("round %d: %v", round, err)
			case round == 0:
				if refused := modelstest.Connect(t, to).Migrate(t.Context()); refused == nil || !strings.Contains(refused.Error(), "unfinished copy") {
					t.Fatalf("a console opens it: %v", refused)
				}
				modelstest.Exec(t, from, "UPDATE archive_rules SET note = 'Changed'")
			case stopped[copies.Indexes] == 1: // some are built again already
				modelstest.Exec(t, from, "UPDATE groups SET description = 'Changed' WHERE id = (SELECT min(id) FROM groups)")
			}
		}
		if want := []string{"archive_rules", "groups", "held_groups"}; found.Kept == 0 || !slices.Equal(changed, want) || stopped[copies.Rows] != 2 || stopped[copies.Indexes] != 2 {
			t.Errorf("kept %d rows, changed %v, want %v, stopped %v", found.Kept, changed, want, stopped)
		}
		compare(t, from, modelstest.OpenURL(t, to))
	})
}

// TestACopyIsRefused tries what must not be copied, or not there.
func TestACopyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, from *models.Store, to string) {
		engine := from.DB.Dialect.Name()
		ctx, stop := context.WithCancel(t.Context())
		if _, err := run(t, ctx, from, to, func(string, int64, int64) { stop() }); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		other := modelstest.Open(t, engine)
		if _, err := run(t, t.Context(), other, to, quietly); err == nil || !strings.Contains(err.Error(), "has an unfinished copy of "+from.DB.Address()) {
			t.Errorf("a copy of another database: %v", err)
		}
		overtaken := false
		_, err := run(t, t.Context(), from, to, func(string, int64, int64) {
			if !overtaken {
				overtaken = true
				ctx, stop := context.WithCancel(t.Context())
				_, _ = run(t, ctx, from, to, func(string, int64, int64) { stop() })
			}
		})
		if err == nil || !strings.Contains(err.Error(), "another console copy goes on") {
			t.Errorf("the copy that was overtaken: %v", err)
		}
		modelstest.Exec(t, other, "UPDATE goose_db_version SET version_id = version_id + 1 WHERE version_id = (SELECT max(version_id) FROM goose_db_version)")
		if _, err := run(t, t.Context(), other, modelstest.EmptyURL(t, engine), quietly); err == nil || !strings.Contains(err.Error(), "copy it with the newer program") {
			t.Errorf("a newer schema: %v", err)
		}
		modelstest.Exec(t, other, "DELETE FROM goose_db_version WHERE version_id > 20")
		if _, err := run(t, t.Context(), other, modelstest.EmptyURL(t, engine), quietly); err == nil || !strings.Contains(err.Error(), "run console migrate on it first") {
			t.Errorf("an older schema: %v", err)
		}
	})
}
