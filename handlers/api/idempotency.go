package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// idempotencyKey returns the key under which the store carries a call out only once. The
// key belongs to this method, path and body.
func (in *input) idempotencyKey(r *http.Request, body []byte) *audit.IdempotencyKey {
	const header = "Idempotency-Key"
	keys := r.Header.Values(header)
	key := strings.Join(keys, "")
	if len(keys) > 1 || len(keys) == 1 && !audit.ValidKey(key) {
		in.invalid(header, "The Idempotency-Key header takes one key of 1 to 255 plain characters, such as a UUID.")
	}
	sum := sha256.Sum256(body)
	sum = sha256.Sum256([]byte(r.Method + " " + r.URL.Path + "\n" + hex.EncodeToString(sum[:])))
	return &audit.IdempotencyKey{Key: key, Fingerprint: hex.EncodeToString(sum[:])}
}

// once carries out a POST without attributes, about the object of the path: for each
// Idempotency-Key once. The key is never nil.
func once[T any](a *api, r *http.Request, by access.Actor, fn func(ctx context.Context, id string) (T, error)) (answer T, key *audit.IdempotencyKey, err error) {
	return onceAbout(a, r, by, func(*input) {}, fn)
}

// onceAbout is once for a POST with attributes, which read reads.
func onceAbout[T any](a *api, r *http.Request, by access.Actor, read func(in *input), fn func(ctx context.Context, id string) (T, error)) (answer T, key *audit.IdempotencyKey, err error) {
	in, err := readInput(r)
	if err == nil {
		read(in)
		err = in.check().OrNil()
	}
	if err != nil {
		return answer, &audit.IdempotencyKey{}, err
	}
	answer, err = audit.Atomic(r.Context(), a.Store.Audit, by, in.key, func(ctx context.Context) (T, error) {
		return fn(ctx, r.PathValue("id"))
	})
	return answer, in.key, err
}
