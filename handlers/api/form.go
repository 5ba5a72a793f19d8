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

// nestedKey is a name followed by indexes and names of attributes, as in
// operations[0][group][contacts][].
var nestedKey = regexp.MustCompile(`^([^\[\]]+)((?:\[[^\[\]]*\])+)$`)

// maxNesting is how deep the attributes of a form can be.
const maxNesting = 6

// decodeNested is decodeForm for a call whose attributes have attributes of their own.
func decodeNested(body string) (map[string]any, error) {
	pairs, err := parsePairs(body)
	if err != nil {
		return nil, err
	}
	root := &formNode{}
	for _, p := range pairs {
		path := []string{p.key}
		if m := nestedKey.FindStringSubmatch(p.key); m != nil && strings.Count(m[2], "[") <= maxNesting {
			path = append([]string{m[1]}, strings.Split(m[2][1:len(m[2])-1], "][")...)
		}
		if !root.attribute(path[0]).set(path[1:], p.value) {
			return nil, repeated(p.key)
		}
	}
	values, _ := root.decoded().(map[string]any)
	return values, nil
}

// formNode is a value in a form: a text, a list, or the attributes of an object.
type formNode struct {
	text       *string
	list       map[int]*formNode // by the indexes that keys name; there may be gaps
	end        int               // greater than every index
	attributes map[string]*formNode
}

// set stores a text at the end of a path of indexes and names. It returns false if something
// else is there.
func (n *formNode) set(path []string, text string) bool {
	switch {
	case n.text != nil:
		return false
	case len(path) == 0:
		n.text = &text
		return n.list == nil && n.attributes == nil
	}
	place, err := strconv.Atoi(path[0])
	switch isIndex := path[0] == "" || err == nil && place >= 0 && len(path[0]) < 10; {
	case isIndex && n.attributes != nil, !isIndex && n.list != nil:
		return false
	case !isIndex:
		return n.attribute(path[0]).set(path[1:], text)
	case path[0] == "":
		place = n.end
	}
	n.end = max(n.end, place+1)
	if n.list == nil {
		n.list = map[int]*formNode{}
	}
	if n.list[place] == nil {
		n.list[place] = &formNode{}
	}
	return n.list[place].set(path[1:], text)
}

func (n *formNode) attribute(name string) *formNode {
	if n.attributes == nil {
		n.attributes = map[string]*formNode{}
	}
	if n.attributes[name] == nil {
		n.attributes[name] = &formNode{}
	}
	return n.attributes[name]
}

// decoded returns the value as input has it: a list in order, without gaps; one of a single
// empty text, as formList's, is empty.
func (n *formNode) decoded() any {
	switch {
	case n.text != nil:
		return *n.text
	case n.attributes != nil:
		object := map[string]any{}
		for name, attribute := range n.attributes {
			object[name] = attribute.decoded()
		}
		return object
	}
	list := formList{places: map[int]any{}, end: n.end}
	for place, element := range n.list {
		list.places[place] = element.decoded()
	}
	return list.values()
}
