package models

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
	idLength  = 16
	idTimeLen = 8
	digits    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// ValidID tells whether s has the form of an id; there may be nothing under it.
func ValidID(s string) bool {
	return len(s) == idLength && strings.Trim(s, digits) == ""
}

// Unquote returns s without what comes along when an id is copied out of a text or a
// program: invisible characters, white space and quotes around it, a comma after it.
func Unquote(s string) string {
	return strings.TrimFunc(StripInvisible(s), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Pi, unicode.Pf) || strings.ContainsRune("\"'`´„‚,;", r)
	})
}

// idTime is the time of creation that an id carries. The id must be valid.
func idTime(id string) time.Time {
	var ms int64
	for _, c := range []byte(id[:idTimeLen]) {
		ms = ms*int64(len(digits)) + int64(strings.IndexByte(digits, c))
	}
	return time.UnixMilli(ms)
}

// FirstID is the smallest id that could have been made at t: where a range of
// times begins in the order of ids.
func FirstID(t time.Time) string {
	return encodeTime(t.UnixMilli()) + strings.Repeat(digits[:1], idLength-idTimeLen)
}

// maxIDTime is the latest time that an id can carry, in the year 8888.
const maxIDTime = 62*62*62*62*62*62*62*62 - 1

func encodeTime(ms int64) string {
	ms = min(ms, maxIDTime)
	b := make([]byte, idTimeLen)
	for i := range b {
		b[idTimeLen-1-i] = digits[ms%int64(len(digits))]
		ms /= int64(len(digits))
	}
	return string(b)
}

// ids makes ids that only increase, also within a millisecond and when the
// clock is set back.
type ids struct {
	mu   sync.Mutex
	last string
}

// next makes an id above every earlier one and above floor, the newest id that
// is stored already ("" where other processes' ids do not matter).
func (g *ids) next(now time.Time, floor string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	floor = max(floor, g.last)
	g.last = encodeTime(now.UnixMilli()) + randomDigits(idLength-idTimeLen)
	if g.last <= floor {
		g.last = successor(floor)
	}
	return g.last
}

// above makes every id to come greater than one, also where the clock is wrong.
func (g *ids) above(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = max(g.last, id)
}

// successor is the id that follows s.
func successor(s string) string {
	b := []byte(s)
	for i := len(b) - 1; i >= 0; i-- {
		if d := strings.IndexByte(digits, b[i]); d < len(digits)-1 {
			b[i] = digits[d+1]
			break
		}
		b[i] = digits[0]
	}
	return string(b)
}

// randomDigits is n characters of 0-9A-Za-z from crypto/rand, each equally likely.
func randomDigits(n int) string {
	const fair = 256 - 256%len(digits) // bytes from here on would favour the first digits
	out := make([]byte, 0, n)
	buf := make([]byte, 2*n)
	for len(out) < n {
		_, _ = rand.Read(buf) // never fails: crypto/rand.Read ends the program first
		for _, b := range buf {
			if int(b) < fair && len(out) < n {
				out = append(out, digits[int(b)%len(digits)])
			}
		}
	}
	return string(out)
}
