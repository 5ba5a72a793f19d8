package models_test

import (
	"fmt"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// plannedLines is a log in which a planner that has a choice chooses as it does in one
// of millions.
const plannedLines = 100_000

// fillLog writes lines by 20 people to 5,000 groups, of which few are of other kinds.
func fillLog(t *testing.T, store *models.Store) {
	t.Helper()
	carryOut(t, store, fmt.Sprintf(`WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < %d)
		INSERT INTO audit_lines (id, created_at, actor_kind, actor_id, actor_name, user_id, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id)
		SELECT '0Va' || (1000000000000 + i), 1790000000 + i, 'user', '000000000000000' || (i %% 9), 'Zoë', '000000000000000' || (i %% 9),
			CASE WHEN i %% 5000 = 0 THEN 'policy.update' WHEN i %% 10 = 0 THEN 'session.start' ELSE 'group.update' END,
			'group', '00000000000' || (10000 + i %% 5000), 'Plaza Hotel', '{}', '10.0.0.4', 'curl/8', 'REQUEST' || i FROM numbers`, plannedLines))
	carryOut(t, store, "ANALYZE")
}

func TestActivityPlansScanNoTable(t *testing.T) {
	modelstest.Slow(t)
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		fillLog(t, store)
		carryOut(t, store, // as sealed ones are found; what the seals say is of no interest here
			"INSERT INTO audit_seals (number, line_id, seal) SELECT created_at - 1790000000, id, 'seal' FROM audit_lines",
			"DELETE FROM audit_tail")
		carryOut(t, store, "ANALYZE")

		p := &planner{T: t, store: store}
		if err := store.DB.Watch(p.see); err != nil {
			t.Fatal(err)
		}
		middle := db.Cursor{ID: "0Va1000000050000"}
		object := "0000000000010007"
		day := time.Unix(1_790_050_000, 0)
		for name, q := range map[string]audit.ActivityQuery{
			"all": {}, "a person": {Who: "0000000000000003"}, "nobody": {Who: "0000000000000zzz"}, "an object": {Object: object},
			"a common area": {Action: "group"}, "a rare area": {Action: "policy"}, "failed sign-ins": {Action: audit.FailedSignIns}, "no area": {Action: "nothing"}, "an action": {Action: "session.start"},
			"a request": {Request: "REQUEST7"}, "days": {From: day, To: day.Add(time.Hour)},
			"a person and an area": {Who: "0000000000000003", Action: "group"}, "an object and a person": {Object: object, Who: "0000000000000003"},
		} {
			for _, part := range []db.Range{{}, {After: middle}, {Before: middle}} {
				q.Range = part
				// An object and a request have few lines, which are sorted as quickly as they are walked.
				maySort := q.Object != "" || q.Request != "" || q.Action == "policy" || q.Action == "nothing" || name == "nobody"
				p.plan(fmt.Sprintf("%s, %+v", name, part), maySort, func() error { _, err := store.Audit.Activity(p.Context(), q); return err })
			}
		}
		p.plan("the oldest line", false, func() error { _, err := store.Audit.OldestActivity(p.Context()); return err })
		p.plan("names", true, func() error {
			_, err := store.Audit.ActivityNames(p.Context(), audit.ActivityQuery{Who: "0000000000000003", Object: object})
			return err
		})
		p.plan("what put a line back", true, func() error {
			_, err := store.Reverts.RevertOf(p.Context(), "0Va1000000050000")
			return err
		})
		p.plan("a line", false, func() error { _, err := store.Audit.ActivityLine(p.Context(), "0Va1000000050000"); return err })
		p.retention()
	})
}
