package keys

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Keyring is the keys that a store has. Another program may put a new one before them
// while this one runs: the keyring then reads them again, as soon as it meets what was
// made with a key that it does not have.
type Keyring struct {
	// Newer reads the keys again where they are kept, after another program may have
	// rotated them. It is asked when the keyring meets a key that it does not have, at most
	// once a second; nil says that the keys stay as they were given. It is set
	// before the first use.
	Newer func() (Keys, error)
	// Clock is the time.
	Clock func() time.Time

	keys atomic.Pointer[Keys]

	mu     sync.Mutex
	readAt time.Time // when they were last read again
}

// readKeysEvery is how often keys are read again at most: whoever can write to the
// database can invent names of keys, and must not keep the disk busy with them.
const readKeysEvery = time.Second

// Take makes keys the ones in use.
func (r *Keyring) Take(keys Keys) { r.keys.Store(&keys) }

// Now is the keys in use.
func (r *Keyring) Now() Keys {
	if keys := r.keys.Load(); keys != nil {
		return *keys
	}
	return Keys{}
}

// KeysFor is the keys to read a text with that was made with one of them. Its error says
// why they could not be read again; the keys are those that there are all the same.
func (r *Keyring) KeysFor(made string) (Keys, error) {
	keys := r.Now()
	if r.Newer == nil || keys.Known(made) {
		return keys, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	keys = r.Now() // as somebody left them who was here first
	now := r.Clock()
	if keys.Known(made) || now.Sub(r.readAt).Abs() < readKeysEvery {
		return keys, nil
	}
	r.readAt = now
	newer, err := r.Newer()
	// Keys without the one in use are those of another console, as Unlock says.
	if err != nil || !newer.Known(made) || !newer.Known(keys.Current()) {
		return keys, err
	}
	r.Take(newer)
	return newer, nil
}

func (r *Keyring) Encrypt(secret, owner string) string { return r.Now().encrypt(secret, owner) }

func (r *Keyring) Decrypt(encrypted, owner string) (string, error) {
	keys, unread := r.KeysFor(encrypted)
	secret, err := keys.decrypt(encrypted, owner)
	if err != nil {
		return "", errors.Join(err, unread)
	}
	return secret, nil
}

func (r *Keyring) SealSecret(purpose string, data []byte) string {
	return r.Now().seal(purpose, data)
}

// OpenSealed is the data that was sealed for the purpose; false if it was not, or by nobody.
func (r *Keyring) OpenSealed(purpose, sealed string) ([]byte, bool) {
	if sealed == "" {
		return nil, false
	}
	keys, _ := r.KeysFor(sealed) // what can't be read is nobody's
	data, err := keys.open(purpose, sealed)
	return data, err == nil
}

func (r *Keyring) Sign(text string) string { return r.Now().sign(text) }

func (r *Keyring) Signed(text, proof string) bool {
	keys, _ := r.KeysFor(proof) // what can't be read can't be proven
	return keys.signed(text, proof)
}
