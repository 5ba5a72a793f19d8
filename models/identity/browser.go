package identity

import "strings"

// Browser is a browser and the system that it runs on, each by its product name; "" if it
// is unknown.
type Browser struct{ Name, System string }

// BrowserOf returns the browser of a user agent.
func BrowserOf(userAgent string) Browser {
	return Browser{Name: known(userAgent, browsers), System: known(userAgent, systems)}
}

// String returns the browser as it is stored: Firefox/Linux.
func (b Browser) String() string { return b.Name + "/" + b.System }

// ParseBrowser reads what String returned, and reports whether it was that: older lines of
// the audit log have a phrase instead.
func ParseBrowser(stored string) (Browser, bool) {
	name, system, ok := strings.Cut(stored, "/")
	return Browser{name, system}, ok
}

// The names of browsers and systems by substrings of their user agents, the more specific
// first, because most browsers also claim to be others.
var (
	browsers = [][2]string{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"Vivaldi", "Vivaldi"},
		{"SamsungBrowser", "Samsung Internet"},
		{"Firefox", "Firefox"},
		{"FxiOS", "Firefox"},
		{"CriOS", "Chrome"},
		{"Chrome", "Chrome"},
		{"Safari", "Safari"},
		{"curl", "curl"},
	}
	systems = [][2]string{
		{"Android", "Android"},
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Windows", "Windows"},
		{"CrOS", "ChromeOS"},
		{"Macintosh", "Mac"},
		{"Linux", "Linux"},
	}
)

func known(userAgent string, names [][2]string) string {
	for _, n := range names {
		if strings.Contains(userAgent, n[0]) {
			return n[1]
		}
	}
	return ""
}
