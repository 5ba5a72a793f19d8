package api

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pair is one key=value of a form or a query.
type pair struct{ key, value string }

// parsePairs reads a form body or a query. Unlike url.ParseQuery it treats a semicolon as an
// ordinary character.
func parsePairs(encoded string) ([]pair, error) {
	var pairs []pair
	for part := range strings.SplitSeq(encoded, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		key, err := unescape(key)
		if err != nil {
			return nil, err
		}
		if value, err = unescape(value); err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{key, value})
	}
	return pairs, nil
}

func unescape(s string) (string, error) {
	plain, err := url.QueryUnescape(s)
	switch {
	case err != nil:
		return "", malformed("", "A percent sign must be followed by two hexadecimal digits. Write the percent sign itself as %25.")
	case !utf8.ValidString(plain):
		return "", malformed("", "The parameters aren't valid UTF-8.")
	}
	return plain, nil
}

// formKey is name, name[], name[3] or name[3][attribute].
var formKey = regexp.MustCompile(`^([^\[\]]+)(?:\[([0-9]{0,9})\](?:\[([^\[\]]+)\])?)?$`)

// decodeForm reads a form. Keys with brackets are elements of lists. Keys that formKey doesn't
// match stay as they are and so become unknown parameters.
func decodeForm(body string) (map[string]any, error) {
	pairs, err := parsePairs(body)
	if err != nil {
		return nil, err
	}
	values, lists := map[string]any{}, map[string]*formList{}
	for _, p := range pairs {
		m := formKey.FindStringSubmatch(p.key)
		if m == nil || m[1] == p.key {
			if _, twice := values[p.key]; twice {
				return nil, repeated(p.key)
			}
			values[p.key] = p.value
			continue
		}
		if lists[m[1]] == nil {
			lists[m[1]] = &formList{places: map[int]any{}}
		}
		if !lists[m[1]].add(m[2], m[3], p.value) {
			return nil, repeated(p.key)
		}
	}
	for name, list := range lists {
		if _, twice := values[name]; twice {
			return nil, repeated(name)
		}
		values[name] = list.values()
	}
	return values, nil
}

// formList is a list in a form, by the indexes that its keys name. There may be gaps.
type formList struct {
	places map[int]any
	end    int // greater than every index
}

// add sets the element at an index (the next one if index is ""), or an attribute of it. It
// returns false if that is set already.
func (l *formList) add(index, attribute, value string) bool {
	place, err := strconv.Atoi(index)
	if err != nil {
		place = l.end
	}
	l.end = max(l.end, place+1)
	if attribute == "" {
		_, twice := l.places[place]
		l.places[place] = value
		return !twice
	}
	if l.places[place] == nil {
		l.places[place] = map[string]any{}
	}
	object, ok := l.places[place].(map[string]any)
	if !ok {
		return false
	}
	_, twice := object[attribute]
	object[attribute] = value
	return !twice
}

// values returns the list in order, without gaps. A single empty value, as in contacts[]=
// alone, is an empty list.
func (l *formList) values() []any {
	if len(l.places) == 1 && l.places[0] == "" {
		return []any{}
	}
	values := make([]any, 0, len(l.places))
	for _, place := range slices.Sorted(maps.Keys(l.places)) {
		values = append(values, l.places[place])
	}
	return values
}
