package views

import (
	"encoding/json"
	"fmt"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/text"
	"protocol.chat/console/static"
)

// operatorFinds complete "Groups …" for the operators that take any value.
var operatorFinds = map[string]string{
	"member":   "with a member whose name, username or phone number matches; several find groups that have all of them",
	"members":  "with so many members",
	"created":  "created at that time",
	"updated":  "last changed at that time",
	"active":   "whose last message, or creation if there are none, was at that time",
	"archived": "archived at that time",
	"by":       "created by a user or token whose name matches",
}

// filterFinds complete "Groups …" for the values of models.Operators.
var filterFinds = map[string]string{
	"is:active":                      "that aren't archived",
	"is:archived":                    "that are archived",
	"is:empty":                       "without members",
	"is:duplicate":                   "whose name another active group has",
	"is:exempt":                      "that archive rules leave alone",
	"is:scheduled":                   "that are to be archived on a date",
	"has:description":                "with a description",
	"has:avatar":                     "with an avatar",
	"no:description":                 "without a description",
	"no:avatar":                      "without an avatar",
	"member:hector":                  "with a member like hector",
	`member:"hector m"`:              "with a member like hector m",
	"members:0":                      "without members",
	"members:1..9":                   "with 1 to 9 members",
	"members:>=100":                  "with 100 members or more",
	"created:2026-01-31":             "created on that day",
	"created:>2026-01-31":            "created after that day",
	"created:2026-01-01..2026-01-31": "created from one day to the other",
	"created:>30d":                   "created in the last 30 days",
	"created:<1y":                    "created more than a year ago",
	"updated:>7d":                    "changed in the last 7 days",
	"updated:<2026-01-31":            "not changed since before that day",
	"active:>7d":                     "active in the last 7 days",
	"active:<90d":                    "not active for 90 days",
	"archived:>30d":                  "archived in the last 30 days",
	"archived:<1y":                   "archived more than a year ago",
	"by:olivia":                      "created by a user or token like olivia",
}

// suggestions is the file of what the search box offers: pairs of a text and what it finds. Scripts read it
// once somebody searches.
var suggestions = static.Provide("suggestions.json", suggestionsJSON())

func suggestionsJSON() []byte {
	var pairs [][2]string
	for _, s := range searchSyntax() {
		pairs = append(pairs, [2]string{s.text, s.words})
	}
	list, err := json.Marshal(pairs)
	if err != nil {
		panic(fmt.Sprintf("views: %v", err)) // strings always marshal
	}
	return list
}

// suggestion is what completes a search, and what that finds.
type suggestion struct{ text, words string }

// searchSyntax returns each operator of the search language, with its colon, and behind it the
// values that it can have, or examples of them. Names have none.
func searchSyntax() (all []suggestion) {
	for _, o := range models.Operators {
		operator := suggestion{o.Key + ":", "Groups " + operatorFinds[o.Key]}
		if o.Kind == models.ChoiceValue {
			operator.words = strings.Join(o.Values, ", ")
		}
		all = append(all, operator)
		if o.Kind != models.NameValue {
			all = append(all, filtersOf(o, "Groups ")...)
		}
	}
	return all
}

// filtersOf returns the operator with each of its values, and what that finds behind a prefix.
func filtersOf(o models.Operator, prefix string) []suggestion {
	all := make([]suggestion, len(o.Values))
	for i, value := range o.Values {
		filter := o.Key + ":" + value
		all[i] = suggestion{filter, prefix + filterFinds[filter]}
	}
	return all
}

// SearchNotes returns what to tell whoever searches about how it was understood.
func SearchNotes(s models.Search) []string {
	notes := make([]string, len(s.Hints))
	for i, h := range s.Hints {
		notes[i] = hintWords(h)
	}
	return notes
}

func hintWords(h models.Hint) string {
	switch h.Kind {
	case models.HintCut:
		return fmt.Sprintf("Only the first %d words were searched.", text.MaxWords)
	case models.HintMembersCut:
		return fmt.Sprintf("Only the first %d members were searched.", models.MaxSearchedMembers)
	case models.HintManyMembers:
		return fmt.Sprintf("More than %d contacts match “%s”. Only groups of the newest %[1]d are shown. Enter more of the name.", models.MembersTried, text.Isolated(h.Text))
	case models.HintUnfinished:
		return strings.TrimSpace(operatorUsage(h.Key))
	case models.HintPartial:
		return "Too many groups match, so some may be missing here. Use a more specific search."
	}
	return "“" + text.Isolated(h.Text) + "” was searched as text." + operatorUsage(h.Key)
}

// operatorUsage returns a sentence on how an operator is written, behind a space; "" for names.
func operatorUsage(key string) string {
	for _, o := range models.Operators {
		switch {
		case o.Key != key:
		case o.Kind == models.DateValue:
			return strings.ReplaceAll(" A date is written KEY:2026-01-31, KEY:>2026-01-31, KEY:2026-01-01..2026-01-31 or, for the last 30 days, KEY:>30d.", "KEY", key)
		case o.Kind == models.NumberValue:
			return strings.ReplaceAll(" A number is written KEY:0, KEY:1..9 or KEY:>=100.", "KEY", key)
		case o.Kind == models.ChoiceValue:
			last := len(o.Values) - 1
			return " There are " + key + ":" + strings.Join(o.Values[:last], ", "+key+":") + " and " + key + ":" + o.Values[last] + "."
		}
	}
	return ""
}
