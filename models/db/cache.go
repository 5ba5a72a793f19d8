package db

import (
	"sync"
	"time"
)

// Cache caches values for a short time, so that what every request needs is not read from
// the database each time. It is emptied when it is full.
type Cache[K comparable, V any] struct {
	// TTL is how long a value may be out of date.
	TTL time.Duration

	mu     sync.Mutex
	values map[K]cached[V]
}

type cached[V any] struct {
	value V
	until time.Time
}

// maxCached is how many values are cached.
const maxCached = 10_000

// Get returns the value cached under key, or else calls ask and caches what it returns,
// unless it is an error.
func (r *Cache[K, V]) Get(key K, now time.Time, ask func() (V, error)) (V, error) {
	value, known := r.Peek(key, now)
	if known {
		return value, nil
	}
	value, err := ask()
	if err == nil {
		r.put(key, value, now)
	}
	return value, err
}

// Peek returns the value cached under key, if there is one.
func (r *Cache[K, V]) Peek(key K, now time.Time) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.values[key]
	return found.value, ok && now.Before(found.until)
}

func (r *Cache[K, V]) put(key K, value V, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.values == nil || len(r.values) >= maxCached {
		r.values = map[K]cached[V]{}
	}
	r.values[key] = cached[V]{value, now.Add(r.TTL)}
}

// Forget empties the cache.
func (r *Cache[K, V]) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values = nil
}

// Drop removes what is cached under the keys.
func (r *Cache[K, V]) Drop(keys ...K) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range keys {
		delete(r.values, key)
	}
}
