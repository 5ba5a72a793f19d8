package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"unicode/utf8"

	"protocol.chat/console/models/access"
)

// decodeJSON reads a JSON object. Unlike encoding/json it refuses repeated keys and invalid
// UTF-8.
func decodeJSON(body []byte) (map[string]any, error) {
	if !utf8.Valid(body) || hasLoneSurrogate(body) {
		return nil, malformed("", "The body isn't valid UTF-8.")
	}
	var syntax json.RawMessage
	if err := json.Unmarshal(body, &syntax); err != nil {
		return nil, malformed("", "The body isn't well-formed JSON: "+err.Error()+".")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	value, err := jsonValue(decoder, "")
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, access.Invalid{{Code: access.Bad, Message: "The body must be a JSON object whose keys are the attributes."}}
	}
	return object, nil
}

// jsonEscape matches an escape in a JSON string, and captures a lone surrogate.
var jsonEscape = regexp.MustCompile(`\\(?:[^u]|u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|u)`)

// hasLoneSurrogate reports whether JSON text escapes half of a surrogate pair, which
// encoding/json would silently replace.
func hasLoneSurrogate(body []byte) bool {
	for _, escape := range jsonEscape.FindAllSubmatch(body, -1) {
		if escape[1] != nil {
			return true
		}
	}
	return false
}

// jsonValue reads the next value of well-formed JSON. path is its place, for messages.
func jsonValue(decoder *json.Decoder, path string) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return jsonObject(decoder, path)
	case json.Delim('['):
		return jsonArray(decoder, path)
	}
	return token, nil
}

func jsonObject(decoder *json.Decoder, path string) (any, error) {
	object := map[string]any{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		key := token.(string) // in well-formed JSON a key is a string
		at := key
		if path != "" {
			at = path + "[" + key + "]"
		}
		at = shorten(at) // as repeated shows it: whole paths would add up to gigabytes
		if _, twice := object[key]; twice {
			return nil, repeated(at)
		}
		if object[key], err = jsonValue(decoder, at); err != nil {
			return nil, err
		}
	}
	_, err := decoder.Token() // the closing brace
	return object, err
}

func jsonArray(decoder *json.Decoder, path string) (any, error) {
	array := []any{}
	for decoder.More() {
		value, err := jsonValue(decoder, fmt.Sprintf("%s[%d]", path, len(array)))
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	_, err := decoder.Token() // the closing bracket
	return array, err
}
