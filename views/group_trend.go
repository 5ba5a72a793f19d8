package views

import (
	"slices"
	"strconv"
	"strings"

	"protocol.chat/console/models/db"
)

// TrendDays are how many days a group's overview shows the messages of.
const TrendDays = 30

// trendBar is a bar of the chart of messages, in the units of trendBox.
type trendBar struct{ x, y, height int }

const (
	trendStep   = 10
	trendWidth  = 8
	trendHeight = 60
	trendBox    = "0 0 298 60"
)

func trendBars(days []db.Count) []trendBar {
	most := busiestDay(days).N
	var bars []trendBar
	for i, d := range days {
		if d.N > 0 {
			height := max(d.N*trendHeight/most, 2)
			bars = append(bars, trendBar{i * trendStep, trendHeight - height, height})
		}
	}
	return bars
}

func busiestDay(days []db.Count) db.Count {
	return slices.MaxFunc(days, func(a, b db.Count) int { return a.N - b.N })
}

// trendSentence says what the chart shows.
func trendSentence(days []db.Count, now Clock) string {
	var all db.Count
	for _, d := range days {
		all.N += d.N
		all.AtLeast = all.AtLeast || d.More
	}
	if all.N == 0 {
		return "No messages in the last 30 days"
	}
	busiest := busiestDay(days)
	last := len(days) - 1 - slices.Index(days, busiest)
	return total(all, "message", "messages", now) + " in the last 30 days, most on " + dayOfYear(now.AddDate(0, 0, -last), now) + " (" + briefly(busiest, now) + ")"
}

// listName returns what the list that a group's page was opened from is called.
func (d GroupDetail) listName() string {
	switch {
	case d.From.Q != "":
		return "Groups · “" + d.From.Q + "”"
	case d.From.Status == "archived":
		return "Archived groups"
	case d.From.filtered():
		return "Groups, filtered"
	}
	return Groups
}

// MemberTrendDays are how many days a group's overview shows the number of members of.
const MemberTrendDays = 90

// membersChanged reports whether there is a trend to show.
func (d GroupDetail) membersChanged() bool {
	days := d.MembersByDay
	return len(days) > 1 && slices.Min(days) < slices.Max(days)
}

// memberBox is the viewBox of the chart of members.
func memberBox(days []int) string {
	return "0 0 " + strconv.Itoa((len(days)-1)*trendStep) + " " + strconv.Itoa(trendHeight)
}

// memberLine returns the points of the chart of members, which begins at 0.
func memberLine(days []int) string {
	most := slices.Max(days)
	var b strings.Builder
	for i, n := range days {
		b.WriteString(strconv.Itoa(i*trendStep) + "," + strconv.Itoa(trendHeight-1-n*(trendHeight-2)/most) + " ")
	}
	return strings.TrimSpace(b.String())
}

// memberSentence says what the chart shows.
func (d GroupDetail) memberSentence() string {
	days := d.MembersByDay
	first, now := days[0], days[len(days)-1]
	since := dayOfYear(d.Now.AddDate(0, 0, 1-len(days)), d.Now)
	switch {
	case now > first:
		return counted(now, "member", "members", d.Now) + ", " + thousands(now-first, d.Now) + " more than on " + since
	case now < first:
		return counted(now, "member", "members", d.Now) + ", " + thousands(first-now, d.Now) + " fewer than on " + since
	}
	return counted(now, "member", "members", d.Now) + ", as many as on " + since + "; at most " + thousands(slices.Max(days), d.Now)
}
