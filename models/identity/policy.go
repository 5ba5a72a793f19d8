package identity

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// Policy is the sign-in policy.
type Policy struct {
	// SecondFactor maps the roles that require a second factor to when that begins, in Unix
	// seconds.
	SecondFactor map[access.Role]int64 `json:"second_factor"`
	// Tokens reports whether API tokens are refused while their owners lack a required
	// second factor. It is off by default, because it would stop programs.
	Tokens bool `json:"tokens,omitempty"`
	// PublicDocs says that everybody may read the documentation, also without signing in.
	PublicDocs bool `json:"public_docs,omitempty"`
}

// Needs reports whether a role needs a second factor.
func (p Policy) Needs(role access.Role, now time.Time) bool {
	from, asked := p.SecondFactor[role]
	return asked && from <= now.Unix()
}

// BindsTokens reports whether the tokens of a role are refused while their owner has no
// second factor.
func (p Policy) BindsTokens(role access.Role, now time.Time) bool {
	return p.Tokens && p.Needs(role, now)
}

const policySetting = "policy"

// Policy returns the policy in force. Another process's change is seen within a second.
func (s *Policies) Policy(ctx context.Context) (Policy, error) {
	p, err := s.policy.Get(policySetting, s.db.Now(), func() (Policy, error) {
		query := db.SelectFrom("settings", "value", "key = ?", policySetting)
		found, err := db.First(s.db.Read(ctx), query, 1, db.OneColumn[string])
		if err != nil || len(found) == 0 {
			return Policy{}, err
		}
		return readPolicy(found[0])
	})
	return p, s.db.Failed(ctx, err)
}

func readPolicy(stored string) (p Policy, err error) {
	err = json.Unmarshal([]byte(stored), &p)
	return p, err
}

// SetPolicy replaces the policy; a role that p leaves out needs no second factor. Errors:
// Denied, Invalid with roles for fields.
func (s *Policies) SetPolicy(ctx context.Context, by access.Actor, p Policy) error {
	if err := cmp.Or(by.Check(access.ManagePolicy), p.check().OrNil()); err != nil {
		return err
	}
	defer s.policy.Forget()
	defer s.callers.Forget()
	return s.log.Write(ctx, by, access.ManagePolicy, audit.ChangedPolicy, func(tx *gorm.DB, line *audit.Line) error {
		before, err := storedPolicy(tx)
		if err != nil {
			return err
		}
		changes := p.differences(before)
		if len(changes) == 0 {
			return audit.ErrNothing
		}
		value, err := json.Marshal(p)
		if err != nil {
			return err
		}
		line.SetObject("policy", "", "")
		row := db.Setting{Key: policySetting, Value: string(value)}
		return cmp.Or(line.SetChanges(changes), tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error)
	})
}

func storedPolicy(tx *gorm.DB) (Policy, error) {
	var rows []db.Setting
	err := tx.Where("key = ?", policySetting).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return Policy{}, err
	}
	return readPolicy(rows[0].Value)
}

func (p Policy) check() (problems access.Invalid) {
	for _, role := range slices.Sorted(maps.Keys(p.SecondFactor)) {
		from := p.SecondFactor[role]
		if !role.Known() || from < 0 || from > latestPolicy {
			problems = append(problems, access.Refused(string(role), "Choose a day like 2027-01-31.")...)
		}
	}
	return problems
}

// latestPolicy is the end of the year 9998.
const latestPolicy = 253_370_764_799

// differences returns what p changes in the policy before.
func (p Policy) differences(before Policy) map[string]audit.Change {
	rules := []audit.Difference{
		{Field: "tokens_need_second_factor", Before: &before.Tokens, After: &p.Tokens},
		{Field: "public_docs", Before: &before.PublicDocs, After: &p.PublicDocs},
	}
	for _, role := range access.Roles {
		rules = append(rules, audit.Difference{Field: "second_factor." + string(role), Before: before.from(role), After: p.from(role)})
	}
	return audit.Changes(rules)
}

// from returns since when a role needs a second factor; nil for never.
func (p Policy) from(role access.Role) *int64 {
	if at, asked := p.SecondFactor[role]; asked {
		return &at
	}
	return nil
}

// NeedsSecondFactor reports whether the policy requires a second factor that the user
// lacks.
func (s *Policies) NeedsSecondFactor(ctx context.Context, u User) (bool, error) {
	p, err := s.Policy(ctx)
	if err != nil || !p.Needs(u.Role, s.db.Now()) {
		return false, err
	}
	return s.lacksFactor(ctx, u)
}

// FactorDue returns when the policy begins to require a second factor that the user lacks,
// in Unix seconds; nil if it doesn't, or if the user has one.
func (s *Policies) FactorDue(ctx context.Context, u User) (*int64, error) {
	p, err := s.Policy(ctx)
	from := p.from(u.Role)
	if err != nil || from == nil {
		return nil, err
	}
	if lacks, err := s.lacksFactor(ctx, u); err != nil || !lacks {
		return nil, err
	}
	return from, nil
}

func (s *Policies) lacksFactor(ctx context.Context, u User) (bool, error) {
	query := db.SelectFrom("users", "users.id", "users.id = ? AND ("+hasFactor+")", u.ID)
	found, err := db.First(s.db.Read(ctx), query, 1, db.OneColumn[string])
	return len(found) == 0, s.db.Failed(ctx, err)
}

// hasFactor is the condition that a user has a second factor.
const hasFactor = `EXISTS (SELECT 1 FROM totps WHERE user_id = users.id AND confirmed_at IS NOT NULL)
	OR EXISTS (SELECT 1 FROM passkeys WHERE user_id = users.id)`

// FactorCount is how many active users a role has, and how many of them have no second
// factor.
type FactorCount struct{ People, Without int }

// FactorCounts counts the users of each role who can sign in; a role that no one has is
// left out. Errors: Denied.
func (s *Policies) FactorCounts(ctx context.Context, by access.Actor) (map[access.Role]FactorCount, error) {
	accounts, err := s.users.Accounts(ctx, by)
	counts := map[access.Role]FactorCount{}
	for _, p := range slices.DeleteFunc(accounts, func(p Account) bool { return p.DisabledAt != nil }) {
		count := counts[p.Role]
		count.People++
		if !p.SecondFactor() {
			count.Without++
		}
		counts[p.Role] = count
	}
	return counts, err
}
