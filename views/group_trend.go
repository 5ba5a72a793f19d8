package views

import (
	"slices"

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
