package api

import (
	"fmt"
	"hash/maphash"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"protocol.chat/console/models/access"
)

// Calls are counted by each instance of the console on its own, so several allow several
// times as many. A token has a bucket of calls that fills up at an even rate. Invalid tokens
// are counted by the address that they come from, so that nobody can guess one.

// Limited counts the calls that were refused since the program started: for the rate limit of
// their token, and for many invalid tokens from their network.
type Limited struct{ Token, InvalidTokens atomic.Uint64 }

// limited refuses a call that comes too soon.
type limited struct {
	// wait is the time until the next call is accepted.
	wait time.Duration
	// guessing is true if the limit is that of invalid tokens.
	guessing bool
}

func (e limited) Error() string { return "too many calls" }

func (e limited) retryAfter() string { return strconv.Itoa(max(1, int(math.Ceil(e.wait.Seconds())))) }

func (e limited) message() string {
	wait := e.retryAfter() + " seconds"
	if wait == "1 seconds" {
		wait = "1 second"
	}
	if e.guessing {
		return "Too many invalid tokens came from this address. Try again in " + wait + ", with a valid token."
	}
	return "The token has reached its rate limit. Try again in " + wait + "."
}

// countCall counts a call of a token, and sets the headers that say how many are left, as
// draft-ietf-httpapi-ratelimit-headers has it.
func (a *api) countCall(head http.Header, by access.Actor) error {
	if a.tokens == nil {
		return nil
	}
	left, wait := a.tokens.take(by.ID, a.Store.DB.Now())
	head["Ratelimit-Policy"] = a.tokens.policy
	remaining, reset := a.tokens.state(left)
	head["Ratelimit"] = []string{`"token";r=` + strconv.Itoa(remaining) + ";t=" + strconv.Itoa(reset)}
	if wait > 0 {
		a.Limited.Token.Add(1)
		return limited{wait: wait}
	}
	return nil
}

// buckets are token buckets, each under a key, with calls as their tokens.
type buckets struct {
	perSecond rate.Limit
	burst     int
	policy    []string // how many calls there are in how many seconds

	mu    sync.Mutex
	byKey map[string]*rate.Limiter
}

// mostBuckets is the most buckets that are kept. Full ones are dropped first: they say
// nothing.
const mostBuckets = 10_000

// leastBurst is the smallest burst, whatever the limit.
const leastBurst = 100

// newBuckets returns the buckets for a number of calls in a minute, a tenth of which may come
// at once; nil if there is no limit.
func newBuckets(perMinute int) *buckets {
	if perMinute <= 0 {
		return nil
	}
	return bucketsOf(rate.Limit(float64(perMinute)/60), max(perMinute/10, leastBurst))
}

func bucketsOf(perSecond rate.Limit, burst int) *buckets {
	l := &buckets{perSecond: perSecond, burst: burst, byKey: map[string]*rate.Limiter{}}
	_, window := l.state(0)
	l.policy = []string{fmt.Sprintf(`"token";q=%d;w=%d`, burst, window)}
	return l
}

// state returns how many calls a bucket has in which so many are left, and in how many seconds
// it is full.
func (l *buckets) state(left float64) (remaining, reset int) {
	full := l.timeFor(float64(l.burst) - left)
	return int(max(0, left)), int(math.Ceil(full.Seconds()))
}

// timeFor returns how long it takes until a number of calls has come back.
func (l *buckets) timeFor(calls float64) time.Duration {
	return time.Duration(calls / float64(l.perSecond) * float64(time.Second))
}

// take takes a call out of a bucket. It returns how many are left, and how long to wait if
// there was none.
func (l *buckets) take(key string, now time.Time) (left float64, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.byKey[key]
	if bucket == nil {
		l.makeRoom(now)
		bucket = rate.NewLimiter(l.perSecond, l.burst)
		l.byKey[key] = bucket
	}
	if bucket.AllowN(now, 1) {
		return bucket.TokensAt(now), 0
	}
	left = bucket.TokensAt(now)
	return left, l.timeFor(1 - left)
}

// left returns how many calls are left in a bucket.
func (l *buckets) left(key string, now time.Time) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bucket := l.byKey[key]; bucket != nil {
		return bucket.TokensAt(now)
	}
	return float64(l.burst)
}

// untilNext returns how long to wait until there is a call in a bucket; 0 if there is one.
func (l *buckets) untilNext(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.byKey[key]
	if bucket == nil {
		return 0
	}
	return max(0, l.timeFor(1-bucket.TokensAt(now)))
}

// makeRoom drops full buckets and, if those are few, others, so that there is room for many
// new ones.
func (l *buckets) makeRoom(now time.Time) {
	if len(l.byKey) < mostBuckets {
		return
	}
	for key, bucket := range l.byKey {
		if bucket.TokensAt(now) >= float64(l.burst) {
			delete(l.byKey, key)
		}
	}
	for key := range l.byKey {
		if len(l.byKey) <= mostBuckets*9/10 {
			return
		}
		delete(l.byKey, key)
	}
}

// How many invalid tokens an address may send at once, and how many a second after that.
const (
	wrongTokens    = 30
	wrongPerSecond = 0.5
)

// guesses counts invalid tokens by network. A network that sent too many is refused before a
// token is looked up, except for tokens that were valid lately: one program's mistake must
// not stop another's at the same address.
type guesses struct {
	wrongs *buckets
	seed   maphash.Seed

	mu    sync.Mutex
	known map[uint64]time.Time // hashes of valid tokens, and until when they count
}

// keepKnown is how long a valid token is let through.
const keepKnown = time.Hour

func newGuesses() *guesses {
	return &guesses{wrongs: bucketsOf(wrongPerSecond, wrongTokens), seed: maphash.MakeSeed(), known: map[uint64]time.Time{}}
}

// check returns an error if a token may be a guess.
func (g *guesses) check(ip, secret string, now time.Time) error {
	wait := g.wrongs.untilNext(access.NetworkOf(ip), now)
	if wait == 0 {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Before(g.known[maphash.String(g.seed, secret)]) {
		return nil
	}
	return limited{wait: wait, guessing: true}
}

func (g *guesses) addInvalid(ip string, now time.Time) { g.wrongs.take(access.NetworkOf(ip), now) }

func (g *guesses) addValid(secret string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.known) >= mostBuckets {
		clear(g.known)
	}
	g.known[maphash.String(g.seed, secret)] = now.Add(keepKnown)
}
