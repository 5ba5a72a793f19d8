package views

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
)

// The addresses of rules, and of what they have in store for one group.

// RulesURL returns the address of the list of rules, opened from a list of groups.
func RulesURL(list templ.SafeURL) templ.SafeURL { return "/groups/rules" + FromList(list) }

// NewRuleURL returns the address of the form for a new rule about a list of groups.
func NewRuleURL(list templ.SafeURL) templ.SafeURL { return "/groups/rules/new" + FromList(list) }

func EditRuleURL(id string) templ.SafeURL { return pathTo("/groups/rules/", id, "/edit", "") }

func PauseRuleURL(id string) templ.SafeURL { return pathTo("/groups/rules/", id, "/pause", "") }

func DeleteRuleURL(id string) templ.SafeURL { return pathTo("/groups/rules/", id, "/delete", "") }

// TurnOnRuleURL returns the address of what a rule would do, from where it is turned on.
func TurnOnRuleURL(id string) templ.SafeURL { return withParams(EditRuleURL(id), "do", "preview") }

func ScheduleURL(id string) templ.SafeURL   { return pathTo("/groups/", id, "/schedule", "") }
func UnscheduleURL(id string) templ.SafeURL { return pathTo("/groups/", id, "/unschedule", "") }
func ExemptURL(id string) templ.SafeURL     { return pathTo("/groups/", id, "/exempt", "") }

// RuleList is what the list of rules shows.
type RuleList struct {
	By    access.Actor
	Rules []models.ArchiveRule
	// List is the list that the page was opened from; "" for the default.
	List templ.SafeURL
	Now  Clock
}

// RuleForm is what the forms for new and edited rules show.
type RuleForm struct {
	models.RuleFields
	// ID is the edited rule's, and State its state; "" for a new one.
	ID    string
	State models.RuleState
	// Preview is what the rule would archive now; nil before it was asked for.
	Preview  *models.Preview
	Problems access.Invalid
	Now      Clock
}

// RuleDelete is what the confirmation before deleting a rule shows.
type RuleDelete struct{ models.ArchiveRule }

// ScheduleForm is what the form for the date of one group shows.
type ScheduleForm struct {
	models.Group
	Date, Note string
	// Planned says that the group has a date already.
	Planned  bool
	List     templ.SafeURL
	Problems access.Invalid
	Now      Clock
}

// Title returns the heading of the form.
func (f RuleForm) Title() string {
	switch {
	case f.Preview != nil:
		return "Check rule"
	case f.ID == "":
		return "New rule"
	}
	return "Edit rule"
}

func (f RuleForm) action() templ.SafeURL {
	if f.ID == "" {
		return NewRuleURL("")
	}
	return EditRuleURL(f.ID)
}

// button returns what saves the rule.
func (f RuleForm) button() string {
	if f.State == models.RuleOn {
		return "Save rule"
	}
	return "Turn on rule"
}

// hidden are the rule's fields for a form that doesn't show them.
func (f RuleForm) hidden() []Hidden {
	return []Hidden{
		{Name: "name", Value: f.Name},
		{Name: "search", Value: f.Search},
		{Name: "days", Value: f.Days},
		{Name: "when", Value: f.when()},
		{Name: "date", Value: f.Date},
		{Name: "note", Value: f.Note},
	}
}

// when returns the value of the choice of when a rule runs.
func (f RuleForm) when() string {
	if f.Once {
		return "once"
	}
	return ""
}

// means describes the groups of a rule: "No description · 90 days without activity".
func means(f models.RuleFields, now Clock) string {
	var words []string
	if f.Search != "" {
		words = append(words, filterWords(GroupList{At: GroupsAt{Q: f.Search}, Search: models.ParseSearch(f.Search, now.Location()), Now: now}))
	}
	if days, err := strconv.Atoi(f.Days); err == nil {
		words = append(words, counted(days, "day", "days", now)+" without activity")
	}
	return strings.Join(words, " · ")
}

// found returns the list of the groups of a rule.
func found(f models.RuleFields) templ.SafeURL {
	q := f.Search
	if f.Days != "" {
		q += " active:<" + f.Days + "d"
	}
	return GroupsURL(GroupsAt{Q: strings.TrimSpace(q)})
}

// runsWords says when a rule runs.
func runsWords(f models.RuleFields, now Clock) string {
	if f.Once {
		return "on " + typedDay(f.Date, now)
	}
	return "every day"
}

// stateOf returns the state of a rule, and the class of its pill.
func stateOf(r models.ArchiveRule) (words, class string) {
	switch {
	case r.State == models.RuleFinished:
		return "Finished", ""
	case r.Reason != "":
		return "Stopped", "bad"
	case r.State == models.RulePaused:
		return "Paused", "warn"
	}
	return "On", "good"
}

// stoppedWords says why a rule of somebody was stopped; "" if it wasn't.
func stoppedWords(reason, who string) string {
	switch reason {
	case "":
		return ""
	case jobs.RightLost:
		return who + " can no longer archive groups."
	}
	return who + " was disabled."
}

// exemptGroups and scheduledGroups are the lists of groups that rules leave alone, and of
// those with a date.
func exemptGroups() templ.SafeURL { return GroupsURL(GroupsAt{Q: "is:exempt", Status: "all"}) }

func scheduledGroups() templ.SafeURL {
	return GroupsURL(GroupsAt{Q: "is:scheduled"})
}
