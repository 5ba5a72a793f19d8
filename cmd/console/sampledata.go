package main

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"protocol.chat/console/models"
)

// span is how far back the sample data goes.
const span = 3 * 365 * 24 * time.Hour

// One group in giantShare has thousands of members, up to mostGiants of them, so that most
// members are in ordinary groups; none if there are too few contacts to fill one.
const (
	giantSize  = models.MaxContacts
	giantShare = 10_000
	mostGiants = 10
	// hugeSize is the size of one more group, if there are mostGiants giants.
	hugeSize = 10 * giantSize
)

// invention generates contacts and groups, the same ones for the same numbers and time.
type invention struct {
	groups, contacts int
	now              time.Time
}

func (v invention) sample() models.Sample {
	return models.Sample{Contacts: v.inventContacts(), Groups: v.inventGroups()}
}

func (v invention) inventContacts() iter.Seq[models.SampleContact] {
	return func(yield func(models.SampleContact) bool) {
		random := rand.New(rand.NewPCG(3, 1))
		taken := map[string]int{}
		for i := range v.contacts {
			if !yield(inventContact(random, taken, v.moment(random, i, v.contacts), v.now)) {
				return
			}
		}
	}
}

func inventContact(random *rand.Rand, taken map[string]int, created, now time.Time) models.SampleContact {
	first, last := pick(random, firstNames), pick(random, lastNames)
	contact := models.SampleContact{CreatedAt: created}
	contact.Username = username(first+"."+last, taken)
	if random.IntN(10) < 9 {
		contact.DisplayName = first + " " + last
	}
	if random.IntN(10) < 7 {
		// Numbers with 555-01 are reserved for fiction.
		contact.PhoneNumber = fmt.Sprintf("+1 %d 555 01%02d", 200+random.IntN(800), random.IntN(100))
	}
	if random.IntN(10) < 8 {
		active := between(random, created, now).Unix()
		contact.LastActiveAt = &active
	}
	return contact
}

// username returns a username for a name, with a number if it is taken.
func username(name string, taken map[string]int) string {
	name = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\'' {
			return -1
		}
		return r
	}, strings.ToLower(plainLetters.Replace(name)))
	taken[name]++
	if n := taken[name]; n > 1 {
		return fmt.Sprintf("%s%d", name, n)
	}
	return name
}

func (v invention) inventGroups() iter.Seq[models.SampleGroup] {
	return func(yield func(models.SampleGroup) bool) {
		random := rand.New(rand.NewPCG(3, 2))
		for i := range v.groups {
			created := v.moment(random, i, v.groups)
			group := models.SampleGroup{CreatedAt: created, GroupFields: inventFields(random)}
			if random.IntN(10) == 0 {
				archived := between(random, created, v.now).Unix()
				group.ArchivedAt = &archived
			}
			group.Members = places(random, v.contacts, v.size(random, i))
			if !yield(group) {
				return
			}
		}
	}
}

func inventFields(random *rand.Rand) models.GroupFields {
	place, topic := pick(random, cities), pick(random, topics)
	fields := models.GroupFields{Name: fmt.Sprintf(pick(random, groupNames), place, topic)}
	if random.IntN(10) < 7 {
		fields.Description = fmt.Sprintf(pick(random, purposes), strings.ToLower(topic), place)
	}
	if fields.Description != "" && random.IntN(2) == 0 {
		fields.Description += " " + pick(random, customs)
	}
	for _, a := range asides {
		if random.IntN(a.oneIn) == 0 {
			fields.Description = strings.TrimSpace(fields.Description + " " + a.text)
		}
	}
	return fields
}

// size returns how many members the group at a place gets: mostly a handful, sometimes dozens
// (five on average), and thousands for a few.
func (v invention) size(random *rand.Rand, place int) int {
	giants := v.giants()
	if giants == mostGiants && v.contacts >= hugeSize && place == v.groups/2 {
		return hugeSize
	}
	if giants > 0 {
		if every := v.groups / giants; place%every == every/2 && place/every < giants {
			return giantSize
		}
	}
	switch n := random.IntN(100); {
	case n < 5:
		return 0
	case n < 98:
		return 1 + random.IntN(7)
	}
	return 20 + random.IntN(60)
}

// giants returns how many groups have giantSize members.
func (v invention) giants() int {
	if v.contacts < giantSize {
		return 0
	}
	return min(v.groups/giantShare, mostGiants)
}

// moment returns the time of the i-th of n events: in order, at uneven intervals.
func (v invention) moment(random *rand.Rand, i, n int) time.Time {
	step := span / time.Duration(n)
	return v.now.Add(-span + time.Duration(i)*step + randomDuration(random, step))
}

func between(random *rand.Rand, from, to time.Time) time.Time {
	return from.Add(randomDuration(random, to.Sub(from)))
}

func randomDuration(random *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(random.Int64N(max(1, int64(most))))
}

// places returns n distinct numbers below all, ascending.
func places(random *rand.Rand, all, n int) []int {
	if n*4 > all {
		chosen := random.Perm(all)[:min(n, all)]
		slices.Sort(chosen)
		return chosen
	}
	chosen := make([]int, 0, n)
	for len(chosen) < n {
		place := random.IntN(all)
		if at, found := slices.BinarySearch(chosen, place); !found {
			chosen = slices.Insert(chosen, at, place)
		}
	}
	return chosen
}

func pick(random *rand.Rand, words []string) string { return words[random.IntN(len(words))] }
