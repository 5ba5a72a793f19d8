package main

import (
	"context"
	"runtime/debug"
)

// The garbage collector's settings. Requests leave little live memory, so Go's default of
// collecting at twice the live heap is mostly wasted: five times saved a third of the processor
// time of a page. The limit keeps the process below 100 MB, including the engine's caches.
// GOGC and GOMEMLIMIT override these.
const (
	collectAt   = 400      // percent
	memoryLimit = 48 << 20 // bytes
	// pageMemory is what an open page takes, mostly the stacks of its connection. Without it in the
	// limit, a thousand pages would leave so little below it that a quarter of a processor did
	// nothing but collect.
	pageMemory = 28 << 10
)

// memory is how much the program takes before it collects garbage all the time.
type memory struct {
	fixed bool // by GOMEMLIMIT
	limit int64
}

func newMemory(getenv func(string) string) *memory {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	m := &memory{fixed: getenv("GOMEMLIMIT") != ""}
	m.fit(0)
	return m
}

// fit makes room for so many open pages. Setting the limit stops the program for a moment, so it
// isn't done for few.
func (m *memory) fit(pages int) {
	limit := int64(memoryLimit + pages*pageMemory)
	if change := limit - m.limit; m.fixed || -pageMemory*10 < change && change < pageMemory*10 {
		return
	}
	m.limit = limit
	debug.SetMemoryLimit(limit)
}

// fitTo returns a task that makes room for the open pages.
func (m *memory) fitTo(pages func() int) func(context.Context) error {
	return func(context.Context) error {
		m.fit(pages())
		return nil
	}
}
