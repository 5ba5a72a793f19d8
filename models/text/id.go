package text

import (
	"crypto/rand"
	"strings"
	"sync"
	"time"
	"unicode"
)

// An id is 16 characters of 0-9A-Za-z in byte order: 8 for the time of creation
// in milliseconds and 8 at random. So ids sort by creation, the primary key is
// the order of a list, and a cursor is just an id.
const (
	IDLength  = 16
	idTimeLen = 8
	Digits    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// ValidID reports whether s has the form of an id, whether or not anything has it.
func ValidID(s string) bool {
	return len(s) == IDLength && strings.Trim(s, Digits) == ""
}

// Unquote returns s without what is copied along with an id from a text or a program:
// invisible characters, surrounding white space and quotes, a comma.
func Unquote(s string) string {
	return strings.TrimFunc(StripInvisible(s), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Pi, unicode.Pf) || strings.ContainsRune("\"'`´„‚,;", r)
	})
}

// IDTime returns the time of creation in an id, which must be valid.
func IDTime(id string) time.Time {
	var ms int64
	for _, c := range []byte(id[:idTimeLen]) {
		ms = ms*int64(len(Digits)) + int64(strings.IndexByte(Digits, c))
	}
	return time.UnixMilli(ms)
}

// FirstID returns the smallest id that could have been made at t: where a range of times
// begins in the order of ids.
func FirstID(t time.Time) string {
	return EncodeTime(t.UnixMilli()) + strings.Repeat(Digits[:1], IDLength-idTimeLen)
}

// maxIDTime is the latest time that an id can carry, in the year 8888.
const maxIDTime = 62*62*62*62*62*62*62*62 - 1

// EncodeTime returns Unix milliseconds as the first characters of an id.
func EncodeTime(ms int64) string {
	ms = min(ms, maxIDTime)
	b := make([]byte, idTimeLen)
	for i := range b {
		b[idTimeLen-1-i] = Digits[ms%int64(len(Digits))]
		ms /= int64(len(Digits))
	}
	return string(b)
}

// IDs makes ids that only increase, also within a millisecond and when the clock is set
// back. It is safe for concurrent use.
type IDs struct {
	mu   sync.Mutex
	last string
}

// Next returns an id above every earlier one and above floor, the newest stored id ("" if
// other processes' ids do not matter).
func (g *IDs) Next(now time.Time, floor string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	floor = max(floor, g.last)
	g.last = EncodeTime(now.UnixMilli()) + RandomDigits(IDLength-idTimeLen)
	if g.last <= floor {
		g.last = Successor(floor)
	}
	return g.last
}

// Above makes all further ids greater than id, even if the clock is wrong.
func (g *IDs) Above(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = max(g.last, id)
}

// Successor returns the id that follows s.
func Successor(s string) string {
	b := []byte(s)
	for i := len(b) - 1; i >= 0; i-- {
		if d := strings.IndexByte(Digits, b[i]); d < len(Digits)-1 {
			b[i] = Digits[d+1]
			break
		}
		b[i] = Digits[0]
	}
	return string(b)
}

// RandomDigits returns n characters of 0-9A-Za-z from crypto/rand, each equally likely.
func RandomDigits(n int) string {
	const fair = 256 - 256%len(Digits) // bytes from here on would favour the first digits
	out := make([]byte, 0, n)
	buf := make([]byte, 2*n)
	for len(out) < n {
		_, _ = rand.Read(buf) // never fails: crypto/rand.Read ends the program first
		for _, b := range buf {
			if int(b) < fair && len(out) < n {
				out = append(out, Digits[int(b)%len(Digits)])
			}
		}
	}
	return string(out)
}
