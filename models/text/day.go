package text

import "time"

// StartOfDay returns the first moment of a date in a zone. That is not always 00:00, which
// may be skipped or occur twice when clocks are set.
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
