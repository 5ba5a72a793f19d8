package webhooks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The headers of a delivery. SignatureHeader is keyed with the secret as it is written,
// StandardSignature with the bytes that it encodes, as Standard Webhooks says.
const (
	SignatureHeader    = "x-protocol-signature"
	OldSignatureHeader = "x-protocol-signature-previous"
	IDHeader           = standardwebhooks.HeaderWebhookID
	TimestampHeader    = standardwebhooks.HeaderWebhookTimestamp
	StandardSignature  = standardwebhooks.HeaderWebhookSignature
)

const (
	secretPrefix = "whsec_"
	secretLength = 24 // bytes, as Standard Webhooks advises
)

func newSecret() string {
	random := make([]byte, secretLength)
	_, _ = rand.Read(random) // never fails: crypto/rand.Read ends the program first
	return secretPrefix + base64.StdEncoding.EncodeToString(random)
}

// body returns what is sent for an event. The payload is JSON.
func body(eventID, kind, payload string) []byte {
	return []byte(`{"id":"` + eventID + `","type":"` + kind + `","payload":` + payload + `}`)
}

// signed returns the headers of a request that sends a body at a time, signed with all of the
// secrets, the current one first.
func signed(secrets []string, eventID string, at time.Time, body []byte) (http.Header, error) {
	var standard []string
	for _, secret := range secrets {
		signature, err := standardSignature(secret, eventID, at, body)
		if err != nil {
			return nil, err
		}
		standard = append(standard, signature)
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "Protocol-Console-Webhooks/1")
	h.Set(IDHeader, eventID)
	h.Set(TimestampHeader, strconv.FormatInt(at.Unix(), 10))
	h.Set(StandardSignature, strings.Join(standard, " "))
	h.Set(SignatureHeader, signature(secrets[0], body))
	if len(secrets) > 1 {
		h.Set(OldSignatureHeader, signature(secrets[1], body))
	}
	return h, nil
}

func signature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func standardSignature(secret, eventID string, at time.Time, body []byte) (string, error) {
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return "", err
	}
	return signer.Sign(eventID, at, body)
}
