package identity

import (
	"cmp"
	"context"
	"errors"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
)

// Credentials are what someone signs in with: WithPassword, WithPasskey, WithProvider or
// WithNewAccount, and after one of them WithCode or WithSecondPasskey.
type Credentials interface {
	// prove identifies the user, as a counted attempt. Errors: Throttled, refusal, and
	// ErrNotFound if the pending sign-in has expired.
	prove(ctx context.Context, s *Store, in *signIn) error
}

// WithPassword signs in by an address and a password.
type WithPassword struct{ Email, Password string }

// It does the same work whether the address or the password is wrong or the user is
// disabled.
func (c WithPassword) prove(ctx context.Context, s *Store, in *signIn) error {
	u, err := s.Users.UserByEmail(ctx, c.Email)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return err
	}
	try, err := s.Attempts.reserve(ctx, s.Attempts.signInLimits(in.Actor, accountKey(c.Email), u.ID))
	if err != nil {
		return err
	}
	right, outdated, err := CheckPassword(ctx, u.PasswordHash, c.Password)
	switch {
	case err != nil:
		return err
	case !right:
		return s.SignIns.refuse(ctx, in.Actor, c.Email, WrongPassword, User{}, try)
	case u.DisabledAt != nil:
		return s.SignIns.refuse(ctx, in.Actor, c.Email, UserDisabled, u, try)
	case outdated:
		err = s.SignIns.renewHash(ctx, &u, c.Password)
	}
	in.user, in.factors = u, []string{ByPassword}
	return errors.Join(err, s.Attempts.clear(ctx, try))
}

// WithCode finishes a sign-in with a code from an app or a recovery code. It uses both up,
// if the code is right.
type WithCode struct{ Pending, Code string }

func (c WithCode) prove(ctx context.Context, s *Store, in *signIn) error {
	var wait pendingSignIn
	userID, err := s.Attempts.Challenge(ctx, FactorChallenge, c.Pending, &wait)
	if err != nil {
		return err
	}
	try, err := s.Attempts.reserve(ctx, s.Attempts.signInLimits(in.Actor, codeKey(userID), userID))
	if err != nil {
		return err
	}
	var factor string
	err = s.db.Transaction(ctx, func(tx *gorm.DB) error {
		if in.user, err = userIn(tx, userID); err != nil {
			return err
		}
		if factor, err = s.SecondFactors.useAnyCode(tx, userID, c.Code); err != nil {
			return err
		}
		if factor == "" {
			return refusal{WrongSecondFactor}
		}
		_, err = s.Attempts.takeChallenge(tx, FactorChallenge, c.Pending)
		return err
	})
	switch {
	case errors.Is(err, access.ErrSignIn):
		return s.SignIns.refuse(ctx, in.Actor, in.user.Email, WrongSecondFactor, in.user, try)
	case err != nil:
		return err
	}
	in.resume(wait)
	in.factors = append(in.factors, factor)
	return s.Attempts.clear(ctx, try)
}

// WithPasskey signs in by a passkey alone, which is two factors: the device, and the finger
// or PIN that it asks for.
type WithPasskey struct {
	// Check returns the owner of the passkey that answered, ErrSignIn if it is not
	// accepted, and ErrNotFound if none was asked for.
	Check func() (User, error)
}

func (c WithPasskey) prove(ctx context.Context, s *Store, in *signIn) error {
	owner, try, err := s.SignIns.checkPasskey(ctx, s.Attempts.anyoneLimits(in.Actor, passkeySubject), "", c.Check)
	switch {
	case errors.Is(err, errNoPasskeyRequest):
		return s.SignIns.refuseUnrequested(ctx, in.Actor, try)
	case errors.Is(err, access.ErrSignIn):
		return s.SignIns.refuse(ctx, in.Actor, cmp.Or(owner.Email, unknownPasskey), WrongPasskey, User{}, try)
	}
	in.user, in.factors, in.complete = owner, []string{ByPasskey}, true
	return err
}

// WithSecondPasskey finishes a sign-in with a passkey. Check is as in WithPasskey.
type WithSecondPasskey struct {
	Pending string
	Check   func() (User, error)
}

func (c WithSecondPasskey) prove(ctx context.Context, s *Store, in *signIn) error {
	var wait pendingSignIn
	userID, err := s.Attempts.Challenge(ctx, FactorChallenge, c.Pending, &wait)
	if err != nil {
		return err
	}
	owner, try, err := s.SignIns.checkPasskey(ctx, s.Attempts.signInLimits(in.Actor, codeKey(userID), userID), userID, c.Check)
	switch {
	case errors.Is(err, errNoPasskeyRequest):
		return s.SignIns.refuseUnrequested(ctx, in.Actor, try)
	case errors.Is(err, access.ErrSignIn):
		u, err := userIn(s.db.Writer.WithContext(ctx), userID)
		if err != nil {
			return s.db.Failed(ctx, err)
		}
		return s.SignIns.refuse(ctx, in.Actor, u.Email, WrongSecondFactor, u, try)
	case err != nil:
		return err
	}
	if _, err := s.Attempts.TakeChallenge(ctx, FactorChallenge, c.Pending, &wait); err != nil {
		return err
	}
	in.resume(wait)
	in.user, in.factors = owner, append(in.factors, ByPasskey)
	return nil
}

// unknownPasskey names the actor if the passkey doesn't identify one.
const unknownPasskey = "an unknown passkey"

// refuseUnrequested refuses a passkey that no browser was asked for. It is logged only if
// throttling starts.
func (s *SignIns) refuseUnrequested(ctx context.Context, where access.Actor, try attempt) error {
	return cmp.Or[error](s.attempts.logThrottled(ctx, visitor(where, unknownPasskey), try, User{}), refusal{WrongPasskey})
}

// WithProvider signs in the user that a provider identifies, in answer to the request with
// this State, which is used up if they can sign in.
type WithProvider struct {
	ProviderClaims
	State string
}

func (c WithProvider) prove(ctx context.Context, s *Store, in *signIn) error {
	try, err := s.Attempts.reserve(ctx, s.Attempts.anyoneLimits(in.Actor, providerSubject))
	if err != nil {
		return err
	}
	name := cmp.Or(c.Email, c.Subject)
	u, err := s.Providers.claimedUser(ctx, in.Actor, c.ProviderClaims)
	if refused, ok := errors.AsType[refusal](err); ok && refused.reason != ChangedMeanwhile {
		return s.SignIns.refuse(ctx, in.Actor, name, refused.reason, u, try)
	}
	if err != nil {
		return err
	}
	in.user, in.factors = u, []string{ByProvider}
	if err := s.Attempts.clear(ctx, try); err != nil {
		return err
	}
	return s.Providers.finishOIDC(ctx, c.State)
}

// WithNewAccount signs in a user who has just created their account, by setting the console
// up or from an invitation.
type WithNewAccount struct{ User User }

func (c WithNewAccount) prove(_ context.Context, _ *Store, in *signIn) error {
	in.user = c.User
	return nil
}

// refuse logs a refused sign-in, and the throttling that it may start, and returns the
// refusal. claimed is who they say they are; u is the account, if they have proved more
// than knowing its address.
func (s *SignIns) refuse(ctx context.Context, where access.Actor, claimed, reason string, u User, try attempt) error {
	known := u
	if reason == UserDisabled {
		known = User{} // the wait is the address's, as for a wrong password
	}
	err := errors.Join(s.refuseSignIn(ctx, where, claimed, reason, u), s.attempts.logThrottled(ctx, visitor(where, claimed), try, known))
	return cmp.Or[error](err, refusal{reason})
}

// The factors that someone signs in with, as audit lines name them. Older lines have
// "code from an app" and "recovery code".
const (
	ByPassword     = "password"
	ByCode         = "totp"
	ByRecoveryCode = "recovery_code"
	ByPasskey      = "passkey"
	ByProvider     = "provider"
)
