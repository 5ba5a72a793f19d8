package views

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// TestTheDeliveryIsSigned: readers try their code with the delivery that is shown, so it has to be right.
func TestTheDeliveryIsSigned(t *testing.T) {
	head, body, _ := strings.Cut(codeDelivery, "\n\n")
	header := func(name string) string {
		_, value, _ := strings.Cut(head, name+": ")
		value, _, _ = strings.Cut(value, "\n")
		return value
	}
	sign := func(key []byte, text string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(codeSecret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	signed := header("webhook-id") + "." + header("webhook-timestamp") + "." + body
	if want := "v1," + base64.StdEncoding.EncodeToString(sign(key, signed)); header("webhook-signature") != want {
		t.Errorf("webhook-signature is %s, want %s", header("webhook-signature"), want)
	}
	if want := hex.EncodeToString(sign([]byte(codeSecret), body)); header("x-protocol-signature") != want {
		t.Errorf("x-protocol-signature is %s, want %s", header("x-protocol-signature"), want)
	}
}
