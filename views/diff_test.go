package views

import (
	"strings"
	"testing"
)

// TestTextsWithLittleInCommonAreShownWhole, and those with much word by word.
func TestTextsWithLittleInCommonAreShownWhole(t *testing.T) {
	for _, tc := range []struct {
		before, after string
		whole         bool
	}{
		{"A quiet place for trail running in Boston; announcements only on weekdays. Ask before you add somebody.", "For those who organise science fiction evenings in Auckland. Bring a book, take a book.", true},
		{"Trail Running, Boston North", "Science Fiction, Auckland", true},
		{"admin", "owner", true},
		{"Plaza Hotel", "Plaza Grand", false},
		{"Open all night.", "Open all night. The kitchen closes at ten, and the bar when the last guest leaves.", false},
		{"Ask for Zoë.", "", false},
		{"!", "?", false},
	} {
		html := draw(t, textDiff(tc.before, tc.after))
		whole := strings.Contains(html, "Before</small>") && strings.Contains(html, ">"+tc.before+"<") && strings.Contains(html, ">"+tc.after+"<")
		if whole != tc.whole {
			t.Errorf("%q, %q: %s", tc.before, tc.after, html)
		}
	}
}
