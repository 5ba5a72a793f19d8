package views

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/webhooks"
)

// OverviewDetail is what the landing page shows. What is nil or empty is left out, as its reader may not
// see it.
type OverviewDetail struct {
	By access.Actor
	// Range is how many days the charts show.
	Range                   int
	Active, Archived, Empty *db.Count
	Contacts                *db.Count
	FailedDeliveries        *db.Count
	// NoGroups says that there are none at all.
	NoGroups bool
	// Running are jobs at work, FailedJobs those that failed lately.
	Running    int
	FailedJobs []jobs.Job
	// Expiring are tokens that expire soon.
	Expiring     []identity.Token
	MoreExpiring bool
	// Unprotected are owners without a second factor.
	Unprotected []string
	// Full says that little of the database's disk is free.
	Full bool
	Days []models.GroupDay
	// Hours are the requests to the API.
	Hours []identity.TokenHour
	// Deliveries are those to webhooks.
	Deliveries []webhooks.Hour
	// Largest are the groups with the most members, Recent those that the reader changed last.
	Largest, Recent []models.Group
	// Lines are what happened last.
	Lines []audit.Line
	// Checklist are the first steps with a new console; nil if they are done or skipped.
	Checklist []Step
	Notes     []string
	Now       Clock
}

// Step is something to do with a new console.
type Step struct {
	Does, Why string
	Href      templ.SafeURL
	Done      bool
}

// FirstSteps returns the steps that a new console begins with, given which are done.
func FirstSteps(named, groups, token, factor, webhook bool) []Step {
	return []Step{
		{"Name your workspace", "Users see the name on every page", SettingsURL() + "#workspace", named},
		{"Create or import groups", "For sample data, run console seed", ImportURL(models.ImportGroups), groups},
		{"Set up two-factor authentication", "Protects your account", SecurityURL(), factor},
		{"Create an API token", "For programs that call the API", NewTokenURL(), token},
		{"Add a webhook", "Notifies other systems of changes", NewWebhookURL(), webhook},
	}
}

// SkipChecklistURL returns the address that puts the first steps away for good.
func SkipChecklistURL() templ.SafeURL { return "/overview/checklist/skip" }

// OverviewURL returns the address of the overview with charts of so many days.
func OverviewURL(days int) templ.SafeURL {
	if days == OverviewRanges[0] {
		return HomeURL()
	}
	return withParams(HomeURL(), "range", strconv.Itoa(days))
}

// OverviewFileURL returns the address of the days of the charts as CSV.
func OverviewFileURL(days int) templ.SafeURL {
	return withParams("/overview/groups.csv", "range", strconv.Itoa(days))
}

// OverviewRanges are how many days charts can show; the first is what they show unless told.
var OverviewRanges = []int{30, 90, 365}

// figure is a number of the overview, which leads to the list that it counts.
type figure struct {
	number, label, hint string
	href                templ.SafeURL
}

// figures returns the numbers that the reader may see.
func (o OverviewDetail) figures() (all []figure) {
	add := func(n *db.Count, label, hint string, href templ.SafeURL) {
		if n != nil {
			all = append(all, figure{tally(*n, o.Now), label, hint, href})
		}
	}
	var week string
	if n := o.createdIn(7); n > 0 {
		week = "+" + thousands(n, o.Now) + " in 7 days"
	}
	add(o.Active, "Active groups", week, GroupsURL(GroupsAt{}))
	add(o.Archived, "Archived groups", "", GroupsURL(GroupsAt{Status: "archived"}))
	add(o.Empty, "Empty groups", "", GroupsURL(GroupsAt{Q: "is:empty"}))
	add(o.Contacts, "Contacts", "", ContactsURL(ContactsAt{}))
	if o.Hours != nil {
		requests, failed := 0, 0
		for _, h := range o.Hours {
			requests, failed = requests+h.Requests, failed+h.Errors
		}
		hint := ""
		if failed > 0 {
			hint = thousands(failed, o.Now) + " failed"
		}
		add(&db.Count{N: requests}, "API requests in 24 hours", hint, TokensURL())
	}
	add(o.FailedDeliveries, "Failed deliveries", "", DeliveriesURL(DeliveriesAt{State: "failed"}))
	if o.Active != nil {
		add(&db.Count{N: o.Running}, "Jobs running", "", JobsURL(JobsAt{Show: "unfinished"}))
	}
	return all
}

// createdIn returns how many groups were created in the last days.
func (o OverviewDetail) createdIn(days int) (n int) {
	for _, d := range o.Days[max(0, len(o.Days)-days):] {
		n += d.Created
	}
	return n
}

// attention is something that somebody should look at. The name in the middle of its sentence is
// what a user typed.
type attention struct {
	urgent              bool
	before, name, after string
	href                templ.SafeURL
	does                string
}

// attention returns what needs attention, the urgent first. Stopped webhooks are told on every page.
func (o OverviewDetail) attention() (all []attention) {
	if o.Full {
		all = append(all, attention{urgent: true, before: "The database's disk is nearly full", href: AboutURL(), does: "About"})
	}
	for _, j := range o.FailedJobs {
		all = append(all, attention{urgent: true, before: "Job failed: ", name: JobTitle(j), href: JobURL(j.ID, JobAt{}), does: "Open"})
	}
	for _, t := range o.Expiring {
		all = append(all, attention{before: "Token ", name: t.Name, after: " expires " + ago(*t.ExpiresAt, o.Now), href: TokenURL(t.ID), does: "Open"})
	}
	if o.MoreExpiring {
		all = append(all, attention{before: "More tokens expire soon", href: TokensURL(), does: "View all"})
	}
	for _, name := range o.Unprotected {
		all = append(all, attention{name: name, after: " is an owner without two-factor authentication", href: UsersURL(), does: "Users"})
	}
	return all
}

// The dimensions of the charts of days, in their own units.
const (
	dayStep   = 10
	dayWidth  = 8
	dayHeight = 100
)

func dayBox(days []models.GroupDay) string {
	return "0 0 " + strconv.Itoa(max(len(days)*dayStep-dayStep+dayWidth, 1)) + " " + strconv.Itoa(dayHeight)
}

// dayBars returns the bars of the groups created each day.
func dayBars(days []models.GroupDay) (bars []trendBar) {
	most := max(1, busiestOf(days).Created)
	for i, d := range days {
		if d.Created > 0 {
			height := max(d.Created*dayHeight/most, 2)
			bars = append(bars, trendBar{i * dayStep, dayHeight - height, height})
		}
	}
	return bars
}

func busiestOf(days []models.GroupDay) (busiest models.GroupDay) {
	for _, d := range days {
		if d.Created > busiest.Created {
			busiest = d
		}
	}
	return busiest
}

// createdSentence says what the chart of created groups shows.
func (o OverviewDetail) createdSentence() string {
	n := o.createdIn(len(o.Days))
	if n == 0 {
		return "No groups created in the last " + strconv.Itoa(len(o.Days)) + " days"
	}
	busiest := busiestOf(o.Days)
	return counted(n, "group", "groups", o.Now) + " created in " + strconv.Itoa(len(o.Days)) + " days, most on " +
		dayOfYear(busiest.Start, o.Now) + " (" + thousands(busiest.Created, o.Now) + ")"
}

// numberSentence says what the chart of active and archived groups shows.
func (o OverviewDetail) numberSentence() string {
	first, last := o.Days[0], o.Days[len(o.Days)-1]
	return "Active groups went from " + roughly(first.Active, o.Now) + " to " + roughly(last.Active, o.Now) +
		", archived ones from " + roughly(first.Archived, o.Now) + " to " + roughly(last.Archived, o.Now)
}

// dayLine returns the points of a line of how many groups there were at the end of each day.
func dayLine(days []models.GroupDay, most int, number func(models.GroupDay) int) string {
	points := make([]string, len(days))
	for i, d := range days {
		y := dayHeight - 1 - number(d)*(dayHeight-2)/max(most, 1)
		points[i] = strconv.Itoa(i*dayStep+dayWidth/2) + "," + strconv.Itoa(y)
	}
	return strings.Join(points, " ")
}

func activeOf(d models.GroupDay) int   { return d.Active }
func archivedOf(d models.GroupDay) int { return d.Archived }

// most returns the highest number of groups in the charts.
func (o OverviewDetail) most() (n int) {
	for _, d := range o.Days {
		n = max(n, d.Active, d.Archived)
	}
	return n
}

// checkedAt says when the page was made.
func (o OverviewDetail) checkedAt() string {
	return "Checked at " + o.Now.Format(o.Now.style().hour) + " " + zoneOf(o.Now.Time)
}

// isoDay returns a day as HTML has it.
func isoDay(t time.Time) string { return t.Format(time.DateOnly) }
