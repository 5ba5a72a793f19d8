package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// notation is how a language writes values.
type notation struct {
	quote                 func(string) string
	null, yes, no         string
	open, shut            string // of an object
	key                   func(string) string
	assign                string
	empty                 string // is an object without attributes
	spaced, trailingComma bool
}

var (
	asJSON = notation{jsonString, "null", "true", "false", "{", "}", jsonString, ": ", "{}", false, false}
	asJS   = notation{jsString, "null", "true", "false", "{", "}", jsKey, ": ", "{}", true, true}
	asPy   = notation{jsonString, "None", "True", "False", "{", "}", jsonString, ": ", "{}", false, true}
	asPHP  = notation{phpString, "null", "true", "false", "[", "]", phpString, " => ", "(object) []", false, true}
)

// asIs is code among values, in the language of the sample.
type asIs string

// width is how long a line of a sample may be before what it has is broken into several.
const width = 68

// JSON returns a value as JSON that people can read.
func JSON(value any) string { return asJSON.write(value, 0, 48) }

// Indented returns JSON as people can read it, or as it is if it isn't JSON.
func Indented(body []byte) string {
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		return string(body)
	}
	return b.String()
}

// write returns a value as a literal that begins in a line with that indent, on one line if it
// fits within most characters.
func (n notation) write(value any, indent, most int) string {
	if flat := n.flat(value); len(flat) <= most && (n.null != "null" || !nested(value)) {
		return flat
	}
	inner := strings.Repeat(" ", indent+2)
	var lines []string
	opens, shuts := n.open, n.shut
	switch v := value.(type) {
	case Members:
		for _, m := range v {
			lines = append(lines, n.key(m.Key)+n.assign+n.write(m.Value, indent+2, most))
		}
	case []any:
		opens, shuts = "[", "]"
		for _, item := range v {
			lines = append(lines, n.write(item, indent+2, most))
		}
	}
	if len(lines) == 0 {
		return n.flat(value)
	}
	end := ""
	if n.trailingComma {
		end = ","
	}
	return opens + "\n" + inner + strings.Join(lines, ",\n"+inner) + end + "\n" + strings.Repeat(" ", indent) + shuts
}

// nested reports whether an object has objects or arrays, which JSON shows on lines of their own.
func nested(value any) bool {
	o, is := value.(Members)
	if !is {
		return false
	}
	for _, m := range o {
		switch v := m.Value.(type) {
		case Members:
			return true
		case []any:
			if len(v) > 0 {
				return true
			}
		}
	}
	return len(o) > 3
}

// flat returns a value as a literal on one line.
func (n notation) flat(value any) string {
	var parts []string
	switch v := value.(type) {
	case nil:
		return n.null
	case bool:
		if v {
			return n.yes
		}
		return n.no
	case string:
		return n.quote(v)
	case []any:
		for _, item := range v {
			parts = append(parts, n.flat(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case Members:
		if len(v) == 0 {
			return n.empty
		}
		for _, m := range v {
			parts = append(parts, n.key(m.Key)+n.assign+n.flat(m.Value))
		}
		space := ""
		if n.spaced {
			space = " "
		}
		return n.open + space + strings.Join(parts, ", ") + space + n.shut
	}
	return fmt.Sprint(value)
}

func jsonString(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // strings always encode
	return strings.TrimSuffix(b.String(), "\n")
}

var jsEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\u2028", `\u2028`, "\u2029", `\u2029`)

func jsString(s string) string { return "'" + jsEscapes.Replace(s) + "'" }

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func jsKey(s string) string {
	if identifier.MatchString(s) {
		return s
	}
	return jsString(s)
}

var phpEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

func phpString(s string) string { return "'" + phpEscapes.Replace(s) + "'" }

func goString(s string) string {
	if strings.ContainsAny(s, "`\r") || !strconv.CanBackquote(strings.ReplaceAll(s, "\n", "")) {
		return strconv.Quote(s)
	}
	if strings.ContainsAny(s, "\"\n\\") {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}
