package handlers

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// overviewPages are the landing page and the files of its charts. Each part is shown to those who may
// see the lists that it is made of.
type overviewPages struct{ groupPages }

// The limits of what the overview lists.
const (
	overviewGroups  = 8
	overviewLines   = 6
	overviewRecent  = 5
	overviewTokens  = 3
	soonExpired     = 14 * 24 * time.Hour
	recentlyFailed  = 7 * 24 * time.Hour
	overviewJobs    = 50
	overviewChanges = 50
)

// show shows the numbers, and what needs attention.
func (p overviewPages) show(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "range")
	o := views.OverviewDetail{By: by(r), Range: p.days(a), Notes: a.notes, Now: p.now(r)}
	for _, part := range []func(*http.Request, *views.OverviewDetail) error{p.ofGroups, p.ofContacts, p.ofAPI, p.ofWebhooks, p.ofJobs, p.ofUsers, p.ofActivity, p.firstSteps} {
		if err := part(r, &o); err != nil {
			return err
		}
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: views.Overview, Body: views.OverviewPage(o)})
}

// days returns how many days the charts show.
func (p overviewPages) days(a *address) int {
	n, err := strconv.Atoi(a.one("range", "30", "90", "365"))
	if err != nil {
		return 30
	}
	return n
}

// download sends the days of the charts as CSV.
func (p overviewPages) download(w http.ResponseWriter, r *http.Request) error {
	days, err := p.store.Overviews.Days(r.Context(), p.now(r).Time, p.days(readAddress(r, "range")))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="groups-per-day.csv"`)
	rows := csv.NewWriter(w)
	_ = rows.Write([]string{"day", "created", "active", "archived"})
	for _, d := range days {
		_ = rows.Write([]string{d.Start.Format(time.DateOnly), strconv.Itoa(d.Created), strconv.Itoa(d.Active), strconv.Itoa(d.Archived)})
	}
	rows.Flush()
	return nil // the client may have gone
}

func (p overviewPages) ofGroups(r *http.Request, o *views.OverviewDetail) (err error) {
	if !o.By.May(access.ReadGroups) {
		return nil
	}
	if o.Active, o.Archived, err = p.tabCounts(r); err != nil {
		return err
	}
	empty := views.GroupsAt{Q: "is:empty"}
	_, query := savedList(r, views.ViewQuery(empty))
	if o.Empty, err = p.menuCount(r, o.Now.Location().String()+" "+views.ViewQuery(empty), query, time.Now().Add(menuLimit)); err != nil {
		return err
	}
	if o.Days, err = p.store.Overviews.Days(r.Context(), o.Now.Time, o.Range); err != nil {
		return err
	}
	page, err := p.store.Groups(r.Context(), models.GroupQuery{Sort: models.ByMembers, Status: models.Active, Range: db.Range{Limit: overviewGroups}})
	for _, g := range page.Groups {
		if g.ContactsCount > 0 {
			o.Largest = append(o.Largest, g.Group)
		}
	}
	o.NoGroups = err == nil && len(page.Groups) == 0 && o.Archived.N == 0
	return err
}

func (p overviewPages) ofContacts(r *http.Request, o *views.OverviewDetail) error {
	if !o.By.May(access.ReadContacts) {
		return nil
	}
	page, err := p.store.Contacts(r.Context(), models.ContactQuery{Range: db.Range{Limit: 1}})
	if err != nil {
		return err
	}
	n, err := p.store.ContactsCount(r.Context(), page)
	o.Contacts = &n
	return err
}

func (p overviewPages) ofAPI(r *http.Request, o *views.OverviewDetail) (err error) {
	if !o.By.May(access.CreateTokens) {
		return nil
	}
	if o.Expiring, o.MoreExpiring, err = p.store.Identity.Tokens.Expiring(r.Context(), o.By, soonExpired, overviewTokens); err != nil {
		return err
	}
	o.Hours, err = p.store.Identity.Tokens.Hours(r.Context(), o.By)
	return err
}

func (p overviewPages) ofWebhooks(r *http.Request, o *views.OverviewDetail) error {
	if !o.By.May(access.Webhooks) {
		return nil
	}
	n, err := p.store.Webhooks.FailedCount(r.Context(), o.By)
	if err != nil {
		return err
	}
	o.FailedDeliveries = &n
	o.Deliveries, err = p.store.Webhooks.Hours(r.Context(), o.By)
	return err
}

// ofJobs looks at the newest jobs only.
func (p overviewPages) ofJobs(r *http.Request, o *views.OverviewDetail) error {
	if !o.By.May(access.ReadGroups) {
		return nil
	}
	page, err := p.store.Jobs.Jobs(r.Context(), jobs.Query{Range: db.Range{Limit: overviewJobs}})
	since := o.Now.Add(-recentlyFailed).Unix()
	for _, j := range page.Jobs {
		switch {
		case j.FinishedAt == nil && j.StartedAt != nil:
			o.Running++
		case j.State == jobs.Failed && *j.FinishedAt > since:
			o.FailedJobs = append(o.FailedJobs, j)
		}
	}
	return err
}

func (p overviewPages) ofUsers(r *http.Request, o *views.OverviewDetail) (err error) {
	if o.By.May(access.ManageSettings) {
		o.Full = p.store.DB.Room() != nil
	}
	if o.By.May(access.ReadUsers) {
		o.Unprotected, err = p.store.Identity.Users.OwnersWithoutFactor(r.Context(), o.By, overviewTokens)
	}
	return err
}

// ofActivity adds what happened last, and the groups that the reader changed last.
func (p overviewPages) ofActivity(r *http.Request, o *views.OverviewDetail) error {
	if o.By.May(access.ReadActivity) {
		page, err := p.store.Audit.Activity(r.Context(), audit.ActivityQuery{Range: db.Range{Limit: overviewLines}})
		if err != nil {
			return err
		}
		o.Lines = page.Lines
	}
	if !o.By.May(access.ReadGroups) {
		return nil
	}
	own, err := p.store.Audit.Activity(r.Context(), audit.ActivityQuery{Who: o.By.UserID, Range: db.Range{Limit: overviewChanges}})
	if err != nil {
		return err
	}
	var ids []string
	for _, line := range own.Lines {
		if line.ObjectKind == "group" && text.ValidID(line.ObjectID) && !slices.Contains(ids, line.ObjectID) {
			ids = append(ids, line.ObjectID)
		}
	}
	found, err := p.store.GroupsByID(r.Context(), ids)
	for _, id := range ids {
		if i := slices.IndexFunc(found, func(g models.Group) bool { return g.ID == id }); i >= 0 && len(o.Recent) < overviewRecent {
			o.Recent = append(o.Recent, found[i])
		}
	}
	return err
}

// firstSteps adds what is left to do in a new console, for those who run it.
func (p overviewPages) firstSteps(r *http.Request, o *views.OverviewDetail) error {
	if !o.By.May(access.ManageSettings) {
		return nil
	}
	skipped, err := p.store.Overviews.ChecklistSkipped(r.Context())
	if err != nil || skipped {
		return err
	}
	one := db.Range{Limit: 1}
	tokens, err := p.store.Identity.Tokens.Tokens(r.Context(), o.By, identity.TokenQuery{Range: one})
	if err != nil {
		return err
	}
	hooks, _, err := p.store.Webhooks.List(r.Context(), o.By, one)
	if err != nil {
		return err
	}
	general, err := p.store.Identity.Settings.General(r.Context())
	if err != nil {
		return err
	}
	account, err := p.store.Identity.Users.Account(r.Context(), o.By, o.By.UserID)
	steps := views.FirstSteps(general.Workspace != "", !o.NoGroups, len(tokens.Tokens) > 0, account.SecondFactor(), len(hooks) > 0)
	if slices.ContainsFunc(steps, func(s views.Step) bool { return !s.Done }) {
		o.Checklist = steps
	}
	return err
}

// skipChecklist puts the first steps away.
func (p overviewPages) skipChecklist(w http.ResponseWriter, r *http.Request) error {
	if err := p.store.Overviews.SkipChecklist(r.Context(), by(r)); err != nil {
		return err
	}
	return p.done(w, r, views.HomeURL(), views.Flash{Text: "Checklist skipped."})
}
