package views

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// Security is what the Security page shows.
type Security struct {
	Factors  identity.Factors
	Passkeys []identity.Passkey
	// Possible says that passkeys can be used at the console's address.
	Possible bool
	Linked   []Linked
	Sessions []identity.Session
	// Current is the ID of the reader's session.
	Current string
	// Due is from when the sign-in policy requires the second factor that the user lacks, or
	// nil. Must says that it already does.
	Due  *int64
	Role access.Role
	Must bool
	// Next is the page to go on to once a second factor is set up, or "".
	Next string
	Now  Clock
}

// Linked is an identity at a provider, with the provider's name.
type Linked struct {
	Name string
	identity.Identity
}

// Unlink returns the question before a user unlinks a provider.
func Unlink(l Linked) Question {
	return Question{
		Title: "Unlink " + l.Name + "?", Words: "From then on, you sign in with your password. Signing in with " + l.Name + " links it again if the email address matches.",
		Button: "Unlink", Action: UnlinkURL(l.Issuer), Danger: true,
	}
}

// NewApp is what the page for setting up an authenticator app shows.
type NewApp struct {
	Key identity.TOTPKey
	// Next is as in Security.
	Next     string
	Problems access.Invalid
}

// RecoveryCodes are new recovery codes, which are shown only once.
type RecoveryCodes struct {
	Codes []string
	// Title is the page's title, and To is where it leads.
	Title string
	To    templ.SafeURL
}

// path and query return the parts of k.To, since a GET form sends a query of its own.
func (k RecoveryCodes) path() templ.SafeURL {
	path, _, _ := strings.Cut(string(k.To), "?")
	return templ.SafeURL(path)
}

func (k RecoveryCodes) query() (fields []Hidden) {
	to, err := url.Parse(string(k.To))
	if err != nil {
		return nil
	}
	query := to.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[name] {
			fields = append(fields, Hidden{Name: name, Value: value})
		}
	}
	return fields
}

// Passwords is what the form for changing the password shows.
type Passwords struct {
	KeepOthers bool
	Email      string
	Problems   access.Invalid
}

// PasskeyForm is what the form for a passkey's name shows.
type PasskeyForm struct {
	ID, Name string
	// Next is as in Security.
	Next     string
	Problems access.Invalid
}

// LastSignIn returns the message after a sign-in about the one before.
func LastSignIn(d identity.Device, now Clock) Flash {
	return Flash{Kind: "info", Text: "Last sign-in: " + fullTime(d.LastAt, now) + ", " + storedBrowser(d.Browser) + ", from " + d.IP + "."}
}

// FactorDue returns the message after a sign-in that a second factor will be required from a day
// on.
func FactorDue(from int64, now Clock) Flash {
	return Flash{Kind: "warn", Text: "From " + ruleDay(from, now) + ", you'll need a second factor. Set one up in Security."}
}

// Title returns the page's title. Users who must set up a second factor see nothing else.
func (s Security) Title() string {
	if s.Must {
		return "Set up a second factor"
	}
	return "Security"
}

// dueText returns what the sign-in policy requires of the user, and what to do.
func (s Security) dueText() string {
	how := "Set up an authenticator app"
	if s.Possible {
		how += " or add a passkey"
	}
	if s.Must {
		return "Your role, " + s.Role.Name() + ", has required one since " + ruleDay(*s.Due, s.Now) + ". " + how + " to continue."
	}
	return "From " + ruleDay(*s.Due, s.Now) + ", your role, " + s.Role.Name() + ", requires a second factor. " + how + " before then."
}

// Question is a confirmation before a change of how a user signs in.
type Question struct {
	Title, Words string
	// Warning is what else the user should know, or "".
	Warning string
	// Action is the form's. If it is "", there is nothing to confirm.
	Button string
	Action templ.SafeURL
	Danger bool
}

// EndOthers returns the question before n other sessions of the user end.
func EndOthers(n int, now Clock) Question {
	const effect = " You stay signed in here. API tokens keep working."
	q := Question{Title: "Sign out all other sessions?", Button: "Sign out sessions", Action: EndOtherSessionsURL(), Danger: true}
	switch n {
	case 0:
		return Question{Title: "No other sessions", Words: "You aren't signed in anywhere else."}
	case 1:
		q.Title, q.Words, q.Button = "Sign out your other session?", "1 session ends immediately."+effect, "Sign out session"
	default:
		q.Words = thousands(n, now) + " sessions end immediately." + effect
	}
	return q
}

// LastFactor returns the warning before a user removes the only second factor, if their role
// requires one.
func LastFactor(role access.Role) string {
	return "Your role, " + role.Name() + ", requires a second factor. Until you set up another, you can only use the Security page."
}

// codesLeft returns how many recovery codes are left.
func codesLeft(n int, now Clock) string { return counted(n, "code left", "codes left", now) }

// inGroups returns a key in groups of four characters, for typing.
func inGroups(key string) string {
	var groups []string
	for ; len(key) > 4; key = key[4:] {
		groups = append(groups, key[:4])
	}
	return strings.Join(append(groups, key), " ")
}
