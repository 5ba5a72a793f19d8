package identity

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// Client is the browser that someone signs in with.
type Client struct {
	// Actor is where the request comes from: IP, UserAgent, RequestID and Device.
	access.Actor
	// Remember asks for a session that outlasts idleness.
	Remember bool
	// Sessions are the secrets of the sessions that the browser has. They end.
	Sessions []string
	// Page is what the handler wants back in SignedIn: after a second factor, that which
	// came with the first one.
	Page json.RawMessage
}

// Outcome is how a sign-in went: SignedIn, SecondFactorRequired, Refused, Throttled or
// Expired.
type Outcome interface{ outcome() }

// SignedIn is a new session.
type SignedIn struct {
	User User
	// Session is the secret for the browser, and Remember whether it outlasts idleness.
	Session  string
	Remember bool
	Page     json.RawMessage
	// Device is what the browser is to keep for KnownLimit, for Actor.Device.
	Device string
	// Last is from where and when the user signed in before; nil if never.
	Last *Device
	// FactorDue is when the policy begins to require a second factor that the user lacks,
	// in Unix seconds; nil if it doesn't, or does already.
	FactorDue *int64
}

// SecondFactorRequired is a sign-in that waits for its second factor, for ChallengeLimit.
type SecondFactorRequired struct {
	// Pending is the secret of the sign-in, for WithCode and WithSecondPasskey.
	Pending string
}

// Refused is a sign-in with credentials that don't sign in. Reason is one of those in audit
// lines: WrongPassword and so on. Visitors must not learn it, except UnverifiedAddress.
type Refused struct{ Reason string }

// Throttled is a sign-in that comes too soon after failed ones, before Until.
type Throttled struct{ Until time.Time }

// Expired is a sign-in that was begun too long ago, or finished already.
type Expired struct{}

func (SignedIn) outcome()             {}
func (SecondFactorRequired) outcome() {}
func (Refused) outcome()              {}
func (Throttled) outcome()            {}
func (Expired) outcome()              {}

// SignIn signs a user in if their credentials are right and no second factor is missing.
// Every refusal and every session is logged. How long a refusal takes does not depend on
// its reason. An error means that the credentials could not be checked.
func (s *Store) SignIn(ctx context.Context, from Client, with Credentials) (Outcome, error) {
	outcome, err := s.signIn(ctx, from, with)
	s.counts.add(outcome)
	return outcome, err
}

func (s *Store) signIn(ctx context.Context, from Client, with Credentials) (Outcome, error) {
	in := signIn{Client: from}
	if err := with.prove(ctx, s, &in); err != nil {
		return outcomeOf(err)
	}
	if !in.complete {
		second, err := s.SecondFactors.Factors(ctx, in.user.ID)
		if err != nil {
			return nil, err
		}
		if second.On() {
			return s.SignIns.awaitSecondFactor(ctx, in)
		}
	}
	done, err := s.SignIns.completeSignIn(ctx, in)
	if err != nil {
		return outcomeOf(err)
	}
	return done, nil
}

// signIn is one that is in progress.
type signIn struct {
	Client
	user User
	// factors name what the user has proved who they are with, for the audit line.
	factors []string
	// complete reports whether no second factor is to follow.
	complete bool
}

// outcomeOf returns the outcome that an error stands for, or else the error.
func outcomeOf(err error) (Outcome, error) {
	if throttled, ok := errors.AsType[access.Throttled](err); ok {
		return Throttled{throttled.Until}, nil
	}
	if r, ok := errors.AsType[refusal](err); ok {
		return Refused{r.reason}, nil
	}
	if errors.Is(err, access.ErrNotFound) {
		return Expired{}, nil
	}
	return nil, err
}

// refusal is an ErrSignIn with its reason, as in audit lines.
type refusal struct{ reason string }

func (e refusal) Error() string { return access.ErrSignIn.Error() + ": " + e.reason }

// Is makes errors.Is(err, ErrSignIn) true.
func (e refusal) Is(kind error) bool { return kind == access.ErrSignIn }

// pendingSignIn is a sign-in whose second factor is awaited, as its challenge keeps it.
type pendingSignIn struct {
	Email    string          `json:"email,omitempty"`
	Remember bool            `json:"remember,omitempty"`
	Page     json.RawMessage `json:"page,omitempty"`
	Factors  []string        `json:"factors,omitempty"`
}

func (s *SignIns) awaitSecondFactor(ctx context.Context, in signIn) (Outcome, error) {
	wait := pendingSignIn{Email: in.user.Email, Remember: in.Remember, Page: in.Page, Factors: in.factors}
	secret, err := s.attempts.NewChallenge(ctx, FactorChallenge, in.user.ID, wait)
	return SecondFactorRequired{secret}, err
}

// resume continues with a sign-in whose second factor was awaited.
func (in *signIn) resume(wait pendingSignIn) {
	in.Remember, in.Page, in.factors, in.complete = wait.Remember, wait.Page, wait.Factors, true
}

// PendingSignIn is a sign-in whose second factor is awaited.
type PendingSignIn struct {
	Email   string
	Page    json.RawMessage
	Factors Factors
}

// PendingSignIn returns the sign-in with this secret, or ErrNotFound if it has expired or
// continued.
func (s *SignIns) PendingSignIn(ctx context.Context, secret string) (PendingSignIn, error) {
	var wait pendingSignIn
	userID, err := s.attempts.Challenge(ctx, FactorChallenge, secret, &wait)
	if err != nil {
		return PendingSignIn{}, err
	}
	factors, err := s.secondFactors.Factors(ctx, userID)
	return PendingSignIn{wait.Email, wait.Page, factors}, err
}

// completeSignIn starts the session of a fully authenticated user, in place of those that
// the browser had.
func (s *SignIns) completeSignIn(ctx context.Context, in signIn) (SignedIn, error) {
	by := actorFrom(in.Actor, in.user)
	for _, old := range in.Sessions {
		if err := s.sessions.EndSession(ctx, by, old); err != nil {
			return SignedIn{}, err
		}
	}
	done := SignedIn{User: in.user, Remember: in.Remember, Page: in.Page}
	var err error
	if done.Last, err = s.attempts.lastSignIn(ctx, in.user.ID); err != nil {
		return done, err
	}
	if done.FactorDue, err = s.policies.FactorDue(ctx, in.user); err != nil {
		return done, err
	}
	if done.FactorDue != nil && *done.FactorDue <= s.db.Now().Unix() {
		done.FactorDue = nil
	}
	if done.Session, err = s.sessions.StartSession(ctx, by, in.user, in.Remember, in.factors...); err != nil {
		return done, err
	}
	done.Device = s.attempts.rememberDevice(by)
	return done, nil
}

// actorFrom returns a user as the actor of a request.
func actorFrom(where access.Actor, u User) access.Actor {
	by := u.Actor()
	by.IP, by.UserAgent, by.RequestID, by.Device = where.IP, where.UserAgent, where.RequestID, where.Device
	return by
}

// refuseSignIn logs a refused sign-in. email is what the visitor claimed; u is the account,
// if they have proved more than knowing its address.
func (s *SignIns) refuseSignIn(ctx context.Context, where access.Actor, email, reason string, u User) error {
	return s.log.Record(ctx, visitor(where, email), audit.RefusedSignIn, func(_ *gorm.DB, line *audit.Line) error {
		if u.ID != "" {
			line.SetObject("user", u.ID, u.Name)
		}
		return line.SetChanges(map[string]audit.Change{audit.ReasonField: {Before: nil, After: reason}})
	})
}

// visitor returns an actor who has not signed in, named by what they claimed.
func visitor(where access.Actor, email string) access.Actor {
	name := text.Cut(text.NormalText(strings.ToValidUTF8(email, "")), maxEmail)
	where.Kind, where.Name = access.VisitorActor, strings.Map(printable, name)
	return where
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}
