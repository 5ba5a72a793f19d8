package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"protocol.chat/console/models/audit"
)

// once is the Idempotency-Key under which the store carries a POST out one time only.
func (in *input) once(r *http.Request) *audit.IdempotencyKey {
	const header = "Idempotency-Key"
	keys := r.Header.Values(header)
	key := strings.Join(keys, "")
	if len(keys) > 1 || len(keys) == 1 && !audit.ValidKey(key) {
		in.bad(header, "The header Idempotency-Key takes one key of 1 to 255 plain characters, a UUID for example.")
	}
	sum := sha256.Sum256([]byte(r.Method + " " + r.URL.Path + "\n" + in.sum))
	return &audit.IdempotencyKey{Key: key, Fingerprint: hex.EncodeToString(sum[:])}
}
