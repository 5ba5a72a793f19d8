package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestBodiesOfOtherSpellings: what programs write for the same is the same.
func TestBodiesOfOtherSpellings(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		for _, kind := range []string{
			"application/json; charset=utf8", "application/json;charset=UTF8", `application/json; charset="utf-8"`, "application/json; charset=utf_8",
			"application/json; charset='utf-8'", "application/json; charset=Utf-8", "APPLICATION/JSON",
		} {
			s.call(t, "POST /v1/groups", body(kind, `{"name":"Plaza"}`)).want(t, 201)
		}
		s.call(t, "POST /v1/groups", body("application/x-www-form-urlencoded; charset=utf8", `name=Plaza`)).want(t, 201)
		for _, kind := range []string{"application/json; charset=latin1", "application/json; charset=utf-16", "application/json; charset=utf-8x", "application/json; charset=utf-7"} {
			s.call(t, "POST /v1/groups", body(kind, `{"name":"Plaza"}`)).refused(t, 415, "media_type_unsupported", "")
		}
		s.call(t, "POST /v1/groups", jsonBody("\ufeff"+`{"name":"Plaza"}`)).want(t, 201)
		s.call(t, "POST /v1/groups", form("\ufeffname=Plaza")).want(t, 201)
		s.call(t, "POST /v1/groups", jsonBody("\ufeff\ufeff"+`{"name":"Plaza"}`)).want(t, 400)
	})
}

// TestTimesOfOtherSpellings: whole numbers and RFC 3339, however they are written.
func TestTimesOfOtherSpellings(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		for sent, want := range map[string]int64{
			`1.7e9`: 1700000000, `1700000000.0`: 1700000000, `17E8`: 1700000000, `"1700000000"`: 1700000000, `170000000000e-2`: 1700000000, `0e5`: 0, `-0.0`: 0,
			`"2016-12-31t23:59:59z"`: 1483228799, `"2016-12-31T23:59:60Z"`: 1483228800, `"2016-12-31T15:59:60-08:00"`: 1483228800, `"2016-12-31t23:59:60.5z"`: 1483228800,
			`"2017-01-01T00:00:00+00:00"`: 1483228800, `"2016-12-31T18:59:59.999-05:00"`: 1483228799,
		} {
			g := s.newGroup(t, "Plaza")
			got := decode[group](t, s.call(t, "PUT /v1/groups/"+g.ID, jsonBody(`{"archived_at":`+sent+`}`)).want(t, 200))
			if got.ArchivedAt == nil || *got.ArchivedAt != want {
				t.Errorf("%s is %v, want %d", sent, got.ArchivedAt, want)
			}
		}
		g := s.newGroup(t, "Plaza")
		for _, sent := range []string{
			`1.5`, `1700000000.5`, `1700000000.00000000000001`, `1e400`, `1e999999999`, `1e-1`, `9223372036854775808`, `true`, `[1]`, `""`, `"NaN"`, `"Inf"`, `"0x10"`, `"1_000"`,
			`"2016-12-31T12:30:60Z"`, `"2016-12-31T23:59:61Z"`, `"2016-12-31 23:59"`, `"2016-12-31T24:00:00Z"`, `"` + strings.Repeat("1", 100_000) + `"`, strings.Repeat("1", 100_000),
		} {
			s.call(t, "PUT /v1/groups/"+g.ID, jsonBody(`{"archived_at":`+sent+`}`)).refused(t, 422, invalid, "archived_at")
		}
		for _, at := range []string{"1.7e9", "1700000000.0", "2023-11-14T22:13:20Z", "2023-11-14t22:13:20z", "2016-12-31T23:59:60Z"} {
			s.call(t, "GET /v1/activity?created_after="+at).want(t, 200)
		}
		s.call(t, "GET /v1/groups?limit=1e1").want(t, 200)
		s.call(t, "GET /v1/groups?limit=10.0").want(t, 200)
	})
}

// TestWhatGETReturnsCanBeSentBack: every object, in the number formats of other languages,
// and nothing changes by it.
func TestWhatGETReturnsCanBeSentBack(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		plain, whole := s.newContact(t, "hector"), decode[contact](t, s.call(t, "POST /v1/contacts",
			jsonBody(`{"username":"ana","display_name":"Ana Ñ","phone_number":"+49 (151) 234-5678","avatar_url":"https://example.com/a.png"}`)).want(t, 201))
		g := decode[group](t, s.call(t, "POST /v1/groups", jsonBody(`{"name":"Plaza <b>","description":"One\nTwo","contacts":["`+plain.ID+`","`+whole.ID+`"]}`)).want(t, 201))
		s.call(t, "POST /v1/conversations/"+g.ConversationID+"/messages", jsonBody(`{"message":"Hello","contact_id":"`+plain.ID+`"}`)).want(t, 201)
		archived := s.newGroup(t, "Old")
		s.call(t, "PUT /v1/groups/"+archived.ID, jsonBody(`{"archived_at":1700000000}`)).want(t, 200)
		for _, at := range []string{"groups/" + g.ID, "groups/" + archived.ID, "contacts/" + plain.ID, "contacts/" + whole.ID} {
			before := s.call(t, "GET /v1/"+at).want(t, 200).body
			for what, body := range map[string]string{
				"as it is": before, "with a BOM": "\ufeff" + before,
				"floats": respelled(t, before, "%d.0"), "exponents": respelled(t, before, "%de0"), "floats of Lua": respelled(t, before, "%.9e"),
			} {
				s.call(t, "PUT /v1/"+at, jsonBody(body)).want(t, 200)
				if after := s.call(t, "GET /v1/"+at).body; after != before {
					t.Errorf("%s, %s: %s became %s", at, what, before, after)
				}
			}
		}
	})
}

// respelled is JSON with its whole numbers in another format.
func respelled(t *testing.T, object, format string) string {
	t.Helper()
	var values map[string]any
	decoder := json.NewDecoder(strings.NewReader(object))
	decoder.UseNumber()
	if err := decoder.Decode(&values); err != nil {
		t.Fatal(err)
	}
	for key, value := range values {
		if number, ok := value.(json.Number); ok {
			n, err := number.Int64()
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(format, "d.0") || strings.HasSuffix(format, "de0") {
				values[key] = json.Number(fmt.Sprintf(format, n))
			} else {
				values[key] = json.Number(fmt.Sprintf(format, float64(n)))
			}
		}
	}
	b, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
