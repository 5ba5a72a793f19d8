package db

import (
	"sync"
	"time"
)

// Cache remembers answers for a moment, so that what every request asks is not
// asked of the database each time. It forgets all when it is full.
type Cache[K comparable, V any] struct {
	// Keep is for how long an answer may be out of date.
	Keep time.Duration

	mu     sync.Mutex
	values map[K]recentValue[V]
}

type recentValue[V any] struct {
	value V
	until time.Time
}

// mostRecent is how many answers are remembered.
const mostRecent = 10_000

// Get answers what is remembered under key, or else asks and remembers. Errors are not
// remembered.
func (r *Cache[K, V]) Get(key K, now time.Time, ask func() (V, error)) (V, error) {
	value, known := r.peek(key, now)
	if known {
		return value, nil
	}
	value, err := ask()
	if err == nil {
		r.put(key, value, now)
	}
	return value, err
}

// peek answers what is remembered under key, if anything is.
func (r *Cache[K, V]) peek(key K, now time.Time) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.values[key]
	return found.value, ok && now.Before(found.until)
}

func (r *Cache[K, V]) put(key K, value V, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.values == nil || len(r.values) >= mostRecent {
		r.values = map[K]recentValue[V]{}
	}
	r.values[key] = recentValue[V]{value, now.Add(r.Keep)}
}

// Forget makes the next question be asked again.
func (r *Cache[K, V]) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values = nil
}
