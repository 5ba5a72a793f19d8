package identity

// Why sign-ins are refused, as stable codes in their audit lines. The visitor does not learn
// which.
const (
	WrongPassword     = "wrong_password" // or there is no such user
	WrongSecondFactor = "wrong_second_factor"
	WrongPasskey      = "wrong_passkey"
	UserDisabled      = "user_disabled"      // with the right password
	UnknownAddress    = "unknown_address"    // no user has the address that the provider names
	UnverifiedAddress = "unverified_address" // by the provider
	NoAddress         = "no_address"         // is named by the provider
	OtherIdentity     = "other_identity"     // of the provider is linked to the user
	// ChangedMeanwhile has no line: the user was disabled, or given another password, since
	// the credentials were checked.
	ChangedMeanwhile = "changed_meanwhile"
)

// storedReasons are the reasons as earlier versions stored them in audit lines.
var storedReasons = map[string]string{
	"wrong address or password":                                               WrongPassword,
	"wrong second factor after the right password":                            WrongSecondFactor,
	"passkey not accepted":                                                    WrongPasskey,
	"disabled, though all else was right":                                     UserDisabled,
	"nobody here has the address that the provider vouched for":               UnknownAddress,
	"the provider has not verified the address":                               UnverifiedAddress,
	"the provider names no address":                                           NoAddress,
	"the user of the address is linked with another identity of the provider": OtherIdentity,
}

// ParseReason returns the reason that a stored value stands for, also if an earlier version
// stored it. It returns what it doesn't know as it is.
func ParseReason(stored string) string {
	if reason, ok := storedReasons[stored]; ok {
		return reason
	}
	return stored
}
