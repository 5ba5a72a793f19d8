package webhooks

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// Request is a request that a receiver got, to be checked. What is empty is not checked.
type Request struct {
	Body, ID, Timestamp string
	// Standard and Protocol are the headers with signatures.
	Standard, Protocol string
}

// Finding is what a check found about one part of a request.
type Finding struct {
	// Part is the name of the header, or BodyPart.
	Part string
	// OK reports whether the part is right.
	OK bool
	// Code says what was found: see the constants.
	Code string
	// At is the place in the body where it differs, from 1.
	At int
	// Sent is what this console sent in place of the part, if that is known and not the
	// same.
	Sent string
}

// BodyPart is the part of a Finding about the body.
const BodyPart = "body"

// What a check can find.
const (
	FoundRight       = "right"        // as it was sent, or signed with the current secret
	FoundOld         = "old_secret"   // signed with the secret from before the roll, which still signs
	FoundMissing     = "missing"      // the request has none
	FoundUnknown     = "unknown"      // no delivery has this id
	FoundMalformed   = "malformed"    // it doesn't have the form
	FoundStale       = "stale"        // a time more than five minutes ago, or ahead
	FoundOtherTime   = "other_time"   // no request had this time
	FoundDiffers     = "differs"      // it is not what was sent
	FoundWhiteSpace  = "white_space"  // it has other white space than what was sent
	FoundUnverified  = "unverified"   // there is nothing to compare it with
	FoundDecodedKey  = "decoded_key"  // signed with the bytes that the secret encodes
	FoundWholeKey    = "whole_key"    // signed with the secret as it is written
	FoundNotHex      = "not_hex"      // it is in base64, or in capitals
	FoundOtherSecret = "other_secret" // it is of the right form, and no secret gives it
	FoundNoMatch     = "no_match"     // it signs another body, id or time
)

// tolerance is how far a timestamp may be from now.
const tolerance = 5 * time.Minute

// CheckSignature says of each part of a request that a receiver got whether it is right, and if not
// what is wrong with it. Errors: Denied, ErrNotFound.
func (s *Store) CheckSignature(ctx context.Context, by access.Actor, id string, r Request) ([]Finding, error) {
	w, err := s.Webhook(ctx, by, id)
	if err != nil {
		return nil, err
	}
	now := s.db.Now()
	c := checking{Request: r, now: now}
	if c.secrets, err = s.secrets(w, now); err != nil {
		return nil, err
	}
	if r.ID != "" {
		if err := s.findSent(ctx, by, id, &c); err != nil {
			return nil, err
		}
	}
	findings := []Finding{c.checkID(), c.checkTimestamp(), c.checkBody()}
	c.bodyRight = findings[2].OK
	findings = append(findings, c.checkProtocol())
	if r.Standard != "" || r.Protocol == "" {
		findings = append(findings, c.checkStandard())
	}
	return findings, nil
}

// findSent finds what was sent under the id of the request.
func (s *Store) findSent(ctx context.Context, by access.Actor, id string, c *checking) error {
	query := db.SelectFrom("webhook_deliveries", "id", "webhook_id = ? AND event_id = ?", id, c.ID)
	found, err := db.First(s.db.Read(ctx), query, 1, db.OneColumn[string])
	if err != nil || len(found) == 0 {
		return s.db.Failed(ctx, err)
	}
	d, err := s.Delivery(ctx, by, id, found[0])
	if errors.Is(err, access.ErrNotFound) {
		return nil
	}
	c.sent, c.found = d, err == nil
	return err
}

// checking is a request with what is known to check it.
type checking struct {
	Request
	now       time.Time
	secrets   []string
	sent      Detail
	found     bool
	bodyRight bool
}

func (c checking) checkID() Finding {
	f := Finding{Part: IDHeader, Code: FoundRight, OK: true}
	switch {
	case c.ID == "":
		f.Code, f.OK = FoundMissing, false
	case !c.found:
		f.Code, f.OK = FoundUnknown, false
	}
	return f
}

func (c checking) checkTimestamp() Finding {
	f := Finding{Part: TimestampHeader, Code: FoundRight, OK: true}
	at, err := strconv.ParseInt(c.Timestamp, 10, 64)
	switch {
	case c.Timestamp == "":
		f.Code, f.OK = FoundMissing, false
	case err != nil:
		f.Code, f.OK = FoundMalformed, false
	case c.found && len(c.sent.Requests) > 0:
		for _, r := range c.sent.Requests {
			if r.At == at {
				return f
			}
		}
		f.Code, f.OK, f.Sent = FoundOtherTime, false, strconv.FormatInt(c.sent.Requests[0].At, 10)
	case c.now.Sub(time.Unix(at, 0)).Abs() > tolerance:
		f.Code, f.OK = FoundStale, false
	}
	return f
}

func (c checking) checkBody() Finding {
	f := Finding{Part: BodyPart, Code: FoundRight, OK: true}
	switch {
	case c.Body == "":
		f.Code, f.OK = FoundMissing, false
	case !c.found || c.sent.Body == "":
		f.Code = FoundUnverified
	case c.Body == c.sent.Body:
	default:
		f.OK, f.Code, f.At = false, FoundDiffers, differsAt(c.Body, c.sent.Body)
		if withoutSpace(c.Body) == withoutSpace(c.sent.Body) {
			f.Code = FoundWhiteSpace
		}
	}
	return f
}

// differsAt returns the first place, from 1, at which two texts differ, in characters.
func differsAt(a, b string) int {
	as, bs := []rune(a), []rune(b)
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return i + 1
		}
	}
	return min(len(as), len(bs)) + 1
}

func withoutSpace(s string) string { return strings.Join(strings.Fields(s), "") }

// checkProtocol checks the header that signs the body alone.
func (c checking) checkProtocol() Finding {
	f := Finding{Part: SignatureHeader}
	if c.Protocol == "" {
		f.Code = FoundMissing
		return f
	}
	given := c.Protocol
	sum, err := hex.DecodeString(given)
	if other, base64Error := base64.StdEncoding.DecodeString(given); err != nil && base64Error == nil && len(other) == 32 {
		f.Code = FoundNotHex
		return f
	}
	if err != nil || len(sum) != 32 {
		f.Code = FoundMalformed
		return f
	}
	for i, secret := range c.secrets {
		if equal(strings.ToLower(given), signature(secret, []byte(c.Body))) {
			f.OK, f.Code = true, FoundRight
			if i > 0 {
				f.Code = FoundOld
			}
			if given != strings.ToLower(given) {
				f.OK, f.Code = false, FoundNotHex
			}
			return f
		}
		if equal(given, signature(decoded(secret), []byte(c.Body))) {
			f.Code = FoundDecodedKey
			return f
		}
	}
	f.Code = FoundOtherSecret
	if c.found && !c.bodyRight && equal(strings.ToLower(given), signature(c.secrets[0], []byte(c.sent.Body))) {
		f.Code = FoundNoMatch // the signature is right, of the body that was sent
	}
	return f
}

// checkStandard checks the header that signs id, time and body.
func (c checking) checkStandard() Finding {
	f := Finding{Part: StandardSignature}
	if c.Standard == "" {
		f.Code = FoundMissing
		return f
	}
	at, err := strconv.ParseInt(c.Timestamp, 10, 64)
	given := strings.Fields(c.Standard)
	for _, g := range given {
		sum, decodeError := base64.StdEncoding.DecodeString(strings.TrimPrefix(g, "v1,"))
		if !strings.HasPrefix(g, "v1,") || decodeError != nil || len(sum) != 32 {
			f.Code = FoundMalformed
			return f
		}
	}
	if err != nil || c.ID == "" {
		f.Code = FoundNoMatch
		return f
	}
	for i, secret := range c.secrets {
		want, _ := standardSignature(secret, c.ID, time.Unix(at, 0), []byte(c.Body)) // our secrets are base64
		whole, _ := standardSignature(base64.StdEncoding.EncodeToString([]byte(secret)), c.ID, time.Unix(at, 0), []byte(c.Body))
		for _, g := range given {
			switch {
			case equal(g, want) && i == 0:
				f.OK, f.Code = true, FoundRight
				return f
			case equal(g, want):
				f.OK, f.Code = true, FoundOld
			case equal(g, whole) && f.Code == "":
				f.Code = FoundWholeKey
			}
		}
	}
	if f.Code == "" {
		f.Code = FoundOtherSecret
		if c.found && c.sentSignature(given) {
			f.Code = FoundNoMatch
		}
	}
	return f
}

// sentSignature reports whether one of the signatures is that of a request that was made.
func (c checking) sentSignature(given []string) bool {
	for _, r := range c.sent.Requests {
		want, _ := standardSignature(c.secrets[0], c.sent.EventID, time.Unix(r.At, 0), []byte(c.sent.Body))
		for _, g := range given {
			if equal(g, want) {
				return true
			}
		}
	}
	return false
}

// decoded returns the bytes that a secret encodes.
func decoded(secret string) string {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix)) // ours always are
	return string(key)
}

func equal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
