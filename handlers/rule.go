package handlers

import (
	"net/http"
	"strings"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// rulePages are the pages of rules that archive groups, and what they have in store for one.
type rulePages struct{ groupPages }

// list shows the rules.
func (p rulePages) list(w http.ResponseWriter, r *http.Request) error {
	rules, err := p.store.Rules.List(r.Context(), by(r))
	if err != nil {
		return err
	}
	page := views.RuleList{By: by(r), Rules: rules, List: groupsOf(r), Now: p.now(r)}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Archive rules", Body: views.RulesPage(page)})
}

// new shows the form for a rule about the list that it was opened from.
func (p rulePages) new(w http.ResponseWriter, r *http.Request) error {
	search, err := p.searchOf(r)
	if err != nil {
		return err
	}
	return p.showForm(w, r, http.StatusOK, views.RuleForm{RuleFields: models.RuleFields{Search: search}})
}

// searchOf returns the search that finds what the list shows that a page was opened from.
func (p rulePages) searchOf(r *http.Request) (string, error) {
	_, query, _ := strings.Cut(string(groupsOf(r)), "?")
	at, _ := savedList(r, query)
	parts := []string{at.Q, period("created", dayAfter(at.CreatedAfter, 1), dayAfter(at.CreatedBefore, -1))}
	if at.Member != "" {
		c, err := p.store.Contact(r.Context(), at.Member)
		if err != nil {
			return "", err
		}
		parts = append(parts, quoted("member:", c.Username))
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " "), nil
}

// dayAfter returns the date so many days after one that is valid; "" after "".
func dayAfter(date string, days int) string {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return day.AddDate(0, 0, days).Format(time.DateOnly)
}

func (p rulePages) showForm(w http.ResponseWriter, r *http.Request, status int, f views.RuleForm) error {
	f.Now = p.now(r)
	return p.render(w, r, status, views.Page{Title: f.Title(), Failed: len(f.Problems) > 0, Body: views.RuleFormPage(f)})
}

// showPreview shows what a rule would archive.
func (p rulePages) showPreview(w http.ResponseWriter, r *http.Request, f views.RuleForm) error {
	preview, err := p.store.Rules.Preview(r.Context(), by(r), f.RuleFields, zone(r))
	if invalid, ok := problems(err); ok {
		f.Problems = invalid
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	f.Preview = &preview
	return p.showForm(w, r, http.StatusOK, f)
}

// ruleFields reads a rule as it was typed.
func ruleFields(r *http.Request) models.RuleFields {
	return models.RuleFields{
		Name: r.PostFormValue("name"), Search: r.PostFormValue("search"), Days: r.PostFormValue("days"),
		Once: r.PostFormValue("when") == "once", Date: r.PostFormValue("date"), Note: r.PostFormValue("note"),
	}
}

// create shows what a new rule would archive, then turns it on.
func (p rulePages) create(w http.ResponseWriter, r *http.Request) error {
	return p.submit(w, r, views.RuleForm{RuleFields: ruleFields(r)})
}

// edit shows the form for a rule, or what it would archive.
func (p rulePages) edit(w http.ResponseWriter, r *http.Request) error {
	rule, err := p.store.Rules.Rule(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := views.RuleForm{RuleFields: rule.Fields(), ID: rule.ID, State: rule.State}
	if r.FormValue("do") == "preview" {
		return p.showPreview(w, r, f)
	}
	return p.showForm(w, r, http.StatusOK, f)
}

// update shows what a changed rule would archive, then saves it and turns it on.
func (p rulePages) update(w http.ResponseWriter, r *http.Request) error {
	rule, err := p.store.Rules.Rule(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.submit(w, r, views.RuleForm{RuleFields: ruleFields(r), ID: rule.ID, State: rule.State})
}

// submit takes a step in the form of a rule.
func (p rulePages) submit(w http.ResponseWriter, r *http.Request, f views.RuleForm) error {
	switch r.PostFormValue("do") {
	case "save":
	case "edit":
		return p.showForm(w, r, http.StatusOK, f)
	default:
		return p.showPreview(w, r, f)
	}
	var rule models.ArchiveRule
	var err error
	if f.ID == "" {
		rule, err = p.store.Rules.Create(r.Context(), by(r), f.RuleFields, zone(r))
	} else {
		rule, err = p.store.Rules.Update(r.Context(), by(r), f.ID, f.RuleFields, zone(r))
	}
	if invalid, ok := problems(err); ok {
		f.Problems = invalid
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return p.done(w, r, views.RulesURL(""), views.Flash{Text: "Rule " + text.Isolated(rule.Name) + " is on."})
}

// pause stops a rule until it is turned on.
func (p rulePages) pause(w http.ResponseWriter, r *http.Request) error {
	if err := p.store.Rules.Pause(r.Context(), by(r), r.PathValue("id")); err != nil {
		return err
	}
	return p.done(w, r, views.RulesURL(""), views.Flash{Text: "Rule paused."})
}

// confirmDelete asks before a rule is deleted.
func (p rulePages) confirmDelete(w http.ResponseWriter, r *http.Request) error {
	rule, err := p.store.Rules.Rule(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Delete rule", Body: views.DeleteRule(views.RuleDelete{ArchiveRule: rule})})
}

func (p rulePages) delete(w http.ResponseWriter, r *http.Request) error {
	if err := p.store.Rules.Delete(r.Context(), by(r), r.PathValue("id")); err != nil {
		return err
	}
	return p.done(w, r, views.RulesURL(""), views.Flash{Text: "Rule deleted."})
}

// scheduleForm shows the form for the date on which a group is archived.
func (p rulePages) scheduleForm(w http.ResponseWriter, r *http.Request) error {
	f, err := p.schedule(r)
	if err != nil {
		return err
	}
	return p.showSchedule(w, r, http.StatusOK, f)
}

// schedule returns the form with the date that a group has.
func (p rulePages) schedule(r *http.Request) (views.ScheduleForm, error) {
	g, err := p.store.GroupPreview(r.Context(), r.PathValue("id"))
	if err != nil {
		return views.ScheduleForm{}, err
	}
	plan, err := p.store.Rules.OfGroup(r.Context(), g.ID)
	f := views.ScheduleForm{Group: g, Note: plan.Note, Planned: plan.ArchiveAt != 0, List: groupsOf(r), Now: p.now(r)}
	if f.Planned {
		f.Date = time.Unix(plan.ArchiveAt, 0).In(zone(r)).Format(time.DateOnly)
	}
	return f, err
}

func (p rulePages) showSchedule(w http.ResponseWriter, r *http.Request, status int, f views.ScheduleForm) error {
	return p.render(w, r, status, views.Page{Title: "Archive on a date", Failed: len(f.Problems) > 0, Body: views.SchedulePage(f)})
}

// updateSchedule sets the date on which a group is archived.
func (p rulePages) updateSchedule(w http.ResponseWriter, r *http.Request) error {
	id, date, note := r.PathValue("id"), r.PostFormValue("date"), r.PostFormValue("note")
	_, err := p.store.Rules.Schedule(r.Context(), by(r), id, date, note, zone(r))
	if invalid, ok := problems(err); ok {
		f, err := p.schedule(r)
		if err != nil {
			return err
		}
		f.Date, f.Note, f.Problems = date, note, invalid
		return p.showSchedule(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return p.toGroup(w, r, "Date set.")
}

// unschedule takes back the date on which a group is archived.
func (p rulePages) unschedule(w http.ResponseWriter, r *http.Request) error {
	if err := p.store.Rules.Unschedule(r.Context(), by(r), r.PathValue("id")); err != nil {
		return err
	}
	return p.toGroup(w, r, "The group won't be archived automatically.")
}

// exempt makes rules leave a group alone, or not.
func (p rulePages) exempt(w http.ResponseWriter, r *http.Request) error {
	exempt, done := r.PostFormValue("exempt") == "yes", "Exempt from rules."
	if !exempt {
		done = "No longer exempt from rules."
	}
	if err := p.store.Rules.SetExempt(r.Context(), by(r), r.PathValue("id"), exempt); err != nil {
		return err
	}
	return p.toGroup(w, r, done)
}

// toGroup leads back to the group of the request.
func (p rulePages) toGroup(w http.ResponseWriter, r *http.Request, done string) error {
	group := views.GroupURL(r.PathValue("id")) + views.FromList(groupsOf(r))
	return p.done(w, r, group, views.Flash{Text: done})
}
