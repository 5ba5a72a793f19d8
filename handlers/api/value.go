package api

import (
	"encoding/json"
	"math/big"
	"strings"
	"time"
)

// integer returns a whole number in any notation: languages that only have floats write
// 1.7e9 or 1700000000.0. In JSON it may be quoted, as it is in forms.
func integer(value any) (int64, bool) {
	var s string
	switch v := value.(type) {
	case json.Number:
		s = v.String()
	case string:
		s = v
	}
	const longest, precise = 64, 256 // characters and bits; more would cost time, or be rounded
	if len(s) > longest || strings.Trim(s, "+-0123456789.eE") != "" {
		return 0, false
	}
	number, _, err := big.ParseFloat(s, 10, precise, big.ToZero)
	if err != nil || !number.IsInt() {
		return 0, false
	}
	n, accuracy := number.Int64()
	return n, accuracy == big.Exact
}

// mustBeMoment ends a message about a value that moment doesn't accept.
const mustBeMoment = "must be a time in Unix seconds, like 692233200, or as 1991-12-08T23:00:00Z."

// moment returns a time in Unix seconds, given as such or as RFC 3339, with letters in any
// case. A leap second is the second after it.
func moment(value any) (int64, bool) {
	if seconds, ok := integer(value); ok {
		return seconds, true
	}
	s, _ := value.(string)
	s = strings.ToUpper(s)
	before, after, leaps := strings.Cut(s, ":60")
	if leaps {
		s = before + ":59" + after
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil || leaps && at.UTC().Format("15:04:05") != "23:59:59" {
		return 0, false
	}
	if leaps {
		at = at.Add(time.Second)
	}
	return at.Unix(), true
}
