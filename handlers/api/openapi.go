package api

import (
	_ "embed"
	"net/http"
	"sync"

	"github.com/goccy/go-yaml"

	"protocol.chat/console/models/access"
)

// description is what the API promises, as OpenAPI 3.1.
//
//go:embed openapi.yaml
var description []byte

// descriptionJSON returns the description for programs that only read JSON.
var descriptionJSON = sync.OnceValues(func() ([]byte, error) { return yaml.YAMLToJSON(description) })

func openAPIYAML(*http.Request, access.Actor) (result, error) {
	return described("application/yaml", description), nil
}

func openAPIJSON(*http.Request, access.Actor) (result, error) {
	body, err := descriptionJSON()
	return described(jsonType, body), err
}

func described(kind string, body []byte) result {
	return result{status: http.StatusOK, kind: kind, body: body, tagged: true}
}
