package api_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/views/reference"
)

// read returns what the documentation shows of this server.
func read(t *testing.T) *reference.Reference {
	t.Helper()
	ref, err := api.Reference(publicURL)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// TestReferenceIsWhole: each call is in a group, needs a permission unless it is public or for any token, and has an
// example of each of its errors.
func TestReferenceIsWhole(t *testing.T) {
	calls := map[string]*reference.Call{}
	for _, g := range read(t).Groups {
		for _, c := range g.Calls {
			calls[c.Method+" "+c.Path] = c
		}
	}
	for _, rt := range api.Routes() {
		c := calls[rt.Method+" "+rt.Path]
		if c == nil || c.Summary == "" || c.Description == "" || len(c.Answers) == 0 || (c.Right == "") != (rt.Public || rt.AnyToken) {
			t.Errorf("%s %s is documented as %+v", rt.Method, rt.Path, c)
			continue
		}
		for _, e := range c.Errors {
			if !strings.Contains(e.Example, `"code": "`+e.Code+`"`) || strings.Contains(e.Example, `"message": ""`) {
				t.Errorf("%s: error %d is shown as %s", c.ID, e.Status, e.Example)
			}
		}
		if a := c.Answers[0]; a.Type == "application/json" && a.Example == nil {
			t.Errorf("%s: no example of its answer", c.ID)
		}
	}
}

// TestReferenceErrors compares the errors of the documentation with those of the server: invalid
// tokens, IDs of nothing, unknown parameters and bad input.
func TestReferenceErrors(t *testing.T) {
	s := serve(t, modelstest.Open(t, modelstest.SQLite))
	g := modelstest.Group(t, s.store, s.owner, "Plaza Hotel")
	hector := modelstest.Contact(t, s.store, s.owner, "Hector")
	ref := read(t)
	for _, group := range ref.Groups {
		for _, c := range group.Calls {
			line := c.Method + " " + pathOf(c)
			if !c.Public {
				shown(t, c, "unauthorized", s.call(t, line, bearer("nothing")))
			}
			object := len(c.In("path")) > 0
			if c.Method == "GET" && !object {
				shown(t, c, "parameter_unknown", s.call(t, line+"?nmae=1"))
				shown(t, c, "request_malformed", s.call(t, line+"?q=%"))
			}
			if object && c.Body == nil {
				if c.Method == "DELETE" {
					line = c.Method + " " + c.Request("").URL() // with the reason that one of them needs
				}
				shown(t, c, "resource_missing", s.call(t, line))
			}
			if !object && len(c.In("query")) > 0 && c.In("query")[0].Name == "limit" {
				shown(t, c, "parameter_invalid", s.call(t, line+"?limit=0"))
			}
			if c.Body != nil && c.Body.File == "" {
				shown(t, c, "media_type_unsupported", s.call(t, line, body("text/plain", "x")))
				shown(t, c, "request_malformed", s.call(t, line, jsonBody("{")))
			}
		}
	}
	ids, bodies, problems := api.SampleInputs()
	for i, id := range ids {
		_, c, ok := ref.Call(id)
		if !ok {
			t.Fatalf("there is no call %s", id)
		}
		object := map[string]string{"Contacts": hector.ID, "Messages": g.ConversationID}[tagOf(ref, id)]
		if object == "" {
			object = g.ID
		}
		path := strings.ReplaceAll(c.Path, "{id}", object)
		shown(t, c, problems[i].Code, s.call(t, c.Method+" "+path, jsonBody(bodies[i])))
	}
}

// pathOf returns the path of a call with the IDs of its samples, and without a query.
func pathOf(c *reference.Call) string {
	r := c.Request("")
	r.Query = nil
	return r.URL()
}

func tagOf(ref *reference.Reference, id string) string {
	g, _, _ := ref.Call(id)
	return g.Name
}

// shown compares an error with the one that the documentation shows with its code.
func shown(t *testing.T, c *reference.Call, code string, a answer) {
	t.Helper()
	for _, e := range c.Errors {
		if e.Code != code {
			continue
		}
		var want, got map[string]any
		if json.Unmarshal([]byte(e.Example), &want) != nil || json.Unmarshal([]byte(a.body), &got) != nil {
			t.Fatalf("%s: %s and %s aren't JSON", c.ID, e.Example, a.body)
		}
		delete(want, "request_id")
		delete(got, "request_id")
		if a.status != e.Status || !reflect.DeepEqual(want, got) {
			t.Errorf("%s: %d %s is documented as %d %s", c.ID, a.status, a.body, e.Status, e.Example)
		}
		return
	}
	if code != "parameter_invalid" {
		t.Errorf("%s: %s isn't documented", c.ID, code)
	}
}

// TestReferenceAnswers compares the answers of the documentation with those of the server: they have
// the same keys in the same order, with values of the same types, or null.
func TestReferenceAnswers(t *testing.T) {
	s := serve(t, modelstest.Open(t, modelstest.SQLite))
	hector := modelstest.Contact(t, s.store, s.owner, "Hector")
	g := modelstest.Group(t, s.store, s.owner, "Plaza Hotel", hector)
	message := s.call(t, "POST /v1/conversations/"+g.ConversationID+"/messages", jsonBody(`{"message":"Welcome."}`))
	job := s.newJob(t, g.ID)
	group, contact := "/v1/groups/"+g.ID, "/v1/contacts/"+hector.ID
	for id, got := range map[string]answer{
		"postMessage": message, "listMessages": s.call(t, "GET /v1/conversations/"+g.ConversationID+"/messages"),
		"listGroups": s.call(t, "GET /v1/groups"), "getGroup": s.call(t, "GET "+group), "archiveGroup": s.call(t, "POST "+group+"/archive"),
		"listMembers": s.call(t, "GET "+group+"/contacts"), "listContacts": s.call(t, "GET /v1/contacts"), "getContact": s.call(t, "GET "+contact),
		"listJobs": s.call(t, "GET /v1/jobs"), "getJob": s.call(t, "GET /v1/jobs/"+job.ID), "verifyActivity": s.call(t, "GET /v1/activity/verify"),
		"listActivity": s.call(t, "GET /v1/activity?object="+g.ID),
		"batchGroups":  s.call(t, "POST /v1/groups/batch", jsonBody(`{"operations": [{"action": "delete", "id": "`+g.ID+`"}]}`)),
		"bulkContacts": s.call(t, "POST /v1/contacts/bulk", header("Dry-Run", "true"), jsonBody(`{"action": "add_to_groups", "filter": {"q": "hector"}, "groups": ["`+g.ID+`"]}`)),
		"bulkGroups":   s.call(t, "POST /v1/groups/bulk", header("Dry-Run", "true"), jsonBody(`{"action": "restore", "filter": {"q": "hotel"}}`)),
	} {
		_, c, _ := read(t).Call(id)
		for _, a := range c.Answers {
			if a.Status != got.status {
				continue
			}
			if want, got := shapeOf(t, reference.JSON(a.Example)), shapeOf(t, got.body); !sameShape(want, got) {
				t.Errorf("%s: the answer has\n%v, and the documentation\n%v", id, got, want)
			}
		}
	}
}

// shapeOf returns the keys of JSON in their order, each with the type of its value, without repeats.
func shapeOf(t *testing.T, text string) []string {
	t.Helper()
	var shape []string
	var walk func(d *json.Decoder, path string)
	walk = func(d *json.Decoder, path string) {
		token, err := d.Token()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		entry := path + " " + fmt.Sprintf("%T", token)
		if !slices.Contains(shape, entry) && !strings.Contains(path, ".changes.") { // which are as many as there are fields
			shape = append(shape, entry)
		}
		delim, is := token.(json.Delim)
		for is && d.More() {
			at := path + "[]"
			if delim == '{' {
				key, _ := d.Token()
				at = path + "." + fmt.Sprint(key)
			}
			walk(d, at)
		}
		if is {
			_, _ = d.Token() // the end
		}
	}
	walk(json.NewDecoder(strings.NewReader(text)), "")
	return shape
}

// sameShape reports whether two shapes are alike where both have values.
func sameShape(a, b []string) bool {
	types := func(shape []string) (keys []string, of map[string]string) {
		of = map[string]string{}
		for _, entry := range shape {
			key, kind, _ := strings.Cut(entry, " ")
			if of[key] == "" {
				keys = append(keys, key)
			}
			if of[key] == "" || of[key] == "<nil>" {
				of[key] = kind
			}
		}
		return keys, of
	}
	keysOfA, ofA := types(a)
	keysOfB, ofB := types(b)
	common := func(keys []string, other map[string]string) []string {
		return slices.DeleteFunc(keys, func(key string) bool { return missingBelow(key, other) })
	}
	keysOfA, keysOfB = common(keysOfA, ofB), common(keysOfB, ofA)
	for _, key := range keysOfA {
		if ofA[key] != ofB[key] && ofA[key] != "<nil>" && ofB[key] != "<nil>" {
			return false
		}
	}
	return slices.Equal(keysOfA, keysOfB)
}

// missingBelow reports whether a key is missing because something above it is null or an empty array.
func missingBelow(key string, other map[string]string) bool {
	for i := len(key) - 1; i > 0; i-- {
		if key[i] != '.' && key[i] != '[' {
			continue
		}
		above := key[:i]
		if of := other[above]; of == "<nil>" || key[i] == '[' && other[above+"[]"] == "" {
			return true
		}
	}
	return false
}
