package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// TestEveryFieldIsInTheAPI, as it is in the table of fields: sent as JSON and as a form, to
// create and to change, and shown. The description knows what is sent and shown.
func TestEveryFieldIsInTheAPI(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		for path, inputs := range map[string][]models.Input{"/v1/groups": models.GroupFields{}.Inputs(), "/v1/contacts": models.ContactFields{}.Inputs()} {
			made := s.call(t, "POST "+path, jsonFields(t, inputs, "a1")).want(t, http.StatusCreated)
			shows(t, made, inputs, "a1")
			own := "PUT " + made.header.Get("Location")
			shows(t, s.call(t, own, jsonFields(t, inputs, "a2")).want(t, http.StatusOK), inputs, "a2")
			shows(t, s.call(t, own, formFields(inputs, "a3")).want(t, http.StatusOK), inputs, "a3")
			shows(t, s.call(t, "POST "+path, formFields(inputs, "a4")).want(t, http.StatusCreated), inputs, "a4")
		}
	})
}

// TestEveryFieldIsDescribed in each schema of what is sent and shown.
func TestEveryFieldIsDescribed(t *testing.T) {
	s := serve(t, modelstest.Open(t, modelstest.SQLite))
	type schema struct {
		Properties map[string]any
		Required   []string
	}
	schemas := decode[struct {
		Components struct{ Schemas map[string]schema }
	}](t, s.call(t, "GET /v1/openapi.json").want(t, http.StatusOK)).Components.Schemas
	for object, inputs := range map[string][]models.Input{"Group": models.GroupFields{}.Inputs(), "Contact": models.ContactFields{}.Inputs()} {
		for _, name := range []string{object, "New" + object, "New" + object + "Form", object + "Change", object + "ChangeForm"} {
			for _, i := range inputs {
				if schemas[name].Properties[i.Name] == nil {
					t.Errorf("%s has no %s", name, i.Name)
				}
				if name == object && !slices.Contains(schemas[name].Required, i.Name) {
					t.Errorf("%s doesn't always have %s", name, i.Name)
				}
			}
		}
	}
}

// valueOf is a value that the field takes.
func valueOf(field, value string) string {
	if field == "avatar_url" {
		return "https://example.com/" + value
	}
	return value
}

func jsonFields(t *testing.T, inputs []models.Input, value string) option {
	t.Helper()
	fields := map[string]string{}
	for _, i := range inputs {
		fields[i.Name] = valueOf(i.Name, value)
	}
	content, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return jsonBody(string(content))
}

func formFields(inputs []models.Input, value string) option {
	fields := url.Values{}
	for _, i := range inputs {
		fields.Set(i.Name, valueOf(i.Name, value))
	}
	return form(fields.Encode())
}

func shows(t *testing.T, a answer, inputs []models.Input, value string) {
	t.Helper()
	object := decode[map[string]any](t, a)
	for _, i := range inputs {
		if want := valueOf(i.Name, value); object[i.Name] != want {
			t.Errorf("%s is %v, want %s", i.Name, object[i.Name], want)
		}
	}
}
