package identity

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// ConfirmLimit is for how long after a confirmation dangerous actions are allowed, in
// seconds.
const ConfirmLimit = 10 * 60

// Proof is how a signed-in user confirms their identity: by a passkey if Passkey is not
// nil, by a code from their app if Code is not "", or else by their password.
type Proof struct {
	Password, Code string
	// Passkey is as WithPasskey.Check.
	Passkey func() (User, error)
}

// Confirm checks the actor's proof. Errors: ErrSignIn if it is wrong, Throttled.
func (s *SignIns) Confirm(ctx context.Context, by access.Actor, proof Proof) error {
	if err := by.Check(access.SignedInOnly); err != nil {
		return err
	}
	switch {
	case proof.Passkey != nil:
		return s.confirmPasskey(ctx, by, proof.Passkey)
	case proof.Code != "":
		return s.confirmCode(ctx, by, proof.Code)
	}
	_, err := s.provePassword(ctx, by, proof.Password)
	return err
}

func (s *SignIns) confirmPasskey(ctx context.Context, by access.Actor, check func() (User, error)) error {
	_, try, err := s.checkPasskey(ctx, stepUpLimits(by, failedTries), by.UserID, check)
	switch {
	case errors.Is(err, errNoPasskeyRequest): // only a wait that it begins has a line
		return errors.Join(access.ErrSignIn, s.attempts.logThrottled(ctx, by, try, User{}))
	case errors.Is(err, access.ErrSignIn):
		return errors.Join(err, s.refuseConfirmation(ctx, by, try))
	}
	return err
}

func (s *SignIns) confirmCode(ctx context.Context, by access.Actor, code string) error {
	try, err := s.attempts.reserve(ctx, stepUpLimits(by, wrongCodes))
	if err != nil {
		return err
	}
	right := false
	err = s.db.Transaction(ctx, func(tx *gorm.DB) (err error) {
		right, err = s.secondFactors.useCode(tx, by.UserID, PlainCode(code))
		return err
	})
	if err != nil {
		return err
	}
	if !right {
		return errors.Join(access.ErrSignIn, s.refuseConfirmation(ctx, by, try))
	}
	return s.attempts.clear(ctx, try)
}

// provePassword returns the actor's user if this is their password. Errors: as Confirm.
func (s *SignIns) provePassword(ctx context.Context, by access.Actor, password string) (User, error) {
	u, err := userIn(s.db.Writer.WithContext(ctx), by.UserID)
	if err != nil {
		return u, s.db.Failed(ctx, err)
	}
	try, err := s.attempts.reserve(ctx, stepUpLimits(by, wrongPasswords))
	if err != nil {
		return u, err
	}
	right, outdated, err := CheckPassword(ctx, u.PasswordHash, password)
	if err != nil {
		return u, err
	}
	if !right {
		return u, errors.Join(access.ErrSignIn, s.refuseConfirmation(ctx, by, try))
	}
	if outdated {
		err = s.renewHash(ctx, &u, password)
	}
	return u, errors.Join(err, s.attempts.clear(ctx, try))
}

// refuseConfirmation logs a refused confirmation, and the throttling that it may start.
func (s *SignIns) refuseConfirmation(ctx context.Context, by access.Actor, try attempt) error {
	err := s.log.Record(ctx, by, RefusedConfirmation, func(_ *gorm.DB, line *audit.Line) error {
		line.SetObject("user", by.UserID, by.Name)
		return nil
	})
	return errors.Join(err, s.attempts.logThrottled(ctx, by, try, User{}))
}

// RefusedConfirmation is the action of failing to confirm one's identity while signed in.
const RefusedConfirmation audit.Action = "session.unconfirmed"
