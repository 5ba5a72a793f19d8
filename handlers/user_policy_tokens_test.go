package handlers_test

import (
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
)

// TestARequiredSecondFactorBindsTokens if the policy says so: programs of somebody who has
// none are refused until they have one.
func TestARequiredSecondFactorBindsTokens(t *testing.T) {
	each(t, func(s *site) {
		now := time.Now()
		s.store.DB.Now = func() time.Time { return now }
		later := func() { now = now.Add(2 * time.Second) } // beyond what is remembered of tokens
		ed, b := s.colleague(access.Editor)
		token, secret := s.tokenOf(ed, "Nightly")
		program := s.withToken(secret)
		today := now.UTC().Format(time.DateOnly)

		s.get("/users/policy").has("form", "API tokens").lacks("#tokens[checked]")
		s.post("/users/policy", "need", "editor", "editor", today).wants(303)
		later()
		program.get("/v1/groups").wants(200) // the default

		s.post("/users/policy", "need", "editor", "editor", today, "tokens", "yes").follow(s.browser).has(".flash", "API tokens")
		if line := s.newest(); line.Action != audit.ChangedPolicy || !strings.Contains(line.Changes, `"tokens_need_second_factor":{"before":false,"after":true}`) {
			s.Errorf("%s %s", line.Action, line.Changes)
		}
		if s.get("/users/policy").doc.Find("#tokens[checked]").Length() != 1 {
			s.Error("the choice is not shown")
		}
		refused := program.get("/v1/groups").wants(403)
		if body := refused.body; !strings.Contains(body, "has no second factor") || !strings.Contains(body, `"forbidden"`) {
			s.Errorf("the API says %s", body)
		}
		program.post("/v1/groups", "name", "x").wants(403)
		s.get("/settings/tokens").has("tbody", "Needs a second factor")
		s.get("/settings/tokens/"+token.ID).has("main", "has no second factor")
		_, owners := s.tokenOf(s.by, "The owner's")
		s.withToken(owners).get("/v1/groups").wants(200) // no rule for owners

		modelstest.Exec(s.T, s.store, "INSERT INTO totps (user_id, secret, step, created_at, confirmed_at) VALUES ('"+ed.UserID+"', 'x', 0, 1, 1)")
		later()
		program.get("/v1/groups").wants(200)
		if rows := s.get("/settings/tokens").text("tbody"); strings.Contains(rows, "Needs a second factor") {
			s.Errorf("the list says %s", rows)
		}
		b.get("/settings/tokens/" + token.ID).wants(200)
	})
}

// TestARuleOfTomorrowBindsNoTokensToday.
func TestARuleOfTomorrowBindsNoTokensToday(t *testing.T) {
	each(t, func(s *site) {
		now := time.Now()
		s.store.DB.Now = func() time.Time { return now }
		ed, _ := s.colleague(access.Editor)
		_, secret := s.tokenOf(ed, "Nightly")
		tomorrow := now.UTC().AddDate(0, 0, 1).Format(time.DateOnly)
		s.post("/users/policy", "need", "editor", "editor", tomorrow, "tokens", "yes").wants(303)
		s.withToken(secret).get("/v1/groups").wants(200)
		now = now.AddDate(0, 0, 1)
		s.withToken(secret).get("/v1/groups").wants(403)
	})
}
