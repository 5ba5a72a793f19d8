package models_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models/modelstest"
)

// TestTheChainIsNotBegunAnew is about who has all rights on the database, but no key: the
// console must not take their log for one that has no chain yet, and seal it.
func TestTheChainIsNotBegunAnew(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store := modelstest.Open(t, engine)
			by := modelstest.Owner(t, store)
			modelstest.Group(t, store, by, "Plaza Hotel")
			modelstest.Group(t, store, by, "Grand Hotel")
			seal(t, store)
			dropTriggers(t, store, engine)
			carryOut(t, store,
				"UPDATE audit_lines SET actor_name = 'Somebody else', mac = ''",
				"DELETE FROM audit_lines WHERE object_name = 'Grand Hotel'",
				"DELETE FROM audit_seals", "DELETE FROM audit_retention", "DELETE FROM settings WHERE key = 'audit_head'",
				"DELETE FROM audit_tail", "INSERT INTO audit_tail (line_id) SELECT id FROM audit_lines",
			)
			for range 2 {
				if proof := verify(t, store, ""); proof.Broken == nil || !strings.Contains(proof.Broken.What, "ends was deleted") {
					t.Errorf("the forgery is not found: %+v", proof)
				}
				if err := store.Seal(t.Context()); err == nil {
					t.Error("the forgery is sealed")
				}
			}
		})
	}
}
