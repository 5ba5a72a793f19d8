package views

import _ "embed"

// The receivers, which receivers/receiver_test.go sends deliveries to.
var (
	//go:embed receivers/receiver.go
	codeReceiverGo string
	//go:embed receivers/receiver.mjs
	codeReceiverJS string
	//go:embed receivers/receiver.py
	codeReceiverPython string
	//go:embed receivers/receiver.php
	codeReceiverPHP string
)

// docReceivers are programs that receive webhooks, one a language.
var docReceivers = []struct{ id, language, code string }{
	{"javascript", "JavaScript", codeReceiverJS},
	{"python", "Python", codeReceiverPython},
	{"php", "PHP", codeReceiverPHP},
	{"go", "Go", codeReceiverGo},
}

const codeNewWebhook = `curl https://console.example.com/v1/webhooks \
  -H "Authorization: Bearer {token}" \
  -d name="Billing" \
  -d url="https://example.com/webhooks" \
  -d events[]="*"`

// codeSecret signed codeDelivery.
const codeSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

const codeDelivery = `POST /webhooks HTTP/1.1
Content-Type: application/json
webhook-id: 0VblOnpjquG9nmVg
webhook-timestamp: 1795404617
webhook-signature: v1,k9iQshN25uc5xDEtLdODwv45zlAlBTLwT/iQK79U8+s=
x-protocol-signature: 9619239d3f9a6659442a9b92f02be905e8e9e6b57d4fb505bf8ba8c0b048bc32

{"id":"0VblOnpjquG9nmVg","type":"group.created","payload":{"id":"0VblOnpjquG9nmVd","name":"Plaza Hotel"}}`
