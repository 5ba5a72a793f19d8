package db

import (
	"context"
	"sync"
)

// Current caches values for as long as nothing in the database changes, by whichever program: none is
// ever out of date. What is read for every request, and changed rarely, is worth that. If the
// engine can't tell cheaply whether something has changed, as PostgreSQL, it caches nothing.
type Current[K comparable, V any] struct {
	mu     sync.Mutex
	at     uint64 // the change that values are as new as
	values map[K]V
}

// maxCurrent is how many values are cached. After a change there are none.
const maxCurrent = 1000

// Get returns the value cached under key, or else calls ask and caches what it returns, unless it
// is an error. In a transaction it only asks.
func (c *Current[K, V]) Get(ctx context.Context, s *DB, key K, ask func() (V, error)) (V, error) {
	at, known := s.changes.last()
	if !known || aroundOf(ctx) != nil {
		return ask()
	}
	if value, found := c.find(key, at); found {
		return value, nil
	}
	value, err := ask()
	if err == nil {
		c.put(key, value, at)
	}
	return value, err
}

func (c *Current[K, V]) find(key K, at uint64) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, found := c.values[key]
	return value, found && c.at == at
}

// put caches a value that was read after the change at, unless the values are as new as a later one.
func (c *Current[K, V]) put(key K, value V, at uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at < c.at {
		return
	}
	if at > c.at || c.values == nil || len(c.values) >= maxCurrent {
		c.at, c.values = at, map[K]V{}
	}
	c.values[key] = value
}
