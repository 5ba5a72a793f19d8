package views

import (
	"time"

	"github.com/a-h/templ"
)

// quickRange is a link that limits the activity to some days that are often asked for.
type quickRange struct {
	ID, Label string
	Href      templ.SafeURL
	Current   bool
}

// quickRanges returns links to today, yesterday and the last seven days, in the reader's zone. They
// keep the other filters.
func (l ActivityList) quickRanges() []quickRange {
	var ranges []quickRange
	for _, q := range []struct {
		id, label string
		from, to  int // days before today
	}{{"today", "Today", 0, 0}, {"yesterday", "Yesterday", 1, 1}, {"last-7-days", "Last 7 days", 6, 0}} {
		at := l.At.page()
		at.From, at.To = l.daysAgo(q.from), l.daysAgo(q.to)
		ranges = append(ranges, quickRange{q.id, q.label, l.url(at), at.From == l.At.From && at.To == l.At.To})
	}
	return ranges
}

// daysAgo returns a day before today, as addresses have it.
func (l ActivityList) daysAgo(n int) string { return l.Now.AddDate(0, 0, -n).Format(time.DateOnly) }
