package models_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/keys"
	"protocol.chat/console/models/modelstest"
)

// TestKeysAreReadAgain has two stores on one database, of which one rotates the keys.
func TestKeysAreReadAgain(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			running, other := modelstest.OpenURL(t, url), modelstest.OpenURL(t, url)
			kept, reads, trouble := modelstest.Keys, 0, error(nil) // what the file has
			running.Audit.Keyring.Newer = func() (keys.Keys, error) { reads++; return kept, trouble }
			now := time.Now()
			running.DB.Now = func() time.Time { return now }
			modelstest.Owner(t, running)
			ada, err := running.Identity.Users.UserByEmail(t.Context(), "ada@example.com")
			if err != nil {
				t.Fatal(err)
			}
			seed := func() (string, error) {
				key, err := running.Identity.SecondFactors.NewTOTP(t.Context(), ada.Actor())
				return key.Secret, err
			}
			want, err := seed()
			if err != nil || reads != 0 {
				t.Fatal(reads, err)
			}
			rotated := modelstest.Keys.Rotated()
			if _, err := other.Identity.Rotate(t.Context(), system, rotated); err != nil {
				t.Fatal(err)
			}

			// As long as the new key is nowhere to be had, it is looked for once a second.
			for range 5 {
				if _, err := seed(); err == nil || !strings.Contains(err.Error(), "a key that is not among the console's") {
					t.Fatalf("without the new key: %v", err)
				}
			}
			if reads != 1 {
				t.Errorf("the keys were read %d times in one second", reads)
			}
			now, trouble = now.Add(time.Second), errors.New("permission denied")
			if _, err := seed(); err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("that the keys can't be read is told as %v", err)
			}
			// Keys without the one in use are another console's.
			newest, err := keys.ParseKeys(strings.Fields(rotated.Text())[0])
			if err != nil {
				t.Fatal(err)
			}
			now, kept, trouble = now.Add(time.Second), newest, nil
			if _, err := seed(); err == nil {
				t.Error("keys without the one in use were taken")
			}
			now, kept = now.Add(time.Second), rotated
			if got, err := seed(); err != nil || got != want {
				t.Errorf("the seed is %q, %v", got, err)
			}
			if err := running.Audit.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
			if proof, err := running.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
				t.Errorf("the log: %v, %v", proof.Broken, err)
			}
			if reads != 4 {
				t.Errorf("known keys were looked for: %d reads", reads)
			}
		})
	}
}

// TestTheChainGoesOnWithANewKey checks that the line of the rotation is where others learn
// of it.
func TestTheChainGoesOnWithANewKey(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			running, other := modelstest.OpenURL(t, url), modelstest.OpenURL(t, url)
			rotated := modelstest.Keys.Rotated()
			running.Audit.Keyring.Newer = func() (keys.Keys, error) { return rotated, nil }
			modelstest.Owner(t, running)
			if _, err := other.Identity.Rotate(t.Context(), system, rotated); err != nil {
				t.Fatal(err)
			}
			if err := running.Audit.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
			somebody(t, running, "bea", access.Editor)
			made := lines(t, running, audit.CreatedUser)[0]
			if newest := strings.Fields(rotated.String())[1]; !strings.HasPrefix(made.MAC, newest+":") {
				t.Errorf("a line is proven with %.8s, not with %s", made.MAC, newest)
			}
			if proof, err := other.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
				t.Errorf("the log: %v, %v", proof.Broken, err)
			}
		})
	}
}
