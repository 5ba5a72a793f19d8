package views

import (
	"slices"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// FilterForm is what the Filters menu shows. Its fields stand for operators of the search
// language, which is all that it changes.
type FilterForm struct {
	// List is the list to filter.
	List GroupList
	// Values are the fields' values, by name.
	Values map[string]string
	// Counts are how many groups each choice would find, in words, by "field=value".
	Counts map[string]string
	// Creators are the names of those who have created groups.
	Creators []string
	Problems access.Invalid
}

// FilterField is a field of the Filters menu, of one kind.
type FilterField struct {
	Name, Label string
	// Choices are what radio buttons choose from; the first is any.
	Choices []FilterChoice
	// Prefixes are how the filters begin that the field stands for.
	Prefixes []string
}

// FilterChoice is a choice with the filter that it stands for; "" for any.
type FilterChoice struct{ Value, Label, Filter string }

// FilterChoices are the fields with radio buttons.
var FilterChoices = []FilterField{
	{"members", "Members", []FilterChoice{
		{"", "Any number", ""}, {"0", "None", "is:empty"}, {"1..9", "1–9", "members:1..9"}, {"10..99", "10–99", "members:10..99"}, {"100", "100 or more", "members:>=100"},
	}, []string{"is:empty", "members:"}},
	{"description", "Description", []FilterChoice{
		{"", "Any", ""}, {"has", "Has description", "has:description"}, {"no", "No description", "no:description"},
	}, []string{"has:description", "no:description"}},
	{"avatar", "Avatar", []FilterChoice{
		{"", "Any", ""}, {"has", "Has avatar", "has:avatar"}, {"no", "No avatar", "no:avatar"},
	}, []string{"has:avatar", "no:avatar"}},
	{"name", "Name", []FilterChoice{
		{"", "Any", ""}, {"same", "Same as another group's", "is:duplicate"},
	}, []string{"is:duplicate"}},
}

// otherChoice is the value of a choice for a filter that the menu doesn't offer.
const otherChoice = "other"

// chosen returns the value of the choice that a search makes; otherChoice if it is none of them.
func (f FilterField) chosen(s models.Search) string {
	value := ""
	for _, filter := range s.Filters {
		written := filter.Key + ":" + strings.ToLower(filter.Value)
		if !slices.ContainsFunc(f.Prefixes, func(p string) bool { return strings.HasPrefix(written, p) }) {
			continue
		}
		value = otherChoice
		if written == "members:0" {
			written = "is:empty"
		}
		if i := slices.IndexFunc(f.Choices, func(c FilterChoice) bool { return c.Filter == written }); i >= 0 {
			value = f.Choices[i].Value
		}
	}
	return value
}

// Filter returns the filter of a choice, or "".
func (f FilterField) Filter(value string) string {
	for _, c := range f.Choices {
		if c.Value == value {
			return c.Filter
		}
	}
	return ""
}

// FilterSpan is a field with two dates: NAME_from and NAME_to.
type FilterSpan struct{ Name, Label string }

// FilterSpans are the periods that the menu can limit.
var FilterSpans = []FilterSpan{{"created", "Created"}, {"archived", "Archived"}}

// FilterValues returns the values of the fields that a search means.
func FilterValues(s models.Search, now Clock) map[string]string {
	values := map[string]string{"member": s.Member, "by": s.Limits.Creator}
	for _, f := range FilterChoices {
		values[f.Name] = f.chosen(s)
	}
	set := func(name string, p models.Period) {
		if !p.From.IsZero() {
			values[name+"_from"] = p.From.In(now.Location()).Format("2006-01-02")
		}
		if !p.To.IsZero() {
			values[name+"_to"] = p.To.In(now.Location()).AddDate(0, 0, -1).Format("2006-01-02")
		}
	}
	set("created", s.Limits.Created)
	set("archived", s.Limits.Archived)
	if to := s.Limits.Active.To; !to.IsZero() {
		values["active_before"] = to.In(now.Location()).Format("2006-01-02")
	}
	return values
}

// filterWord returns an operator of a search in words.
func filterWord(f models.Filter, now Clock) string {
	value := strings.ToLower(f.Value)
	switch f.Key {
	case "is", "has", "no":
		return map[string]string{
			"is:active": "Active", "is:archived": "Archived", "is:empty": "No members", "is:duplicate": "Same name as another",
			"has:description": "Has description", "no:description": "No description", "has:avatar": "Has avatar", "no:avatar": "No avatar",
		}[f.Key+":"+value]
	case "member":
		return "Member: " + text.Isolated(f.Value)
	case "by":
		return "Created by " + text.Isolated(f.Value)
	case "members":
		return "Members: " + spanWords(value, func(n string) string { return n }, map[string]string{">": "more than ", ">=": "at least ", "<": "fewer than ", "<=": "at most "})
	}
	return capitalize(f.Key) + " " + dateWords(value, now)
}

// spanWords returns a span in words; signs are what stands for > >= < <=.
func spanWords(value string, one func(string) string, signs map[string]string) string {
	if low, high, span := strings.Cut(value, ".."); span {
		switch {
		case low == "":
			return signs["<="] + one(high)
		case high == "":
			return signs[">="] + one(low)
		}
		return one(low) + "–" + one(high)
	}
	rest := strings.TrimLeft(value, "<>=")
	return signs[value[:len(value)-len(rest)]] + one(rest)
}

// dateWords returns the value of a date operator in words: "in the last 30 days", "before 31
// January 2026".
func dateWords(value string, now Clock) string {
	rest := strings.TrimLeft(value, "<>=")
	sign := value[:len(value)-len(rest)]
	if age, ok := ageWords(rest); ok && sign != "" {
		if sign[0] == '>' {
			return "in the last " + age
		}
		return "over " + age + " ago"
	}
	return spanWords(value, func(day string) string {
		if age, ok := ageWords(day); ok {
			return age + " ago"
		}
		return typedDay(day, now)
	}, map[string]string{"": "", ">": "after ", ">=": "since ", "<": "before ", "<=": "until "})
}

// ageWords returns an age in words: 30d is "30 days".
func ageWords(age string) (string, bool) {
	n := strings.TrimRight(age, "dwmy")
	unit, ok := map[string]string{"d": "day", "w": "week", "m": "month", "y": "year"}[age[len(n):]]
	if !ok {
		return "", false
	}
	if n != "1" {
		unit += "s"
	}
	return n + " " + unit, true
}

// searchChips returns the chips of a search: one for its words, and one for each operator.
func (l GroupList) searchChips() []chip {
	var filters, chips []chip
	var texts, keys []string
	for _, f := range l.Search.Filters {
		written := f.Key + ":" + strings.ToLower(f.Value)
		at := l.At.page()
		at.Q = l.Search.Less(written)
		if at.byArchived() {
			at.Sort = ""
		}
		filters = append(filters, chip{filterWord(f, l.Now), GroupsURL(at)})
		texts, keys = append(texts, f.Text), append(keys, written)
	}
	if words := l.Search.Less(keys...); words != "" {
		at := l.At.page()
		at.Q = strings.Join(texts, " ")
		chips = append(chips, chip{"“" + text.Isolated(words) + "”", GroupsURL(at)})
	}
	return append(chips, filters...)
}

// count returns how many groups a choice would find, or "".
func (f FilterForm) count(field, value string) string { return f.Counts[field+"="+value] }

// back returns the list that the form was opened from.
func (f FilterForm) back() templ.SafeURL { return GroupsURL(f.List.At) }
