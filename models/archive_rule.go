package models

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// ArchiveRules archive groups by themselves: all active ones that a search finds, without
// those that are exempt, on a date or every day; or one group on a date. archive_rule.go has
// the rules of searches, archive_rule_group.go the dates and exemptions of single groups,
// and archive_rule_run.go what is done when their time comes.
type ArchiveRules struct{ store *Store }

// RuleState reports whether a rule runs.
type RuleState string

// The states of rules. One with a date is finished after it.
const (
	RuleOn       RuleState = "on"
	RulePaused   RuleState = "paused"
	RuleFinished RuleState = "finished"
)

// ArchiveRule is a rule. Times are Unix seconds.
type ArchiveRule struct {
	ID string
	// Name is "" if the rule is the date of a single group, GroupID.
	Name    string
	GroupID *string
	// Search finds the groups, as in lists. Of them those are meant that were not active
	// for InactiveDays; 0 for all.
	Search       string
	InactiveDays int
	// Daily says that the rule runs at the beginning of every day, rather than once. Days
	// are those of Zone, an IANA name.
	Daily bool
	Zone  string
	// Note is why groups are archived, or "".
	Note  string
	State RuleState
	// Reason is why a paused rule was stopped: jobs.ActorGone or jobs.RightLost; "" if
	// somebody paused it.
	Reason string
	// ActorKind to UserID are whoever turned the rule on last. It runs with their rights.
	ActorKind access.ActorKind
	ActorID   string
	ActorName string
	UserID    string
	NextRunAt int64
	// LastRunAt is when it last ran, and LastJobID the last job that it started; nil if
	// there is none.
	LastRunAt *int64
	LastJobID *string
	CreatedAt int64
}

// The actions on rules.
const (
	CreatedRule audit.Action = "rule.create"
	UpdatedRule audit.Action = "rule.update"
	PausedRule  audit.Action = "rule.pause"
	StoppedRule audit.Action = "rule.stop"
	DeletedRule audit.Action = "rule.delete"
)

// MaxRules is how many rules there can be, besides the dates of single groups.
const MaxRules = 100

const (
	maxRuleNote = 500
	// maxInactive is how many days without activity a rule can ask for.
	maxInactive = 36500
)

// RuleFields are a rule as it is typed.
type RuleFields struct {
	Name, Search, Note string
	// Days is for how many days groups were not active, or "".
	Days string
	// Once says that the rule runs on Date, a day such as 2026-01-31; else it runs daily.
	Once bool
	Date string
}

// Fields returns the rule as it is typed.
func (r ArchiveRule) Fields() RuleFields {
	f := RuleFields{Name: r.Name, Search: r.Search, Note: r.Note, Once: !r.Daily}
	if r.InactiveDays > 0 {
		f.Days = strconv.Itoa(r.InactiveDays)
	}
	if f.Once {
		f.Date = time.Unix(r.NextRunAt, 0).In(r.zone()).Format(time.DateOnly)
	}
	return f
}

// rule returns the rule that is typed, in a time zone, and what is wrong with it.
func (f RuleFields) rule(now time.Time, zone *time.Location) (ArchiveRule, access.Invalid) {
	var problems access.Invalid
	r := ArchiveRule{Search: strings.TrimSpace(f.Search), Daily: !f.Once, Zone: zone.String(), State: RuleOn}
	r.Name = text.Deref(problems.Require("name", &f.Name, "Enter a name for the rule.", ruleName))
	r.Note = text.Deref(problems.Check("note", &f.Note, ruleNote))
	problems = problems.And(r.checkSearch(now)).And(r.readDays(f.Days))
	if r.Search == "" && strings.TrimSpace(f.Days) == "" {
		problems = problems.And(access.MissingField("search", "This would archive every group. Enter a search, or a number of days without activity."))
	}
	if r.Daily {
		r.NextRunAt = nextDay(now, zone)
		return r, problems
	}
	var wrong access.Invalid
	r.NextRunAt, wrong = readRunDate(f.Date, now, zone)
	return r, problems.And(wrong)
}

func ruleName(s string) (string, string) { return text.Visible(text.ProperName("The name", s)) }

func ruleNote(s string) (string, string) {
	return text.Visible(text.Paragraphs("The reason", s, maxRuleNote))
}

// checkSearch returns what is wrong with the search: it must be understood, and be about
// active groups.
func (r ArchiveRule) checkSearch(now time.Time) access.Invalid {
	search := ParseSearchAt(r.Search, r.zone(), now)
	switch {
	case !text.IsPlain(r.Search):
		return access.Refused("search", "The search can't contain control characters.")
	case len(search.Hints) > 0:
		return search.Hints[0].refused("search")
	case search.Status == Archived || search.Limits.Exempt != nil && *search.Limits.Exempt:
		return access.Refused("search", "A rule archives active groups that aren't exempt. Remove is:archived, archived: and is:exempt.")
	case text.ValidID(text.Unquote(search.Typed)):
		return access.Refused("search", "A rule can't search for an ID. To archive one group, open it and choose “Archive on a date”.")
	}
	return checkSearch(r.Search)
}

// readDays reads the number of days without activity.
func (r *ArchiveRule) readDays(typed string) access.Invalid {
	if typed = strings.TrimSpace(typed); typed == "" {
		return nil
	}
	days, err := strconv.Atoi(typed)
	if err != nil || days < 1 || days > maxInactive {
		return access.Refused("days", "Enter a number of days from 1 to %s.", text.Thousands(maxInactive))
	}
	r.InactiveDays = days
	return nil
}

// readRunDate reads a day in the future, and returns when it begins.
func readRunDate(typed string, now time.Time, zone *time.Location) (int64, access.Invalid) {
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(typed))
	if err != nil || day.Year() > 9998 {
		return 0, access.Refused("date", "Enter a date like 2026-01-31.")
	}
	begins := text.StartOfDay(day, zone)
	if !begins.After(now) {
		return 0, access.Refused("date", "Enter a date in the future.")
	}
	return begins.Unix(), nil
}

// nextDay returns when the day after a time begins.
func nextDay(now time.Time, zone *time.Location) int64 {
	return text.StartOfDay(now.In(zone).AddDate(0, 0, 1), zone).Unix()
}

func (r ArchiveRule) zone() *time.Location {
	if zone, err := time.LoadLocation(r.Zone); err == nil {
		return zone
	}
	return time.UTC
}

// bulk returns the bulk change that the rule makes at a time.
func (r ArchiveRule) bulk(now time.Time) Bulk {
	if r.GroupID != nil {
		return Bulk{Action: BulkArchive, IDs: []string{*r.GroupID}, Rule: new("")}
	}
	q := GroupQuery{Search: ParseSearchAt(r.Search, r.zone(), now), Status: Active, Limits: Limits{Exempt: new(false)}}
	if r.InactiveDays > 0 {
		q.Limits.Active.To = text.StartOfDay(now.In(r.zone()).AddDate(0, 0, -r.InactiveDays), r.zone())
	}
	return Bulk{Action: BulkArchive, Query: q, Rule: &r.Name}
}

// Exempt is the reason in previews for which a rule leaves groups alone.
const Exempt = "exempt"

// Preview returns what a rule would archive if it ran now. Errors: Invalid, Denied.
func (s *ArchiveRules) Preview(ctx context.Context, by access.Actor, f RuleFields, zone *time.Location) (Preview, error) {
	now := s.store.DB.Now()
	r, problems := f.rule(now, zone)
	if len(problems) > 0 {
		return Preview{}, problems
	}
	bulk := r.bulk(now)
	p, err := s.store.BulkChanges.PreviewGroups(ctx, by, bulk)
	if err != nil {
		return p, err
	}
	bulk.Query.Limits.Exempt = new(true)
	exempt, err := s.store.GroupsCountOf(ctx, bulk.Query)
	p.skip(Exempt, exempt)
	return p, err
}

// List returns the rules, the newest first, without the dates of single groups. Errors:
// Denied.
func (s *ArchiveRules) List(ctx context.Context, by access.Actor) (rules []ArchiveRule, err error) {
	if err := by.Check(access.ReadGroups); err != nil {
		return nil, err
	}
	err = s.store.DB.ReaderFor(ctx).Where("group_id IS NULL").Order("id DESC").Limit(MaxRules).Find(&rules).Error
	return rules, s.store.DB.Failed(ctx, err)
}

// Rule returns a rule. Errors: ErrNotFound, Denied.
func (s *ArchiveRules) Rule(ctx context.Context, by access.Actor, id string) (ArchiveRule, error) {
	if err := by.Check(access.ReadGroups); err != nil {
		return ArchiveRule{}, err
	}
	r, err := ruleIn(s.store.DB.ReaderFor(ctx), id)
	return r, s.store.DB.Failed(ctx, err)
}

func ruleIn(tx *gorm.DB, id string) (r ArchiveRule, err error) {
	if !text.ValidID(id) {
		return r, access.ErrNotFound
	}
	return r, tx.Where("id = ? AND group_id IS NULL", id).Take(&r).Error
}

// Create makes a rule and turns it on. Errors: Invalid, Denied, Conflict if there are too
// many.
func (s *ArchiveRules) Create(ctx context.Context, by access.Actor, f RuleFields, zone *time.Location) (ArchiveRule, error) {
	now := s.store.DB.Now()
	r, problems := f.rule(now, zone)
	if len(problems) > 0 {
		return r, problems
	}
	r.ID, r.CreatedAt = s.store.DB.IDs.Next(now, ""), now.Unix()
	return r, s.write(ctx, by, CreatedRule, func(tx *gorm.DB, line *audit.Line) error {
		var others int64
		if err := cmp.Or(s.store.DB.Dialect.Lock(tx, "rules"), tx.Model(&r).Where("group_id IS NULL").Count(&others).Error); err != nil {
			return err
		}
		if others >= MaxRules {
			return access.Conflict{Message: "There are already " + strconv.Itoa(MaxRules) + " rules. Delete one first."}
		}
		r.setActor(*line.By)
		line.SetObject("rule", r.ID, r.Name)
		return cmp.Or(tx.Create(&r).Error, line.SetChanges(ruleChanges(ArchiveRule{}, r)))
	})
}

// Update changes a rule and turns it on. It runs with the rights of the actor from now on.
// Errors: ErrNotFound, Invalid, Denied.
func (s *ArchiveRules) Update(ctx context.Context, by access.Actor, id string, f RuleFields, zone *time.Location) (ArchiveRule, error) {
	r, problems := f.rule(s.store.DB.Now(), zone)
	if len(problems) > 0 {
		return r, problems
	}
	return r, s.change(ctx, by, id, UpdatedRule, func(tx *gorm.DB, line *audit.Line, was ArchiveRule) error {
		r.ID, r.CreatedAt, r.LastRunAt, r.LastJobID = was.ID, was.CreatedAt, was.LastRunAt, was.LastJobID
		r.setActor(*line.By)
		line.SetObject("rule", r.ID, r.Name)
		return cmp.Or(tx.Save(&r).Error, line.SetChanges(ruleChanges(was, r)))
	})
}

// Pause stops a rule until somebody turns it on. Errors: ErrNotFound, Denied.
func (s *ArchiveRules) Pause(ctx context.Context, by access.Actor, id string) error {
	return s.change(ctx, by, id, PausedRule, func(tx *gorm.DB, _ *audit.Line, r ArchiveRule) error {
		if r.State != RuleOn {
			return audit.ErrNothing
		}
		r.State = RulePaused
		return tx.Save(&r).Error
	})
}

// Delete deletes a rule; what it archived stays as it is. Errors: ErrNotFound, Denied.
func (s *ArchiveRules) Delete(ctx context.Context, by access.Actor, id string) error {
	return s.change(ctx, by, id, DeletedRule, func(tx *gorm.DB, line *audit.Line, r ArchiveRule) error {
		return cmp.Or(tx.Where("id = ?", r.ID).Delete(&r).Error, line.SetChanges(ruleChanges(r, ArchiveRule{})))
	})
}

// change is write for a rule, which is locked.
func (s *ArchiveRules) change(ctx context.Context, by access.Actor, id string, action audit.Action, fn func(tx *gorm.DB, line *audit.Line, r ArchiveRule) error) error {
	return s.write(ctx, by, action, func(tx *gorm.DB, line *audit.Line) error {
		r, err := ruleIn(tx.Clauses(clause.Locking{Strength: "UPDATE"}), id)
		if err != nil {
			return err
		}
		line.SetObject("rule", r.ID, r.Name)
		return fn(tx, line, r)
	})
}

func (s *ArchiveRules) write(ctx context.Context, by access.Actor, action audit.Action, fn func(tx *gorm.DB, line *audit.Line) error) error {
	return s.store.DB.Failed(ctx, s.store.Audit.Write(ctx, by, access.ArchiveGroups, action, fn))
}

func (r *ArchiveRule) setActor(by access.Actor) {
	r.ActorKind, r.ActorID, r.ActorName, r.UserID = by.Kind, by.ID, by.Name, by.UserID
}

// ruleChanges returns what differs between two rules for the audit line; those of a rule
// that is created or deleted differ from the zero ArchiveRule.
func ruleChanges(was, is ArchiveRule) map[string]audit.Change {
	return audit.Changes([]audit.Difference{
		{Field: "name", Before: text.OrNil(was.Name), After: text.OrNil(is.Name)},
		{Field: "search", Before: text.OrNil(was.Search), After: text.OrNil(is.Search)},
		{Field: "inactive_days", Before: text.OrNil(was.Fields().Days), After: text.OrNil(is.Fields().Days)},
		{Field: "runs", Before: was.runs(), After: is.runs()},
		{Field: "note", Before: text.OrNil(was.Note), After: text.OrNil(is.Note)},
		{Field: "state", Before: text.OrNil(string(was.State)), After: text.OrNil(string(is.State))},
	})
}

// runs returns when the rule runs, for the audit line.
func (r ArchiveRule) runs() *string {
	switch {
	case r.State == "":
		return nil
	case r.Daily:
		return new("daily")
	}
	return new(r.Fields().Date)
}

// TableName returns the table of the rules.
func (ArchiveRule) TableName() string { return "archive_rules" }
