package keys

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Keyring holds the current keys. Another process may rotate them, so the keyring reads
// them again when it meets a key that it does not have. It is safe for concurrent use.
type Keyring struct {
	// Newer reads the keys again where they are kept. It is called when the keyring meets
	// an unknown key, at most once a second; nil if keys never change. Set it before the
	// first use.
	Newer func() (Keys, error)
	// Clock returns the time. Set it before the first use.
	Clock func() time.Time

	keys atomic.Pointer[Keys]

	mu     sync.Mutex
	readAt time.Time // when they were last read again
}

// readKeysEvery limits how often keys are read again: someone who can write to the database
// can invent names of keys, and must not keep the disk busy.
const readKeysEvery = time.Second

// Set replaces the keys in use.
func (r *Keyring) Set(keys Keys) { r.keys.Store(&keys) }

// Now returns the keys in use; the zero Keys before Set.
func (r *Keyring) Now() Keys {
	if keys := r.keys.Load(); keys != nil {
		return *keys
	}
	return Keys{}
}

// KeysFor returns the keys for reading a text that was made with one of them. With an
// error, which says why they could not be read again, it returns the old ones.
func (r *Keyring) KeysFor(made string) (Keys, error) {
	keys := r.Now()
	if r.Newer == nil || keys.Known(made) {
		return keys, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	keys = r.Now() // another call may have replaced them
	now := r.Clock()
	if keys.Known(made) || now.Sub(r.readAt).Abs() < readKeysEvery {
		return keys, nil
	}
	r.readAt = now
	newer, err := r.Newer()
	// Keys without the one in use are those of another console: see audit.Log.SetKeys.
	if err != nil || !newer.Known(made) || !newer.Known(keys.Current()) {
		return keys, err
	}
	r.Set(newer)
	return newer, nil
}

// Encrypt returns a secret encrypted for its owner's row.
func (r *Keyring) Encrypt(secret, owner string) string { return r.Now().encrypt(secret, owner) }

// Decrypt returns the secret that Encrypt encrypted for the same owner. It returns an error
// if the value was changed or moved, or its key is missing.
func (r *Keyring) Decrypt(encrypted, owner string) (string, error) {
	keys, unread := r.KeysFor(encrypted)
	secret, err := keys.decrypt(encrypted, owner)
	if err != nil {
		return "", errors.Join(err, unread)
	}
	return secret, nil
}

// SealSecret encrypts data for a browser to keep, in URL-safe characters after the key's
// name.
func (r *Keyring) SealSecret(purpose string, data []byte) string {
	return r.Now().seal(purpose, data)
}

// OpenSealed returns the data that SealSecret sealed for the purpose, or false.
func (r *Keyring) OpenSealed(purpose, sealed string) ([]byte, bool) {
	if sealed == "" {
		return nil, false
	}
	keys, _ := r.KeysFor(sealed) // without its key the data can't be opened
	data, err := keys.open(purpose, sealed)
	return data, err == nil
}

// Sign returns a MAC of a text, after the name of its key and a colon.
func (r *Keyring) Sign(text string) string { return r.Now().sign(text) }

// Signed reports whether proof is what Sign returned for the text, with this key or an
// older one.
func (r *Keyring) Signed(text, proof string) bool {
	keys, _ := r.KeysFor(proof) // what can't be read can't be proven
	return keys.signed(text, proof)
}
