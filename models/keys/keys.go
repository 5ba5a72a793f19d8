package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// Keys encrypt secrets and sign audit lines. They are never in the database, so that
// someone who has only that can read no secret and forge no line. The first key is the
// current one; the others read what was written before a rotation.
type Keys struct{ ring []key }

// key is a secret of keyLength random bytes, named by the start of its hash.
type key struct {
	id     string
	secret []byte
	audit  []byte // derived for proofs, once: a log has millions
}

const (
	keyPrefix = "pck_" // as tokens have one, so that a key that leaked is known for one
	keyLength = 32
)

var errNoKey = errors.New("it was written with a key that is not among the console's")

// NewKeys returns a single new random key.
func NewKeys() Keys { return Keys{}.Rotated() }

// ParseKeys reads what Text wrote: keys, the newest first, separated by white space. Lines
// that begin with # are comments. It returns an error if there is none.
func ParseKeys(text string) (Keys, error) {
	var k Keys
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, word := range strings.Fields(line) {
			encoded, ok := strings.CutPrefix(word, keyPrefix)
			secret, err := base64.RawURLEncoding.DecodeString(encoded)
			if !ok || err != nil || len(secret) != keyLength {
				return Keys{}, errors.New("a key must look like pck_ and 43 characters, as console key prints it")
			}
			k.ring = append(k.ring, newKey(secret))
		}
	}
	if len(k.ring) == 0 {
		return Keys{}, errors.New("there is no key")
	}
	return k, nil
}

func newKey(secret []byte) key {
	sum := sha256.Sum256(secret)
	k := key{id: hex.EncodeToString(sum[:4]), secret: secret}
	k.audit = k.derived("audit")
	return k
}

// Rotated returns the keys with a new one before them, which is then in use.
func (k Keys) Rotated() Keys {
	secret := make([]byte, keyLength)
	_, _ = rand.Read(secret) // never fails: crypto/rand.Read ends the program first
	return Keys{append([]key{newKey(secret)}, k.ring...)}
}

// Text returns the keys themselves, for a file that only the console can read.
func (k Keys) Text() string {
	var b strings.Builder
	for _, key := range k.ring {
		b.WriteString(keyPrefix + base64.RawURLEncoding.EncodeToString(key.secret) + "\n")
	}
	return b.String()
}

// String returns the names of the keys, which keeps the keys out of logs.
func (k Keys) String() string {
	names := make([]string, len(k.ring))
	for i, key := range k.ring {
		names[i] = key.id
	}
	return "keys " + strings.Join(names, " ")
}

// GoString is String, for %#v.
func (k Keys) GoString() string { return k.String() }

// Current returns the name of the key in use. The zero Keys has none, and it panics.
func (k Keys) Current() string { return k.ring[0].id }

// find returns the key with a name.
func (k Keys) find(id string) (key, error) {
	for _, key := range k.ring {
		if key.id == id {
			return key, nil
		}
	}
	return key{}, errNoKey
}

// Known reports whether the keys have the one that a text was made with.
func (k Keys) Known(made string) bool {
	id, _, _ := strings.Cut(made, ":")
	_, err := k.find(id)
	return err == nil
}

// derived returns the key for one purpose, so that none is used for two.
func (k key) derived(purpose string) []byte {
	derived, err := hkdf.Key(sha256.New, k.secret, nil, "protocol console "+purpose, keyLength)
	if err != nil {
		panic(err) // only for a length that is none
	}
	return derived
}

// encrypt encrypts a secret. Only decrypt with the same owner returns it, so that it can't
// be moved to another row.
func (k Keys) encrypt(secret, owner string) string {
	sealed := k.ring[0].gcm().Seal(nil, nil, []byte(secret), []byte(owner))
	return k.ring[0].id + ":" + base64.RawStdEncoding.EncodeToString(sealed)
}

func (k Keys) decrypt(encrypted, owner string) (string, error) {
	id, encoded, _ := strings.Cut(encrypted, ":")
	key, err := k.find(id)
	if err != nil {
		return "", err
	}
	sealed, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return "", fmt.Errorf("an encrypted value can't be read: %w", err)
	}
	secret, err := key.gcm().Open(nil, nil, sealed, []byte(owner))
	return string(secret), err
}

// seal encrypts data that a browser keeps for the console; only open with the same purpose
// returns it. Strangers can have any amount sealed, so the nonces are long enough to be
// random without limit, and the key encrypts nothing in the database.
func (k Keys) seal(purpose string, data []byte) string {
	aead := k.ring[0].cookies()
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(data)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails: crypto/rand.Read ends the program first
	return k.ring[0].id + ":" + base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, data, []byte(purpose)))
}

func (k Keys) open(purpose, sealed string) ([]byte, error) {
	id, encoded, _ := strings.Cut(sealed, ":")
	key, err := k.find(id)
	if err != nil {
		return nil, err
	}
	b, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	aead := key.cookies()
	if len(b) < aead.NonceSize() {
		return nil, errors.New("a sealed value is too short")
	}
	return aead.Open(nil, b[:aead.NonceSize()], b[aead.NonceSize():], []byte(purpose))
}

// cookies returns the cipher for what browsers keep.
func (k key) cookies() cipher.AEAD {
	aead, err := chacha20poly1305.NewX(k.derived("cookies"))
	if err != nil {
		panic(err) // only for a length that is none
	}
	return aead
}

// gcm returns the cipher for stored secrets, with a random nonce in front of each text.
func (k key) gcm() cipher.AEAD {
	block, err := aes.NewCipher(k.derived("encryption"))
	if err != nil {
		panic(err) // only for a length that is none
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// sign returns a MAC of a text: only the keys can make it.
func (k Keys) sign(text string) string {
	return k.ring[0].id + ":" + base64.RawStdEncoding.EncodeToString(k.ring[0].mac(text))
}

// signed reports whether sign returned this proof for the text.
func (k Keys) signed(text, proof string) bool {
	id, encoded, _ := strings.Cut(proof, ":")
	key, err := k.find(id)
	if err != nil {
		return false
	}
	mac, err := base64.RawStdEncoding.DecodeString(encoded)
	return err == nil && hmac.Equal(mac, key.mac(text))
}

func (k key) mac(text string) []byte {
	mac := hmac.New(sha256.New, k.audit)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
