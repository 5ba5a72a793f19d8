package main

import (
	"runtime/debug"
	"testing"
)

func TestOpenPagesGetMemory(t *testing.T) {
	before, percent := debug.SetMemoryLimit(-1), debug.SetGCPercent(collectAt)
	t.Cleanup(func() {
		debug.SetMemoryLimit(before)
		debug.SetGCPercent(percent)
	})
	m := newMemory(func(string) string { return "" })
	for _, c := range []struct{ pages, room int }{{0, 0}, {3, 0}, {1000, 1000}, {995, 1000}, {0, 0}} {
		m.fit(c.pages)
		if got, want := debug.SetMemoryLimit(-1), int64(memoryLimit+c.room*pageMemory); got != want {
			t.Errorf("with %d pages the limit is %d, want %d", c.pages, got, want)
		}
	}
	m = newMemory(func(name string) string { return map[string]string{"GOMEMLIMIT": "1GiB"}[name] })
	m.fit(1000)
	if got := debug.SetMemoryLimit(-1); got != memoryLimit {
		t.Errorf("GOMEMLIMIT is overridden: %d", got)
	}
}
