package reference

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// field describes a value by its schema.
func (p parser) field(name string, schema any) Field {
	s := p.follow(schema)
	f := Field{Name: name, Description: words(s.Get("description")), Limits: limits(s)}
	f.Type = p.typeOf(s)
	for _, value := range array(s.Get("enum")) {
		if value != nil { // which the type says
			f.Values = append(f.Values, fmt.Sprint(value))
		}
	}
	if value := s.Get("default"); value != nil {
		f.Default = fmt.Sprint(value)
	}
	f.Example = exampleOf(s)
	f.Fields = p.fields(s)
	if items := p.follow(s.Get("items")); items != nil {
		f.Fields = p.fields(items)
		if f.Description == "" {
			f.Description = words(items.Get("description"))
		}
	}
	return f
}

// fields describes the attributes of an object.
func (p parser) fields(schema any) []Field {
	s := p.follow(schema)
	required := array(s.Get("required"))
	var fields []Field
	for _, m := range object(s.Get("properties")) {
		f := p.field(m.Key, m.Value)
		for _, name := range required {
			f.Required = f.Required || name == any(m.Key)
		}
		fields = append(fields, f)
	}
	return fields
}

// typeOf returns the type that a schema allows, in words.
func (p parser) typeOf(s Members) string {
	switch kind := s.Get("type").(type) {
	case string:
		return p.named(kind, s)
	case []any:
		var names []string
		for _, k := range kind {
			names = append(names, p.named(words(k), s))
		}
		return strings.Join(names, " or ")
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if choices := array(s.Get(key)); choices != nil {
			var names []string
			for _, choice := range choices {
				name := p.typeOf(p.follow(choice))
				if name != "" && !strings.Contains(" or "+strings.Join(names, " or ")+" or ", " or "+name+" or ") {
					names = append(names, name)
				}
			}
			return strings.Join(names, " or ")
		}
	}
	if all := array(s.Get("allOf")); len(all) > 0 {
		return p.typeOf(p.follow(all[0]))
	}
	if values := array(s.Get("enum")); len(values) > 0 {
		if _, is := values[0].(bool); is {
			return "boolean"
		}
		return "string"
	}
	if words(s.Get("const")) != "" {
		return "string"
	}
	return "any"
}

// plurals are the types as what an array has.
var plurals = map[string]string{"string": "strings", "integer": "integers", "object": "objects", "number": "numbers", "boolean": "booleans"}

// named returns the name of a type: of an array with that of its items, of a string with its format.
func (p parser) named(kind string, s Members) string {
	if kind != "array" {
		return kind
	}
	of := p.typeOf(p.follow(s.Get("items")))
	parts := strings.Split(of, " or ")
	for i, part := range parts {
		parts[i] = cmp.Or(plurals[part], part)
	}
	if of == "" || of == "any" {
		return "array"
	}
	return "array of " + strings.Join(parts, " or ")
}

// limits returns the limits that a schema sets, in words.
func limits(s Members) []string {
	var found []string
	between := func(least, most any, what string) {
		least, most = thousands(least), thousands(most)
		switch {
		case least != nil && most != nil:
			found = append(found, fmt.Sprintf("%v to %v%s", least, most, what))
		case most != nil:
			found = append(found, fmt.Sprintf("at most %v%s", most, what))
		case fmt.Sprint(least) == "1" && what != "":
			found = append(found, "not empty")
		case least != nil && fmt.Sprint(least) != "0":
			found = append(found, fmt.Sprintf("at least %v%s", least, what))
		}
	}
	between(s.Get("minimum"), s.Get("maximum"), "")
	between(s.Get("minLength"), s.Get("maxLength"), " characters")
	between(s.Get("minItems"), s.Get("maxItems"), " items")
	return found
}

// thousands returns a whole number with commas, and anything else as it is.
func thousands(value any) any {
	n, is := value.(uint64)
	if !is || n < 1000 {
		return value
	}
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// exampleOf returns the example that a schema has itself, or nil.
func exampleOf(s Members) any {
	if examples := array(s.Get("examples")); len(examples) > 0 {
		return examples[0]
	}
	for _, key := range []string{"example", "const"} {
		if value := s.Get(key); value != nil {
			return value
		}
	}
	return nil
}

// example makes a value that a schema allows, of the examples in it.
func (p parser) example(schema any) any {
	s := p.follow(schema)
	if value := exampleOf(s); value != nil {
		return value
	}
	if properties := object(s.Get("properties")); properties != nil {
		return p.exampleObject(properties, array(s.Get("required")))
	}
	if items := s.Get("items"); items != nil {
		if _, nothing := s.Get("default").([]any); nothing || p.follow(items) == nil {
			return []any{}
		}
		return []any{p.example(items)}
	}
	for _, key := range []string{"anyOf", "oneOf", "allOf"} {
		if choices := array(s.Get(key)); len(choices) > 0 {
			return p.example(choices[0])
		}
	}
	if value := s.Get("default"); value != nil {
		return value
	}
	if values := array(s.Get("enum")); len(values) > 0 {
		return values[0]
	}
	return zero(p.typeOf(s), s.Get("minimum"))
}

// exampleObject makes an object of its attributes: those that are required, or all if none is.
func (p parser) exampleObject(properties Members, required []any) Members {
	made := Members{}
	for _, m := range properties {
		wanted := required == nil
		for _, name := range required {
			wanted = wanted || name == any(m.Key)
		}
		if wanted {
			made = append(made, Member{m.Key, p.example(m.Value)})
		}
	}
	return made
}

// zero returns a value of a type of which there is no example.
func zero(kind string, least any) any {
	switch {
	case strings.Contains(kind, "null"):
		return nil
	case strings.HasPrefix(kind, "boolean"):
		return false
	case strings.HasPrefix(kind, "integer"), strings.HasPrefix(kind, "number"):
		return cmp.Or(least, any(uint64(0)))
	case strings.HasPrefix(kind, "array"):
		return []any{}
	case strings.HasPrefix(kind, "object"):
		return Members{}
	}
	return "…"
}
