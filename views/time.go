package views

import (
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/db"
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

// thousands is n in groups of three digits.
func thousands(n int, now Clock) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + now.writes().group + s[i:]
	}
	return s
}

// counted is a number of things: "1 member", "2,000 members".
func counted(n int, one, many string, now Clock) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n, now) + " " + many
}

// briefly is a number that may only be known to be at least another.
func briefly(c db.Count, now Clock) string {
	if c.More || c.AtLeast {
		return thousands(c.N, now) + "+"
	}
	return thousands(c.N, now)
}

// daysIn says which days a list is limited by: those of the reader's zone.
func daysIn(now Clock) string {
	return "Time zone: " + strings.ReplaceAll(now.Location().String(), "_", " ")
}

// total is a number that may only be known to be more than another, or about.
func total(c db.Count, one, many string, now Clock) string {
	if c.About {
		return "About " + roughly(c.N, now) + " " + many
	}
	if c.AtLeast && !c.More {
		return "At least " + counted(c.N, one, many, now)
	}
	if c.More {
		return "More than " + counted(c.N, one, many, now)
	}
	return counted(c.N, one, many, now)
}
