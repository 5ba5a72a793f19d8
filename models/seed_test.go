package models_test

import (
	"context"
	"errors"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

func TestSeedIsAllOrNothing(t *testing.T) {
	const groups = 3000 // several statements
	sample := plannedSample()
	all := sample.Groups
	sample.Groups = func(yield func(models.SampleGroup) bool) {
		n := 0
		for g := range all {
			if n++; n > groups || !yield(g) {
				return
			}
		}
	}
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx, stop := context.WithCancel(t.Context())
		half := func(step string, done int) {
			if step == models.SeedingGroups && done >= groups/2 {
				stop()
			}
		}
		if err := store.Seed(ctx, access.System("test"), sample, half); !errors.Is(err, context.Canceled) {
			t.Fatalf("a seed that was stopped: %v, want %v", err, context.Canceled)
		}
		contacts, err := store.Contacts(t.Context(), models.ContactQuery{})
		if err != nil || len(contacts.Contacts) > 0 {
			t.Fatalf("it left %d contacts, %v", len(contacts.Contacts), err)
		}
		if err := store.Seed(t.Context(), access.System("test"), sample, func(string, int) {}); err != nil {
			t.Fatalf("a seed after it: %v", err)
		}
		if found := names(t, store, models.GroupQuery{Search: models.ParseSearch("zebra", nil)}); len(found) == 0 {
			t.Error("what was seeded can't be searched")
		}
	})
}
