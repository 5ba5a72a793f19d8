package models_test

import (
	"fmt"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// ruleSite is a database with ten groups of which eight are active, one "tenth" among them.
type ruleSite struct {
	*testing.T
	store *models.Store
}

func newRuleSite(t *testing.T, store *models.Store) *ruleSite {
	t.Helper()
	sampleGroups(t, store, 10)
	return &ruleSite{t, store}
}

// wait moves all rules to so many days before, as PostgreSQL's clock can't be set.
func (s *ruleSite) wait(days int) {
	s.Helper()
	modelstest.Exec(s.T, s.store, fmt.Sprintf("UPDATE archive_rules SET next_run_at = next_run_at - %d", days*24*60*60))
}

// run lets days pass, and runs the rules and their jobs.
func (s *ruleSite) run(days int) {
	s.Helper()
	s.wait(days)
	if err := s.store.Rules.Run(s.Context()); err != nil {
		s.Fatal(err)
	}
	if err := s.store.Jobs.Run(s.Context()); err != nil {
		s.Fatal(err)
	}
}

func (s *ruleSite) create(by access.Actor, f models.RuleFields) models.ArchiveRule {
	s.Helper()
	r, err := s.store.Rules.Create(s.Context(), by, f, time.UTC)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func (s *ruleSite) rule(id string) models.ArchiveRule {
	s.Helper()
	r, err := s.store.Rules.Rule(s.Context(), bulkTester, id)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// left checks how many active groups there are, and how many jobs were started.
func (s *ruleSite) left(what string, active, started int) {
	s.Helper()
	list, err := s.store.Jobs.Jobs(s.Context(), jobs.Query{})
	if err != nil {
		s.Fatal(err)
	}
	if n := count(s.T, s.store, models.GroupQuery{Status: models.Active}); n != active || len(list.Jobs) != started {
		s.Errorf("%s: %d active groups after %d jobs, want %d after %d", what, n, len(list.Jobs), active, started)
	}
}

func TestADailyRule(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := newRuleSite(t, store)
		ada := somebody(t, store, "ada", access.Moderator).Actor()
		groups := page(t, store, models.GroupQuery{Status: models.Active})
		keep := groups[0]
		if err := store.Rules.SetExempt(t.Context(), ada, keep.ID, true); err != nil {
			t.Fatal(err)
		}
		f := models.RuleFields{Name: "Idle", Days: "90", Note: "Nobody writes."}
		p, err := store.Rules.Preview(t.Context(), ada, f, time.UTC)
		if err != nil || p.ToChange.N != len(groups)-1 || len(p.Sample) != len(groups)-1 || len(p.Skipped) != 1 || p.Skipped[0].Reason != models.Exempt || p.Skipped[0].Count.N != 1 {
			t.Error("the preview is", p, err)
		}
		r := s.create(ada, f)
		s.run(0)
		s.left("before its day", len(groups), 0)
		s.run(1)
		s.left("on the first day", 1, 1)
		s.run(0)
		s.left("the same day again", 1, 1)
		if r = s.rule(r.ID); r.LastJobID == nil || r.LastRunAt == nil || r.NextRunAt <= time.Now().Unix() || r.State != models.RuleOn {
			t.Error("after a run the rule is", r)
		}
		job, err := store.Jobs.Job(t.Context(), *r.LastJobID)
		if err != nil || job.ActorID != ada.ID || *models.RuleOf(job) != "Idle" || job.Note != "Nobody writes." {
			t.Error("the job is", job, err)
		}
		s.run(1)
		s.left("a day with nothing to do", 1, 1)
		if found := page(t, store, models.GroupQuery{Search: models.ParseSearch("is:exempt", nil)}); len(found) != 1 || found[0].ID != keep.ID {
			t.Error("exempt are", found)
		}
		if err := store.Rules.SetExempt(t.Context(), ada, keep.ID, false); err != nil {
			t.Fatal(err)
		}
		s.run(1)
		s.left("without the exemption", 0, 2)
		if _, err := store.BulkChanges.UndoNow(t.Context(), ada, *s.rule(r.ID).LastJobID); err != nil {
			t.Error("undoing the job of a rule:", err)
		}
	})
}

func TestARuleRunsOnceOnSeveralServers(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			s := newRuleSite(t, modelstest.Open(t, engine))
			ada := somebody(t, s.store, "ada", access.Moderator).Actor()
			s.create(ada, models.RuleFields{Name: "Tenth", Search: "tenth"})
			s.wait(1)
			other := modelstest.Second(t, s.store, time.Now())
			failed := make(chan error)
			for _, store := range []*models.Store{s.store, other} {
				go func() { failed <- store.Rules.Run(t.Context()) }()
			}
			for range 2 {
				if err := <-failed; err != nil {
					t.Error(err)
				}
			}
			s.run(0)
			s.left("after two servers", 7, 1)
			if rule, by := lastArchiving(t, s.store).Rule(); !by || rule != "Tenth" {
				t.Errorf("the activity names the rule %q, %t", rule, by)
			}
		})
	}
}

func TestRulesStopAndPause(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := newRuleSite(t, store)
		ctx, owner := t.Context(), modelstest.Owner(t, store)
		ada, ben := somebody(t, store, "carl", access.Moderator).Actor(), somebody(t, store, "ben", access.Editor).Actor()
		fields := models.RuleFields{Name: "Idle", Days: "90"}
		r := s.create(ada, fields)
		paused := s.create(ben, fields)
		group := page(t, store, models.GroupQuery{Status: models.Active})[0]
		if _, err := store.Rules.Schedule(ctx, ada, group.ID, time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly), "", time.UTC); err != nil {
			t.Fatal(err)
		}
		wants(t, "pausing", store.Rules.Pause(ctx, ben, paused.ID), nil)
		_, err := store.Identity.Users.Disable(ctx, owner, ada.ID)
		wants(t, "disabling", err, nil)
		active := count(t, store, models.GroupQuery{Status: models.Active})
		s.run(1)
		s.left("paused, and of a disabled user", active, 0)
		if r = s.rule(r.ID); r.State != models.RulePaused || r.Reason != jobs.ActorGone {
			t.Error("the rule of a disabled user is", r)
		}
		if plan, err := store.Rules.OfGroup(ctx, group.ID); err != nil || plan.Stopped != jobs.ActorGone {
			t.Error("the date of a disabled user is", plan, err)
		}
		_, err = store.Rules.Update(ctx, ben, r.ID, fields, time.UTC)
		wants(t, "turning it on", err, nil)
		_, err = store.Identity.Users.ChangeRole(ctx, owner, ben.ID, access.Auditor)
		wants(t, "changing the role", err, nil)
		s.run(1)
		if r = s.rule(r.ID); r.State != models.RulePaused || r.Reason != jobs.RightLost {
			t.Error("the rule of one without the right is", r)
		}
		s.left("without the right", active, 0)
		wants(t, "a rule without the right", store.Rules.Delete(ctx, ben, r.ID), access.ErrDenied)
		wants(t, "deleting", store.Rules.Delete(ctx, owner, r.ID), nil)
		_, err = store.Rules.Rule(ctx, owner, r.ID)
		wants(t, "a deleted rule", err, access.ErrNotFound)
	})
}

func TestAScheduledGroup(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := newRuleSite(t, store)
		ctx, ada := t.Context(), somebody(t, store, "ada", access.Moderator).Actor()
		groups := page(t, store, models.GroupQuery{Status: models.Active})
		day := func(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }
		for _, g := range groups[:3] {
			_, err := store.Rules.Schedule(ctx, ada, g.ID, day(5), "", time.UTC)
			wants(t, "a date", err, nil)
		}
		_, err := store.Rules.Schedule(ctx, ada, groups[0].ID, day(2), "The season ends.", time.UTC)
		wants(t, "another date", err, nil)
		_, err = store.Rules.Schedule(ctx, ada, groups[0].ID, day(0), "", time.UTC)
		wantsProblem(t, "today", err, "date")
		_, err = store.Rules.Schedule(ctx, ada, groups[0].ID, "soon", "", time.UTC)
		wantsProblem(t, "no date", err, "date")
		wants(t, "cancelling", store.Rules.Unschedule(ctx, ada, groups[1].ID), nil)
		wants(t, "cancelling again", store.Rules.Unschedule(ctx, ada, groups[1].ID), nil)
		if plan, err := store.Rules.OfGroup(ctx, groups[0].ID); err != nil || plan.Note != "The season ends." || plan.ActorName != "ada" || plan.ArchiveAt <= time.Now().Unix() {
			t.Error("the plan is", plan, err)
		}
		if found := page(t, store, models.GroupQuery{Search: models.ParseSearch("is:scheduled", nil), Sort: models.ByName}); len(found) != 2 {
			t.Error("scheduled are", found)
		}
		s.run(2)
		s.left("on the first date", len(groups)-1, 1)
		if l := lastArchiving(t, store); l.ObjectID != groups[0].ID || l.Changes == "" {
			t.Error("the line is", l)
		} else if rule, by := l.Rule(); !by || rule != "" {
			t.Errorf("the line names the rule %q, %t", rule, by)
		}
		wants(t, "deleting", store.DeleteGroup(ctx, bulkTester, groups[2].ID, nil), nil)
		s.run(5)
		s.left("after the group was deleted", len(groups)-2, 1)
		_, err = store.Rules.Schedule(ctx, ada, groups[0].ID, day(2), "", time.UTC)
		wants(t, "an archived group", err, access.ErrConflict)
	})
}

// lastArchiving is the newest line about a group that was archived.
func lastArchiving(t *testing.T, store *models.Store) audit.Line {
	t.Helper()
	page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Action: string(audit.ArchivedGroup), Range: db.Range{Limit: 1}})
	if err != nil || len(page.Lines) == 0 {
		t.Fatal(page.Lines, err)
	}
	return page.Lines[0]
}

func TestARulesFields(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ada := somebody(t, store, "ada", access.Moderator).Actor()
		for field, f := range map[string]models.RuleFields{
			"name":   {Days: "90"},
			"search": {Name: "Everything"},
			"days":   {Name: "Idle", Days: "soon"},
			"date":   {Name: "Idle", Days: "90", Once: true},
		} {
			_, err := store.Rules.Create(t.Context(), ada, f, time.UTC)
			wantsProblem(t, "without a good "+field, err, field)
		}
		for _, search := range []string{"is:archived", "archived:<1y", "is:exempt", "active:soon", ada.ID} {
			_, err := store.Rules.Create(t.Context(), ada, models.RuleFields{Name: "Idle", Search: search}, time.UTC)
			wantsProblem(t, search, err, "search")
		}
	})
}
