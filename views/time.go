package views

import (
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/identity"
)

// Clock is the time at which a page is rendered, in its reader's zone and notation. Times on the
// page are relative to it.
type Clock struct {
	time.Time
	notation *notation // nil is the default
}

// NewClock returns a Clock for a time in the reader's zone and the reader's locale.
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
	// day is a full day, and dayOfYear one of the current year; short and shortOfYear are their
	// short forms. join separates the day from the hour.
	day, dayOfYear, short, shortOfYear, join, hour string
	// group separates thousands, and point the fraction.
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

func (c Clock) style() *notation {
	if c.notation == nil {
		return &notations[0]
	}
	return c.notation
}

// group returns the separator of thousands.
func group(locale identity.Locale) string { return NewClock(time.Time{}, locale).style().group }

// example returns a day, time and number in a locale's notation.
func example(locale identity.Locale) string {
	w := NewClock(time.Time{}, locale).style()
	day := time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC)
	return day.Format(w.day+w.join+w.hour) + " · " + "1" + w.group + "234" + w.point + "5"
}

// Times are Unix seconds.

func isoTime(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

// fullTime returns a time in the reader's zone, with the zone.
func fullTime(at int64, now Clock) string { return zoned(at, now, now.style().full) }

// zoned returns a time in the reader's zone, in a layout that ends in a space, with the zone.
func zoned(at int64, now Clock, layout string) string {
	t := now.local(at)
	return t.Format(layout) + zoneOf(t)
}

// local returns a time in the reader's zone.
func (c Clock) local(at int64) time.Time { return time.Unix(at, 0).In(c.Location()) }

// fullDay returns a day with its year.
func fullDay(t time.Time, now Clock) string { return t.Format(now.style().day) }

// dayOfYear returns a day, without its year if that is the current one.
func dayOfYear(t time.Time, now Clock) string {
	if t.Year() == now.In(t.Location()).Year() {
		return t.Format(now.style().dayOfYear)
	}
	return fullDay(t, now)
}

// shortDay returns a day in short form, without its year if that is the current one.
func shortDay(t time.Time, now Clock) string {
	if t.Year() == now.Year() {
		return t.Format(now.style().shortOfYear)
	}
	return t.Format(now.style().short)
}

// typedDay returns a day of an address, such as 2026-01-31, in the reader's notation.
func typedDay(day string, now Clock) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format(now.style().short)
}

// daysIn returns the sentence on the time zone that days are in.
func daysIn(now Clock) string {
	return "Time zone: " + strings.ReplaceAll(now.Location().String(), "_", " ")
}

// zoneOf returns the abbreviation of a time's zone.
func zoneOf(t time.Time) string {
	zone, _ := t.Zone()
	if strings.HasPrefix(zone, "+") || strings.HasPrefix(zone, "-") { // some zones have no name
		zone = "UTC" + zone
	}
	return zone
}

// relative is how long times are shown relative to now.
const relative = 7 * 24 * time.Hour

// recent reports whether ago returns more than a day.
func recent(at int64, now Clock) bool { return now.Sub(time.Unix(at, 0)) < relative }

// ago returns how long ago a time is, or its day if that is long ago.
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

// nearest rounds a duration to its largest unit, and to a minute at least: 90 days minus a moment
// are still 90 days.
func nearest(d time.Duration) time.Duration {
	switch {
	case d < time.Hour-time.Minute/2:
		return max(d.Round(time.Minute), time.Minute)
	case d < 24*time.Hour-time.Hour/2:
		return d.Round(time.Hour)
	}
	return d.Round(24 * time.Hour)
}

// length returns a duration in its largest unit.
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
