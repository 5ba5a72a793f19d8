package reference

import (
	"fmt"
	"net/url"
	"strings"
)

// Request is a call with values.
type Request struct {
	Call *Call
	// Base is where the API is, without a slash at its end: https://console.example.com.
	Base string
	// Path are the parameters in the path, by name.
	Path map[string]string
	// Query are those in the query, in the order in which they are sent. A value is a bool, a string, a
	// number, or []any for a name that ends with [].
	Query Members
	// Body is the body as JSON; nil if there is none.
	Body any
	// IfMatch is an ETag, or "".
	IfMatch string
	DryRun  bool
}

// Request returns the call with the values that the description has as examples.
func (c *Call) Request(base string) Request {
	r := Request{Call: c, Base: base, Path: map[string]string{}}
	for _, p := range c.Params {
		switch {
		case p.In == "path":
			r.Path[p.Name] = fmt.Sprint(p.Example)
		case p.In == "query" && p.Shown:
			r.Query = append(r.Query, deep(p.Name, p.Example)...)
		}
	}
	if c.Body != nil {
		r.Body = c.Body.Example
	}
	return r
}

// deep returns a parameter as it is sent: map[key]=value for each key of an object.
func deep(name string, value any) Members {
	keys, is := value.(Members)
	if !is {
		return Members{{name, value}}
	}
	var sent Members
	for _, m := range keys {
		sent = append(sent, Member{name + "[" + m.Key + "]", m.Value})
	}
	return sent
}

// path returns the path with its parameters.
func (r Request) path() string {
	path := r.Call.Path
	for name, value := range r.Path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	return path
}

// pairs returns the query as it is sent.
func (r Request) pairs() [][2]string {
	var pairs [][2]string
	for _, m := range r.Query {
		values, many := m.Value.([]any)
		if !many {
			values = []any{m.Value}
		}
		for _, value := range values {
			pairs = append(pairs, [2]string{m.Key, fmt.Sprint(value)})
		}
	}
	return pairs
}

// URL returns the whole address.
func (r Request) URL() string {
	var query []string
	for _, p := range r.pairs() {
		query = append(query, url.QueryEscape(p[0])+"="+url.QueryEscape(p[1]))
	}
	address := r.Base + r.path()
	if len(query) > 0 {
		address += "?" + strings.Join(query, "&")
	}
	return address
}

// A Language is one that samples are in.
type Language struct {
	// ID is its name in addresses and of its highlighting.
	ID, Name string
	write    func(Request) string
}

// Languages are those that samples are in, in the order of their tabs.
var Languages = []Language{
	{"curl", "curl", curl},
	{"javascript", "JavaScript", javaScript},
	{"python", "Python", python},
	{"php", "PHP", php},
	{"go", "Go", goProgram},
}

// LanguageOf returns the language of an ID; curl if there is none.
func LanguageOf(id string) Language {
	for _, l := range Languages {
		if l.ID == id {
			return l
		}
	}
	return Languages[0]
}

// token is what samples have in place of a token.
const token = "{token}"

// Sample returns the request as a program. It runs as it is, once {token} is replaced with a token.
func (r Request) Sample(l Language) string { return l.write(r) }
