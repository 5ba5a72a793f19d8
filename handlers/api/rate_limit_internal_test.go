package api

import (
	"strconv"
	"testing"
	"time"
)

func TestLimitsAreBounded(t *testing.T) {
	l, now := newBuckets(6000), time.Now()
	l.take("busy", now)
	for i := range mostBuckets - 1 {
		l.take(strconv.Itoa(i), now)
	}
	l.take("busy", now.Add(time.Minute))
	if _, wait := l.take("late", now.Add(time.Minute)); wait != 0 || len(l.byKey) != 2 || l.byKey["busy"] == nil {
		t.Errorf("%d buckets are left", len(l.byKey))
	}
	for i := range 2 * mostBuckets { // none of them full
		l.take(strconv.Itoa(i), now.Add(time.Minute))
	}
	if len(l.byKey) > mostBuckets {
		t.Errorf("there are %d buckets", len(l.byKey))
	}
	for perMinute, want := range map[int]string{1: `"token";q=100;w=6000`, 600: `"token";q=100;w=10`, 60_000: `"token";q=6000;w=6`} {
		if got := newBuckets(perMinute).policy[0]; got != want {
			t.Errorf("%d a minute: %s, want %s", perMinute, got, want)
		}
	}
}

func BenchmarkLimits(b *testing.B) {
	l, now := newBuckets(6_000_000), time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.take("one", now)
		}
	})
}
