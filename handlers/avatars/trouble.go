package avatars

import "time"

// firstPause is how long something is left alone after it failed once; each further failure makes
// it four times as long, up to lastPause.
const firstPause, lastPause = time.Minute, 6 * time.Hour

// trouble is how often something has failed in a row, and until when it is left alone.
type trouble struct {
	times int
	until time.Time
}

func (t trouble) pauses(now time.Time) bool { return now.Before(t.until) }

// again returns the trouble after one more failure.
func (t trouble) again(now time.Time) trouble {
	pause := firstPause
	for range t.times {
		pause = min(4*pause, lastPause)
	}
	return trouble{t.times + 1, now.Add(pause)}
}

// troubles are those of many things, the newest maxTroubles or so.
type troubles map[string]trouble

const maxTroubles = 4096

func (ts troubles) add(key string, now time.Time) {
	if len(ts) >= maxTroubles {
		for other, t := range ts {
			if len(ts) < maxTroubles/2 {
				break
			}
			if !t.pauses(now) || len(ts) >= maxTroubles {
				delete(ts, other)
			}
		}
	}
	ts[key] = ts[key].again(now)
}
