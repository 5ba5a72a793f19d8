package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models/access"
)

// FuzzJSON holds the reader of JSON to encoding/json: what it accepts is the same
// there, and what it refuses is malformed, has a key twice, or is no object.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"name":"x"}`, `{"a":[1,{"b":null}],"c":true}`, `{"a":1,"a":2}`, `{"a":[{"b":1,"b":2}]}`, `[]`, `{"a":"\ud83d\ude00"}`,
		`{"a":"\ud800"}`, `{"a":"\\ud800"}`, `{"a":1e400}`, `{"":{"":""}}`, `{"a":}`, "{\"a\":\"\xff\"}", strings.Repeat("[", 300),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := api.DecodeJSON(body)
		if err != nil {
			return
		}
		var want map[string]any
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("%q was accepted, though %v", body, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %v, want %v", body, got, want)
		}
	})
}

// FuzzForm holds the reader of forms to net/url, but for what it does otherwise
// by intention: semicolons, keys that stand twice, and lists.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"", "name=x", "name=Plaza Hotel", "a=1&a=2", "a=%zz", "a=%ff", "a;b=c;d", "c[]=1&c[]=2", "c[3]=x&c[1]=y", "c[0][id]=x&c[0][username]=y",
		"c[]=", "c=", "c=1&c[]=2", "c[0]=1&c[0][a]=2", "c[999999999]=x&c[]=y", "[]=x", "a[b]=c", "a[0][b][c]=d", "a[b][]=1&a[b][3][c]=2", "a[b]=1&a[]=2", "a[][][]=", "&&=&", "%5B%5D=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := api.DecodeForm(body)
		var refused access.Invalid
		if errors.As(err, &refused) {
			t.Fatalf("%q is refused for its values: %v", body, err)
		}
		if _, err := api.DecodeNested(body); errors.As(err, &refused) {
			t.Fatalf("%q is refused for its values: %v", body, err)
		}
		if err != nil || strings.Contains(body, ";") {
			return
		}
		want, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("%q was accepted, though %v", body, err)
		}
		for key, values := range want {
			if strings.Contains(key, "[") {
				continue
			}
			if len(values) != 1 || got[key] != any(values[0]) {
				t.Errorf("%q: %q is %v, want %v", body, key, got[key], values)
			}
		}
	})
}
