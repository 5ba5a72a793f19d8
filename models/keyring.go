package models

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// keyring is the keys that a store has. Another program may put a new one before them
// while this one runs: the keyring then reads them again, as soon as it meets what was
// made with a key that it does not have.
type keyring struct {
	keys atomic.Pointer[Keys]

	mu     sync.Mutex
	readAt time.Time // when they were last read again
}

// readKeysEvery is how often keys are read again at most: whoever can write to the
// database can invent names of keys, and must not keep the disk busy with them.
const readKeysEvery = time.Second

// take makes keys the ones in use.
func (r *keyring) take(keys Keys) { r.keys.Store(&keys) }

// now is the keys in use.
func (r *keyring) now() Keys {
	if keys := r.keys.Load(); keys != nil {
		return *keys
	}
	return Keys{}
}

// keysFor is the keys to read a text with that was made with one of them. Its error says
// why they could not be read again; the keys are those that there are all the same.
func (s *Store) keysFor(made string) (Keys, error) {
	keys := s.keyring.now()
	if s.NewerKeys == nil || keys.known(made) {
		return keys, nil
	}
	s.keyring.mu.Lock()
	defer s.keyring.mu.Unlock()
	keys = s.keyring.now() // as somebody left them who was here first
	now := s.Now()
	if keys.known(made) || now.Sub(s.keyring.readAt).Abs() < readKeysEvery {
		return keys, nil
	}
	s.keyring.readAt = now
	newer, err := s.NewerKeys()
	// Keys without the one in use are those of another console, as Unlock says.
	if err != nil || !newer.known(made) || !newer.known(keys.current()) {
		return keys, err
	}
	s.keyring.take(newer)
	return newer, nil
}

// KeyName returns the name of the key that the database was last opened with, or that
// something in it was made with; "" if there is none.
func (s *Store) KeyName(ctx context.Context) (string, error) {
	for _, q := range []selection{
		selectFrom("settings", "value", "key = ?", keySetting),
		selectFrom("audit_lines", "mac", "mac <> ''"),
		selectFrom("totps", "secret", "secret <> ''"),
	} {
		found, err := first(s.reader(ctx), q, 1, whole[string])
		if err != nil || len(found) > 0 {
			name, _, _ := strings.Cut(strings.Join(found, ""), ":")
			return name, s.failed(ctx, err)
		}
	}
	return "", nil
}

func (s *Store) encrypt(secret, owner string) string { return s.keyring.now().encrypt(secret, owner) }

func (s *Store) decrypt(encrypted, owner string) (string, error) {
	keys, unread := s.keysFor(encrypted)
	secret, err := keys.decrypt(encrypted, owner)
	if err != nil {
		return "", errors.Join(err, unread)
	}
	return secret, nil
}

func (s *Store) sealSecret(purpose string, data []byte) string {
	return s.keyring.now().seal(purpose, data)
}

// openSealed is the data that was sealed for the purpose; false if it was not, or by nobody.
func (s *Store) openSealed(purpose, sealed string) ([]byte, bool) {
	if sealed == "" {
		return nil, false
	}
	keys, _ := s.keysFor(sealed) // what can't be read is nobody's
	data, err := keys.open(purpose, sealed)
	return data, err == nil
}

func (s *Store) sign(text string) string { return s.keyring.now().sign(text) }

func (s *Store) signed(text, proof string) bool {
	keys, _ := s.keysFor(proof) // what can't be read can't be proven
	return keys.signed(text, proof)
}
