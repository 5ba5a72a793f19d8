package views

import (
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/identity"
)

// Clock is when a page is made, for who reads it: it is in their zone, its times are told
// from here, and dates and numbers are written as they write them.
type Clock struct {
	time.Time
	notation *notation // nil is the usual one
}

// NewClock is a time, which is in the reader's zone, with how the reader writes.
func NewClock(at time.Time, locale identity.Locale) Clock {
	for i := range notations {
		if notations[i].locale == locale {
			return Clock{Time: at, notation: &notations[i]}
		}
	}
	return Clock{Time: at}
}

// A notation is a way to write dates, as layouts of package time, and numbers.
type notation struct {
	locale identity.Locale
	// day is a day in full, dayOfYear one of this year; short and shortOfYear are for
	// where there is little room. join stands between a day and a hour.
	day, dayOfYear, short, shortOfYear, join, hour string
	// group stands between thousands, point before the fraction.
	group, point string
	// full is day, join and hour, with the space before the zone.
	full string
}

var notations = [...]notation{
	{identity.DayFirst, "2 January 2006", "2 January", "2 Jan 2006", "2 Jan", ", ", "15:04", ",", ".", "2 January 2006, 15:04 "},
	{identity.MonthFirst, "January 2, 2006", "January 2", "Jan 2, 2006", "Jan 2", ", ", "3:04 PM", ",", ".", "January 2, 2006, 3:04 PM "},
	{identity.YearFirst, "2006-01-02", "2006-01-02", "2006-01-02", "2006-01-02", " ", "15:04", "\u202f", ".", "2006-01-02 15:04 "},
	{identity.Dotted, "02.01.2006", "02.01.2006", "02.01.2006", "02.01.2006", " ", "15:04", ".", ",", "02.01.2006 15:04 "},
}

func (c Clock) writes() *notation {
	if c.notation == nil {
		return &notations[0]
	}
	return c.notation
}

// group is what stands between thousands.
func group(locale identity.Locale) string { return NewClock(time.Time{}, locale).writes().group }

// example is a day, an hour and a number, as somebody of a locale writes them.
func example(locale identity.Locale) string {
	w := NewClock(time.Time{}, locale).writes()
	day := time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC)
	return day.Format(w.day+w.join+w.hour) + " · " + "1" + w.group + "234" + w.point + "5"
}

// Times are Unix seconds.

func isoTime(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

// fullTime is a time in the reader's zone, and the zone.
func fullTime(at int64, now Clock) string { return zoned(at, now, now.writes().full) }

// zoned is a time in the reader's zone, in a layout that ends in a space, and the zone.
func zoned(at int64, now Clock, layout string) string {
	t := now.local(at)
	return t.Format(layout) + zoneOf(t)
}

// local is a time in the reader's zone.
func (c Clock) local(at int64) time.Time { return time.Unix(at, 0).In(c.Location()) }

// fullDay is a day in full.
func fullDay(t time.Time, now Clock) string { return t.Format(now.writes().day) }

// dayOfYear is a day in full, without its year where that is the present one.
func dayOfYear(t time.Time, now Clock) string {
	if t.Year() == now.In(t.Location()).Year() {
		return t.Format(now.writes().dayOfYear)
	}
	return fullDay(t, now)
}

// shortDay is a day where there is little room, without its year where that is the
// present one.
func shortDay(t time.Time, now Clock) string {
	if t.Year() == now.Year() {
		return t.Format(now.writes().shortOfYear)
	}
	return t.Format(now.writes().short)
}

// typedDay is a day as an address has it, 2026-01-31, as the reader writes it.
func typedDay(day string, now Clock) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format(now.writes().short)
}

// daysIn says which days a list is limited by: those of the reader's zone.
func daysIn(now Clock) string {
	return "Time zone: " + strings.ReplaceAll(now.Location().String(), "_", " ")
}

// zoneOf is the zone of a time in letters.
func zoneOf(t time.Time) string {
	zone := t.Format("MST")
	if strings.HasPrefix(zone, "+") || strings.HasPrefix(zone, "-") { // some zones have no name
		zone = "UTC" + zone
	}
	return zone
}

// relative is for how long a time is told from now.
const relative = 7 * 24 * time.Hour

// recent reports whether ago says more of a time than its day.
func recent(at int64, now Clock) bool { return now.Sub(time.Unix(at, 0)) < relative }

// ago is how long before now a time is, and the day where that is long.
func ago(at int64, now Clock) string {
	t := now.local(at)
	past := now.Sub(t)
	switch {
	case past < 0:
		return "in " + length(nearest(-past))
	case past < time.Minute:
		return "just now"
	case past < relative:
		return length(past) + " ago"
	}
	return shortDay(t, now)
}

// nearest is a length of time, a minute at least, in whole ones of its greatest unit:
// what was 90 days a moment ago is 90 days still.
func nearest(d time.Duration) time.Duration {
	switch {
	case d < time.Hour-time.Minute/2:
		return max(d.Round(time.Minute), time.Minute)
	case d < 24*time.Hour-time.Hour/2:
		return d.Round(time.Hour)
	}
	return d.Round(24 * time.Hour)
}

// length is a length of time in its greatest unit.
func length(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "a moment"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	case d < 24*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	case d < 48*time.Hour:
		return "1 day"
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + " days"
}
