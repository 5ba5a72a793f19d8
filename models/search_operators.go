package models

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/text"
)

// Operator is a key of the search language: key:value. ParseSearch, the explanation of the
// language, the Filters menu and suggestions are all made of Operators.
type Operator struct {
	// Key is what is typed before the colon.
	Key  string
	Kind ValueKind
	// Values are all that it takes, if Kind is ChoiceValue; else examples of them.
	Values []string

	read func(s *Search, o Operator, value string) bool
	// period and status are of the dates that DateValue limits.
	period func(*Limits) *Period
	status Status
}

// ValueKind is what an operator takes as its value.
type ValueKind string

// The kinds of values. A date is written 2026-01-31, or as an age: 30d is the day 30 days
// ago, with w, m and y for weeks, months and years. Dates and numbers take > >= < <= before
// them, and two with .. between them, of which one may be left out.
const (
	NameValue   ValueKind = "name"
	ChoiceValue ValueKind = "choice"
	DateValue   ValueKind = "date"
	NumberValue ValueKind = "number"
)

// Filter is an operator with a value in a search, and Text is both as typed.
type Filter struct{ Key, Value, Text string }

// Operators are the whole search language besides words.
var Operators = []Operator{
	{Key: "is", Kind: ChoiceValue, read: readChoice, Values: []string{"active", "archived", "empty", "duplicate", "exempt", "scheduled"}},
	{Key: "has", Kind: ChoiceValue, read: readChoice, Values: []string{"description", "avatar"}},
	{Key: "no", Kind: ChoiceValue, read: readChoice, Values: []string{"description", "avatar"}},
	{Key: "member", Kind: NameValue, read: readMember, Values: []string{"hector", `"hector m"`}},
	{Key: "members", Kind: NumberValue, read: readMembers, Values: []string{"0", "1..9", ">=100"}},
	{
		Key: "created", Kind: DateValue, read: readDate, Values: []string{"2026-01-31", ">2026-01-31", "2026-01-01..2026-01-31", ">30d", "<1y"},
		period: func(l *Limits) *Period { return &l.Created },
	},
	{
		Key: "updated", Kind: DateValue, read: readDate, Values: []string{">7d", "<2026-01-31"},
		period: func(l *Limits) *Period { return &l.Updated },
	},
	{
		Key: "active", Kind: DateValue, read: readDate, Values: []string{">7d", "<90d"},
		period: func(l *Limits) *Period { return &l.Active },
	},
	{
		Key: "archived", Kind: DateValue, read: readDate, Values: []string{">30d", "<1y"},
		period: func(l *Limits) *Period { return &l.Archived }, status: Archived,
	},
	{Key: "by", Kind: NameValue, read: readCreator, Values: []string{"olivia"}},
}

// operatorOf returns the operator of a key.
func operatorOf(key string) (Operator, bool) {
	i := slices.IndexFunc(Operators, func(o Operator) bool { return o.Key == key })
	if i < 0 {
		return Operator{}, false
	}
	return Operators[i], true
}

func readChoice(s *Search, o Operator, value string) bool {
	switch o.Key + ":" + strings.ToLower(value) {
	case "is:archived":
		s.Status = Archived
	case "is:active":
		s.Status = Active
	case "is:empty":
		s.Limits.MinMembers, s.Limits.MaxMembers = 0, new(0)
	case "is:duplicate":
		s.Limits.Duplicate = true
	case "is:exempt":
		s.Limits.Exempt = new(true)
	case "is:scheduled":
		s.Limits.Scheduled = true
	case "has:description", "no:description":
		s.Limits.Described = new(o.Key == "has")
	case "has:avatar", "no:avatar":
		s.Limits.Avatar = new(o.Key == "has")
	default:
		return false
	}
	return true
}

// MaxSearchedMembers is how many members a search can have: of each, the contacts are looked up.
const MaxSearchedMembers = 5

func readMember(s *Search, _ Operator, value string) bool {
	switch value = strings.TrimSpace(value); {
	case value == "":
		return false
	case s.Member == "":
		s.Member = value
	case value == s.Member || slices.Contains(s.AlsoMembers, value):
	case len(s.AlsoMembers) < MaxSearchedMembers-1:
		s.AlsoMembers = append(s.AlsoMembers, value)
	case !slices.Contains(s.Hints, Hint{Kind: HintMembersCut}):
		s.Hints = append(s.Hints, Hint{Kind: HintMembersCut})
	}
	return true
}

func readCreator(s *Search, _ Operator, value string) bool {
	s.Limits.Creator = strings.TrimSpace(value)
	return s.Limits.Creator != ""
}

func readMembers(s *Search, _ Operator, value string) bool {
	low, high, ok := readSpan(value, func(number string) (first, next int, ok bool) {
		n, err := strconv.ParseUint(number, 10, 31)
		return int(n), int(n) + 1, err == nil && number[0] != '+'
	})
	if !ok {
		return false
	}
	s.Limits.MinMembers, s.Limits.MaxMembers = 0, nil
	if low != nil {
		s.Limits.MinMembers = *low
	}
	if high != nil {
		s.Limits.MaxMembers = new(max(*high-1, 0))
	}
	if high != nil && *high == 0 { // less than none
		s.Limits.MinMembers = 1
	}
	return true
}

func readDate(s *Search, o Operator, value string) bool {
	from, to, ok := readSpan(value, s.day)
	if !ok {
		return false
	}
	*o.period(&s.Limits) = Period{text.Deref(from), text.Deref(to)}
	if s.Status == AnyStatus {
		s.Status = o.status
	}
	return true
}

// readSpan reads a value, two with .. between them, or one after > >= < or <=. read returns
// the beginning of a value, and that of the next one; so does readSpan, nil for no limit.
func readSpan[T any](typed string, read func(string) (first, next T, ok bool)) (from, to *T, ok bool) {
	if low, high, span := strings.Cut(typed, ".."); span {
		return readEnds(low, high, read)
	}
	number := strings.TrimLeft(typed, "<>=")
	first, next, ok := read(number)
	if number == "" || !ok {
		return nil, nil, false
	}
	switch typed[:len(typed)-len(number)] {
	case "":
		return &first, &next, true
	case ">":
		return &next, nil, true
	case ">=":
		return &first, nil, true
	case "<":
		return nil, &first, true
	case "<=":
		return nil, &next, true
	}
	return nil, nil, false
}

// readEnds reads the ends of a span, of which one may be "".
func readEnds[T any](low, high string, read func(string) (first, next T, ok bool)) (from, to *T, ok bool) {
	if low != "" {
		first, _, ok := read(low)
		if !ok {
			return nil, nil, false
		}
		from = &first
	}
	if high != "" {
		_, next, ok := read(high)
		if !ok {
			return nil, nil, false
		}
		to = &next
	}
	return from, to, from != nil || to != nil
}

// day reads a date, or an age of up to a few thousand years, and returns the first moment
// of that day and of the next one.
func (s *Search) day(typed string) (first, next time.Time, ok bool) {
	day, err := time.Parse(time.DateOnly, typed)
	if err != nil {
		if day, ok = s.ago(typed); !ok {
			return first, next, false
		}
	}
	if day.Year() < 1970 || day.Year() > 9998 {
		return first, next, false
	}
	return text.StartOfDay(day, s.zone), text.StartOfDay(day.AddDate(0, 0, 1), s.zone), true
}

// ago returns the date of so long ago: 30d, 2w, 6m or 1y. Nothing is older than 1970.
func (s *Search) ago(typed string) (time.Time, bool) {
	n, err := strconv.ParseUint(strings.TrimRight(typed, "dwmyDWMY"), 10, 16)
	if err != nil || typed[0] == '+' {
		return time.Time{}, false
	}
	unit := strings.ToLower(strings.TrimLeft(typed, "0123456789"))
	y, m, d := s.now.In(s.zone).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	ages := map[string]time.Time{
		"d": day.AddDate(0, 0, -int(n)), "w": day.AddDate(0, 0, -7*int(n)), "m": monthsBefore(day, int(n)), "y": monthsBefore(day, 12*int(n)),
	}
	day, ok := ages[unit]
	if earliest := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); ok && day.Before(earliest) {
		day = earliest
	}
	return day, ok
}

// monthsBefore returns the same day of an earlier month, or its last one if it is shorter.
func monthsBefore(day time.Time, months int) time.Time {
	first := time.Date(day.Year(), day.Month()-time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day.Day(), last)-1)
}

// With returns the typed search with a filter, such as is:archived, in place of the filters
// that begin with one of the prefixes, such as is: or is:archived.
func (s Search) With(filter string, prefixes ...string) string {
	return strings.TrimSpace(s.Less(prefixes...) + " " + filter)
}

// Less returns the typed search without the filters that begin with one of the prefixes.
func (s Search) Less(prefixes ...string) string {
	var kept []string
	for _, t := range joinNumbers(splitSearch(s.Typed)) {
		filter := t.key + ":" + strings.ToLower(t.value)
		understood := slices.ContainsFunc(s.Filters, func(f Filter) bool { return f.Text == t.text })
		if understood && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(filter, p) }) {
			continue
		}
		kept = append(kept, t.text)
	}
	return strings.Join(kept, " ")
}

// BuiltInView is a view of groups that everyone has. Search finds its groups; views has its
// name.
type BuiltInView struct{ ID, Search string }

// BuiltInViews are for keeping groups in order.
var BuiltInViews = []BuiltInView{
	{"empty", "is:empty"},
	{"inactive", "active:<90d"},
	{"undescribed", "no:description"},
	{"same-name", "is:duplicate"},
	{"long-archived", "archived:<1y"},
}
