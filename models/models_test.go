package models_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

func TestCancelledContextCancelsTheQuery(t *testing.T) {
	const clients = 20 // more than there are connections
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx, hangUp := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for range clients {
			waiting.Go(func() {
				if err := store.ReadForever(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("a query whose client hung up: %v, want %v", err, context.Canceled)
				}
			})
		}
		time.Sleep(50 * time.Millisecond)
		hangUp()
		waiting.Wait()

		soon, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		for range clients {
			if err := store.DB.Ping(soon); err != nil {
				t.Fatalf("after the others hung up: %v", err)
			}
		}
	})
}

func TestConstraintViolationsAreNamed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		modelstest.Contact(t, store, by, "ada")
		_, err := store.CreateContact(t.Context(), by, models.ContactChange{Username: ptr("Ada")}, nil)
		if problems, ok := errors.AsType[access.Invalid](err); !ok || problems.For("username") == "" {
			t.Errorf("a username for the second time: %v, want the field to be refused", err)
		}
	})
}
