// Package reference reads an OpenAPI description into what the pages of the documentation show, and
// writes samples of its calls in five languages.
//
// The description is the only source: a call that is added to it has a section, a sample in each
// language and an answer by itself. Parse reads it; Call.Request and Request.Sample make samples,
// with the values of the description or with others.
package reference

import "slices"

// Reference is what a description says, in its order.
type Reference struct {
	Groups []*Group
}

// Group are the calls that stand on a page together: those of one tag.
type Group struct {
	// Slug is its name in addresses.
	Slug, Name, Description string
	Calls                   []*Call
	Objects                 []Object
}

// Object is what calls return, such as a group.
type Object struct {
	Name    string
	Fields  []Field
	Example any
}

// Call is a method and a path.
type Call struct {
	// ID is its operationId.
	ID, Method, Path, Summary, Description string
	// Public says that the call needs no token.
	Public bool
	// Right is what the token needs. The description doesn't have it.
	Right string
	// Params are those in the path, in the query and in headers.
	Params []Field
	Body   *Body
	// Answers are those with a status below 400, Errors the others.
	Answers []Answer
	Errors  []Failure
}

// Field is a parameter, or an attribute of a body or an object.
type Field struct {
	Name string
	// In is path, query or header for a parameter.
	In string
	// Type is in words: "string or null", "array of objects".
	Type        string
	Description string
	Required    bool
	// Limits are in words too: "1 to 100", "at most 255 characters".
	Limits  []string
	Values  []string
	Default string
	// Example is a value, or nil.
	Example any
	// Shown says that samples have the parameter: the description has an example of it itself.
	Shown bool
	// Fields are the attributes of an object, or of those in an array.
	Fields []Field
}

// Body is that of a request.
type Body struct {
	Required bool
	Fields   []Field
	// Form says that it can be sent as a form.
	Form bool
	// File is the media type of the file that it is, or "".
	File    string
	Example any
}

// Answer is what is returned.
type Answer struct {
	Status      int
	Description string
	// Type is the media type of the body, the first of those there are, or "".
	Type    string
	Headers []Field
	// Example is the body; nil if it isn't JSON.
	Example any
}

// Failure is what is returned if the call fails.
type Failure struct {
	Status      int
	Description string
	// Code is the error code, and Example the body. The description doesn't have them.
	Code, Example string
}

// Group returns the group of a slug.
func (r *Reference) Group(slug string) (*Group, bool) {
	i := slices.IndexFunc(r.Groups, func(g *Group) bool { return g.Slug == slug })
	if i < 0 {
		return nil, false
	}
	return r.Groups[i], true
}

// Call returns the call with an ID, and its group.
func (r *Reference) Call(id string) (*Group, *Call, bool) {
	for _, g := range r.Groups {
		for _, c := range g.Calls {
			if c.ID == id {
				return g, c, true
			}
		}
	}
	return nil, nil, false
}

// In returns the parameters that stand in the path, in the query or in headers.
func (c *Call) In(place string) []Field {
	var found []Field
	for _, p := range c.Params {
		if p.In == place {
			found = append(found, p)
		}
	}
	return found
}

// Reads reports whether the call changes nothing and returns JSON.
func (c *Call) Reads() bool {
	return c.Method == "GET" && len(c.Answers) > 0 && c.Answers[0].Type == jsonType
}

// Member is an attribute of a JSON object.
type Member struct {
	Key   string
	Value any
}

// Members is a JSON object whose keys keep their order. Other values are nil, bool, string,
// int64, uint64, float64 and []any.
type Members []Member

// Get returns the value of a key, or nil.
func (m Members) Get(key string) any {
	for _, member := range m {
		if member.Key == key {
			return member.Value
		}
	}
	return nil
}

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)
