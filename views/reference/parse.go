package reference

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// Parse reads an OpenAPI 3.1 description in YAML. It understands what ours has; it doesn't check
// the description, which linters do.
func Parse(description []byte) (*Reference, error) {
	var read any
	if err := yaml.UnmarshalWithOptions(description, &read, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("reading the API description: %w", err)
	}
	p := parser{object(ordered(read))}
	ref := &Reference{}
	for _, tag := range array(p.root.Get("tags")) {
		name := words(object(tag).Get("name"))
		slug := strings.ReplaceAll(strings.ToLower(name), " ", "-")
		ref.Groups = append(ref.Groups, &Group{Slug: slug, Name: name, Description: words(object(tag).Get("description"))})
	}
	used := map[string][]*Group{} // the groups that return an object, by its schema
	for _, path := range object(p.root.Get("paths")) {
		shared := array(object(path.Value).Get("parameters"))
		for _, operation := range object(path.Value) {
			if !slices.Contains([]string{"get", "post", "put", "patch", "delete"}, operation.Key) {
				continue
			}
			o := object(operation.Value)
			call := p.call(strings.ToUpper(operation.Key), path.Key, o, shared)
			for _, g := range ref.Groups {
				if slices.Contains(array(o.Get("tags")), any(g.Name)) {
					g.Calls = append(g.Calls, call)
					p.note(used, g, o)
				}
			}
		}
	}
	ref.Groups = slices.DeleteFunc(ref.Groups, func(g *Group) bool { return len(g.Calls) == 0 })
	p.describeObjects(used)
	return ref, nil
}

// parser reads parts of a description, whose references it follows.
type parser struct{ root Members }

// follow returns an object, or what it refers to. What stands beside a reference is added to that,
// or stands in place of it.
func (p parser) follow(value any) Members {
	o := object(value)
	ref, is := o.Get("$ref").(string)
	if !is {
		return o
	}
	var target any = p.root
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		target = object(target).Get(part)
	}
	var whole Members
	for _, m := range o {
		if m.Key != "$ref" {
			whole = append(whole, m)
		}
	}
	for _, m := range p.follow(target) {
		if whole.Get(m.Key) == nil {
			whole = append(whole, m)
		}
	}
	return whole
}

func (p parser) call(method, path string, o Members, shared []any) *Call {
	c := &Call{
		ID: words(o.Get("operationId")), Method: method, Path: path,
		Summary: words(o.Get("summary")), Description: words(o.Get("description")),
	}
	security, given := o.Get("security").([]any)
	c.Public = given && len(security) == 0
	for _, param := range slices.Concat(shared, array(o.Get("parameters"))) {
		c.Params = append(c.Params, p.param(p.follow(param)))
	}
	if body := p.follow(o.Get("requestBody")); body != nil {
		c.Body = p.body(body)
	}
	for _, m := range object(o.Get("responses")) {
		status, _ := strconv.Atoi(m.Key)
		response := p.follow(m.Value)
		if status < 400 {
			c.Answers = append(c.Answers, p.answer(status, response))
			continue
		}
		c.Errors = append(c.Errors, Failure{Status: status, Description: words(response.Get("description"))})
	}
	return c
}

func (p parser) param(o Members) Field {
	f := p.field(words(o.Get("name")), o.Get("schema"))
	f.In = words(o.Get("in"))
	f.Required = o.Get("required") == true
	f.Description = cmp.Or(words(o.Get("description")), f.Description)
	if example := o.Get("example"); example != nil {
		f.Example, f.Shown = example, f.In != "header"
	}
	f.Shown = f.Shown || f.In == "path"
	return f
}

func (p parser) body(o Members) *Body {
	b := &Body{Required: o.Get("required") == true}
	for _, kind := range object(o.Get("content")) {
		media := object(kind.Value)
		switch kind.Key {
		case jsonType:
			b.Fields = p.fields(media.Get("schema"))
			b.Example = media.Get("example")
			if b.Example == nil {
				b.Example = p.example(media.Get("schema"))
			}
		case formType:
			b.Form = true
		default:
			b.File = cmp.Or(b.File, kind.Key)
		}
	}
	return b
}

func (p parser) answer(status int, o Members) Answer {
	a := Answer{Status: status, Description: words(o.Get("description"))}
	for _, m := range object(o.Get("headers")) {
		header := p.follow(m.Value)
		f := p.field(m.Key, header.Get("schema"))
		f.Description = words(header.Get("description"))
		if example := header.Get("example"); example != nil {
			f.Example = example
		}
		a.Headers = append(a.Headers, f)
	}
	for _, kind := range object(o.Get("content")) {
		if a.Type != "" {
			break
		}
		a.Type = kind.Key
		if media := object(kind.Value); kind.Key == jsonType {
			if a.Example = media.Get("example"); a.Example == nil {
				a.Example = p.example(media.Get("schema"))
			}
		}
	}
	return a
}

// note remembers which objects an operation returns, alone or in a list.
func (p parser) note(used map[string][]*Group, g *Group, o Members) {
	for _, m := range object(o.Get("responses")) {
		if m.Key >= "300" {
			continue
		}
		schema := object(object(object(p.follow(m.Value).Get("content")).Get(jsonType)).Get("schema"))
		items := object(object(object(schema.Get("properties")).Get("data")).Get("items"))
		for _, s := range []Members{schema, items} {
			if ref, is := s.Get("$ref").(string); is && !slices.Contains(used[ref], g) {
				used[ref] = append(used[ref], g)
			}
		}
	}
}

// describeObjects describes each object in the group that is named for it, or else in the first
// that returns it.
func (p parser) describeObjects(used map[string][]*Group) {
	for _, schema := range object(object(p.root.Get("components")).Get("schemas")) {
		ref := "#/components/schemas/" + schema.Key
		groups := used[ref]
		if len(groups) == 0 {
			continue
		}
		at := max(0, slices.IndexFunc(groups, func(g *Group) bool { return strings.HasPrefix(g.Name, schema.Key) }))
		groups[at].Objects = append(groups[at].Objects, Object{Name: spaced(schema.Key), Fields: p.fields(schema.Value), Example: p.example(schema.Value)})
	}
}

// spaced returns the name of a schema as words: JobResult is "job result".
func spaced(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// ordered turns what the YAML library returns into Members and []any.
func ordered(value any) any {
	switch v := value.(type) {
	case yaml.MapSlice:
		members := make(Members, 0, len(v))
		for _, item := range v {
			members = append(members, Member{fmt.Sprint(item.Key), ordered(item.Value)})
		}
		return members
	case []any:
		for i := range v {
			v[i] = ordered(v[i])
		}
	}
	return value
}

// object, array and words return a value as what it must be, or nothing.
func object(value any) Members {
	o, _ := value.(Members)
	return o
}

func array(value any) []any {
	a, _ := value.([]any)
	return a
}

func words(value any) string {
	s, _ := value.(string)
	return strings.TrimSpace(s)
}
