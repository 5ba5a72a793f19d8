package text

import "time"

// StartOfDay returns the first moment of a day, given by its date, in a zone. It is not
// always at 00:00, which clocks that are set then skip or strike twice.
func StartOfDay(date time.Time, zone *time.Location) time.Time {
	y, m, d := date.Date()
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	begins, ends := t.ZoneBounds()
	switch day := t.Format(time.DateOnly); {
	case day < date.Format(time.DateOnly):
		return ends // midnight is skipped: the day begins as the clock is set
	case begins.IsZero():
		return t
	}
	_, offset := t.Zone()
	_, before := begins.Add(-time.Second).Zone()
	if first := t.Add(time.Duration(offset-before) * time.Second); first.Before(begins) && before > offset {
		return first.In(zone) // midnight is struck twice
	}
	return t
}
