package identity

import "sync/atomic"

// SignInCounts are how many sign-ins went how since the program started.
type SignInCounts struct {
	// SignedIn are new sessions. Refused had something wrong, Throttled came too soon after such
	// ones, and Expired were finished too late.
	SignedIn, Refused, Throttled, Expired uint64
	// SecondFactor are those that went on to their second factor.
	SecondFactor uint64
}

// signInCounts count what SignInCounts returns.
type signInCounts struct {
	signedIn, refused, throttled, expired, secondFactor atomic.Uint64
}

// add counts an outcome; nil is none.
func (c *signInCounts) add(o Outcome) {
	switch o.(type) {
	case SignedIn:
		c.signedIn.Add(1)
	case SecondFactorRequired:
		c.secondFactor.Add(1)
	case Refused:
		c.refused.Add(1)
	case Throttled:
		c.throttled.Add(1)
	case Expired:
		c.expired.Add(1)
	}
}

// Counts returns how many sign-ins went how since the program started.
func (s *SignIns) Counts() SignInCounts {
	c := &s.counts
	return SignInCounts{
		SignedIn: c.signedIn.Load(), Refused: c.refused.Load(), Throttled: c.throttled.Load(),
		Expired: c.expired.Load(), SecondFactor: c.secondFactor.Load(),
	}
}

// Refused returns how many attempts to prove an identity were refused for coming too soon after
// failed ones, since the program started: sign-ins, and confirmations of who is signed in.
func (s *Attempts) Refused() uint64 { return s.tooSoon.Load() }
