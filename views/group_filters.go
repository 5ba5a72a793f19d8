package views

import (
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// FilterForm is what the Filters menu shows. Its fields stand for filters of the search language,
// which is all that it changes.
type FilterForm struct {
	// List is the list to filter.
	List GroupList
	// Facets are what groups can be limited by. Each is a field under its name; the values are
	// filters.
	Facets []models.Facet
	// Values are the fields' values, by name.
	Values map[string]string
	// Creators are the names of those who have created groups.
	Creators []string
	Problems access.Invalid
}

// OtherFilter is the value of a facet's field for a filter that the menu doesn't offer.
const OtherFilter = "other"

// facetValue returns the value of a facet's field that a search has.
func facetValue(f models.Facet, s models.Search) string {
	value := ""
	for _, filter := range s.Filters {
		written := filter.Key + ":" + strings.ToLower(filter.Value)
		if !slices.ContainsFunc(f.Prefixes, func(p string) bool { return strings.HasPrefix(written, p) }) {
			continue
		}
		if written == "is:empty" {
			written = "members:0"
		}
		value = OtherFilter
		if slices.ContainsFunc(f.Values, func(v models.FacetValue) bool { return v.Filter == written }) {
			value = written
		}
	}
	return value
}

// FilterValues returns the values of the fields that a search means. Dates are those of filters
// that no facet offers.
func FilterValues(facets []models.Facet, s models.Search, now Clock) map[string]string {
	members := strings.Join(append([]string{s.Member}, s.AlsoMembers...), ", ")
	values := map[string]string{"member": members, "by": s.Limits.Creator}
	for _, f := range facets {
		values[f.Name] = facetValue(f, s)
	}
	set := func(field string, at time.Time, days int, facet string) {
		if !at.IsZero() && values[facet] == OtherFilter {
			values[field] = at.In(now.Location()).AddDate(0, 0, days).Format(time.DateOnly)
		}
	}
	set("created_from", s.Limits.Created.From, 0, "created")
	set("created_to", s.Limits.Created.To, -1, "created")
	set("archived_from", s.Limits.Archived.From, 0, "archived")
	set("archived_to", s.Limits.Archived.To, -1, "archived")
	set("active_before", s.Limits.Active.To, 0, "active")
	return values
}

// facetLabel returns the label of a facet's field.
func facetLabel(name string) string {
	return map[string]string{
		"members": "Members", "description": "Description", "avatar": "Avatar", "created": "Created", "active": "Last active",
		"updated": "Updated", "archived": "Archived", "duplicate": "Name",
	}[name]
}

// valueLabel returns the label of a facet's value.
func valueLabel(v models.FacetValue, now Clock) string {
	key, value, _ := strings.Cut(v.Filter, ":")
	words := filterWord(models.Filter{Key: key, Value: value}, now)
	for _, label := range []string{"Members: ", "Created ", "Updated ", "Archived ", "Last active "} {
		words = strings.TrimPrefix(words, label)
	}
	if words == "0" {
		return "None"
	}
	return capitalize(words)
}

// filterWord returns an operator of a search in words.
func filterWord(f models.Filter, now Clock) string {
	value := strings.ToLower(f.Value)
	switch f.Key {
	case "is", "has", "no":
		return map[string]string{
			"is:active": "Active", "is:archived": "Archived", "is:empty": "No members", "is:duplicate": "Same name as another",
			"is:exempt": "Exempt from rules", "is:scheduled": "Archive date set",
			"has:description": "Has description", "no:description": "No description", "has:avatar": "Has avatar", "no:avatar": "No avatar",
		}[f.Key+":"+value]
	case "member":
		return "Member: " + text.Isolated(f.Value)
	case "by":
		return "Created by " + text.Isolated(f.Value)
	case "members":
		return "Members: " + spanWords(value, func(n string) string { return n }, map[string]string{">": "more than ", ">=": "at least ", "<": "fewer than ", "<=": "at most "})
	}
	return facetLabel(f.Key) + " " + dateWords(value, now)
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
			return "in the last " + strings.TrimPrefix(age, "1 ")
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

// dayValue returns a day for an input of dates, which takes nothing else.
func dayValue(typed string) string {
	if _, err := time.Parse(time.DateOnly, typed); err != nil {
		return ""
	}
	return typed
}

// back returns the list that the form was opened from.
func (f FilterForm) back() templ.SafeURL { return GroupsURL(f.List.At) }
