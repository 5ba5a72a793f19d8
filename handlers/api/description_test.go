package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// description is openapi.yaml: a router that finds the operations it describes, and their schemas.
type description struct {
	*openapi3.T
	routers.Router
	root any // as jsonschema.UnmarshalJSON reads it

	mu      sync.Mutex
	schemas *jsonschema.Compiler
}

var described = sync.OnceValues(func() (*description, error) {
	file, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	d := &description{schemas: jsonschema.NewCompiler()}
	if d.T, err = openapi3.NewLoader().LoadFromData(file); err != nil {
		return nil, err
	}
	if d.Router, err = gorillamux.NewRouter(d.T); err != nil {
		return nil, err
	}
	if file, err = yaml.YAMLToJSON(file); err != nil {
		return nil, err
	}
	if d.root, err = jsonschema.UnmarshalJSON(bytes.NewReader(file)); err != nil {
		return nil, err
	}
	d.schemas.AssertFormat()
	return d, d.schemas.AddResource("openapi.json", d.root)
})

// find returns the place in the description that keys lead to from another one, through
// references, as a JSON pointer, and what is there: nil where nothing is.
func (d *description) find(from string, keys ...string) (pointer string, value any) {
	value, pointer = d.root, ""
	var left []string
	if from != "" {
		left = strings.Split(from[1:], "/")
	}
	for _, key := range keys {
		left = append(left, strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
	}
	for len(left) > 0 {
		key := left[0]
		left, pointer = left[1:], pointer+"/"+key
		switch at := value.(type) {
		case map[string]any:
			value = at[strings.NewReplacer("~1", "/", "~0", "~").Replace(key)]
		case []any:
			i, _ := strconv.Atoi(key)
			value = at[i]
		default:
			return pointer, nil
		}
		if at, ok := value.(map[string]any); ok {
			if ref, ok := at["$ref"].(string); ok {
				return d.find(strings.TrimPrefix(ref, "#"), left...)
			}
		}
	}
	return pointer, value
}

// valid returns how a value differs from a schema, or nil.
func (d *description) valid(pointer string, value any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	schema, err := d.schemas.Compile("openapi.json#" + pointer)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// validText returns how values that were sent as text differ from a schema, or nil: they may be
// read as text, a number or a truth value, or several as a list.
func (d *description) validText(pointer string, values []string) error {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	readings := []any{list}
	if len(values) == 1 {
		readings = []any{values[0], list}
		var plain any
		if json.Unmarshal([]byte(values[0]), &plain) == nil {
			readings = append(readings, plain)
		}
	}
	var err error
	for _, v := range readings {
		if err = d.valid(pointer, v); err == nil {
			return nil
		}
	}
	return err
}

// validObject takes the parts of a parameter, name[part]=value, from a query, and returns how they
// differ from what is described, or nil.
func (d *description) validObject(param, name string, query url.Values) error {
	object := map[string]any{}
	for key, values := range query {
		if part, ok := strings.CutPrefix(key, name+"["); ok {
			object[strings.TrimSuffix(part, "]")] = values[0]
			delete(query, key)
		}
	}
	schema, _ := d.find(param, "schema")
	return d.valid(schema, object)
}

// validBody returns how a body differs from what content describes, or nil. Only JSON and forms
// are looked into.
func (d *description) validBody(content, kind string, body []byte) error {
	kind, _, err := mime.ParseMediaType(kind)
	if err != nil {
		return err
	}
	schema, value := d.find(content, kind, "schema")
	if _, described := d.find(content, kind); described == nil {
		return fmt.Errorf("%q is not described", kind)
	}
	switch {
	case value == nil:
	case kind == "application/json":
		sent, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			return err
		}
		return d.valid(schema, sent)
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(strings.ReplaceAll(string(body), ";", "%3B"))
		for key, values := range form {
			if property, there := d.find(schema, "properties", key); there != nil && err == nil {
				err = d.validText(property, values)
			}
		}
		return err
	}
	return nil
}

// validRequest returns how a request differs from what is described of its operation, or nil.
func (d *description) validRequest(operation string, r *http.Request, inPath map[string]string) error {
	_, listed := d.find(operation, "parameters")
	params, _ := listed.([]any)
	query := r.URL.Query()
	for i := range params {
		at, found := d.find(operation, "parameters", strconv.Itoa(i))
		param := found.(map[string]any)
		name := param["name"].(string)
		var values []string
		switch param["in"] {
		case "path":
			values = []string{inPath[name]}
		case "header":
			if lines := r.Header.Values(name); lines != nil {
				values = []string{strings.Join(lines, ", ")}
			}
		case "query":
			values = query[name]
			delete(query, name)
		}
		if param["style"] == "deepObject" {
			if err := d.validObject(at, name, query); err != nil {
				return err
			}
			continue
		}
		if len(values) == 0 && param["required"] == true {
			return fmt.Errorf("%s is required", name)
		}
		if schema, there := d.find(at, "schema"); there != nil && len(values) > 0 {
			if err := d.validText(schema, values); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for name := range query {
		return fmt.Errorf("the parameter %s is not described", name)
	}
	content, there := d.find(operation, "requestBody", "content")
	sent, err := io.ReadAll(r.Body)
	if err != nil || there == nil || len(sent) == 0 {
		return err
	}
	return d.validBody(content, r.Header.Get("Content-Type"), sent)
}

// validAnswer returns how an answer differs from what is described of its operation, or nil.
func (d *description) validAnswer(operation string, response *http.Response) error {
	answer, there := d.find(operation, "responses", strconv.Itoa(response.StatusCode))
	if there == nil {
		answer, there = d.find(operation, "responses", "default")
	}
	if there == nil {
		return fmt.Errorf("the status %d is not described", response.StatusCode)
	}
	content, there := d.find(answer, "content")
	body, err := io.ReadAll(response.Body)
	if err != nil || there == nil {
		return err
	}
	return d.validBody(content, response.Header.Get("Content-Type"), body)
}

// checkDescribed holds an answer to the description, and a request that was accepted.
func checkDescribed(t *testing.T, r *http.Request, response *http.Response) {
	t.Helper()
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	noCall := response.StatusCode == http.StatusNotFound && path.Clean(r.URL.Path) != r.URL.Path
	if noCall || r.Method == http.MethodHead || response.StatusCode == http.StatusMethodNotAllowed {
		return // OpenAPI says nothing of these
	}
	route, inPath, err := d.FindRoute(r)
	if err != nil {
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s %s: answers %d: %v", r.Method, r.URL, response.StatusCode, err)
		}
		return
	}
	operation, _ := d.find("", "paths", route.Path, strings.ToLower(r.Method))
	if err := d.validAnswer(operation, response); err != nil {
		t.Errorf("%s %s: the answer %d is not as described: %v", r.Method, r.URL, response.StatusCode, err)
	}
	checkHeaders(t, r, response)
	if response.StatusCode >= 300 {
		return
	}
	if err := d.validRequest(operation, r, inPath); err != nil {
		t.Errorf("%s %s was accepted and is not described: %v", r.Method, r.URL, err)
	}
}

// checkHeaders asks for the headers that the description promises.
func checkHeaders(t *testing.T, r *http.Request, response *http.Response) {
	t.Helper()
	for status, names := range map[int][]string{
		http.StatusUnauthorized:       {"WWW-Authenticate"},
		http.StatusServiceUnavailable: {"Retry-After"},
		http.StatusTooManyRequests:    {"Retry-After"},
		http.StatusNotModified:        {"ETag"},
	} {
		for _, name := range names {
			if response.StatusCode == status && response.Header.Get(name) == "" {
				t.Errorf("%s %s: %d without %s", r.Method, r.URL, status, name)
			}
		}
	}
}
