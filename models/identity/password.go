package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// Lengths of a password, in characters.
const (
	MinPassword = 12
	maxPassword = 256
)

// HashCost is what argon2id takes for a hash.
type HashCost struct {
	Memory, Passes uint32 // Memory is in KiB
	Lanes          uint8
}

// Cost is that of every hash: OWASP's Password Storage Cheat Sheet asks for 19 MiB, two
// passes and one lane at least. Only modelstest lowers it, for tests.
var Cost = HashCost{Memory: 19 * 1024, Passes: 2, Lanes: 1}

const argonKeySize = 32

// Hashing limits concurrent hashing to half of the cores, so that sign-ins can't starve
// everything else. Hold a slot of it while hashing.
var Hashing = make(chan struct{}, max(1, runtime.NumCPU()/2))

// preparedPassword returns the form of a password that is hashed, which does not depend on
// how a keyboard encodes its letters: OpaqueString of RFC 8265, after NFKC as NIST SP
// 800-63B recommends. What the RFC disallows is not refused.
func preparedPassword(password string) string {
	password = norm.NFKC.String(password)
	if prepared, err := precis.OpaqueString.String(password); err == nil {
		return prepared
	}
	return password
}

// hashPassword returns a password as it is stored: argon2id in PHC form.
func hashPassword(ctx context.Context, password string) (string, error) {
	return HashOf(ctx, preparedPassword(password))
}

// HashOf is hashPassword without preparing the password. Errors: Unavailable if ctx ends
// first.
func HashOf(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	key, err := argonKey(ctx, password, salt)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, Cost.Memory, Cost.Passes, Cost.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), err
}

func argonKey(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case Hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, access.Unavailable{Outage: access.Busy, Cause: errors.New("too many sign-ins at once")}
	}
	defer func() { <-Hashing }()
	return argon2.IDKey([]byte(password), salt, Cost.Passes, Cost.Memory, Cost.Lanes, argonKeySize), nil
}

// CheckPassword reports whether a password has this hash, and whether the hash is outdated:
// older versions hashed the characters as typed. The time it takes depends only on what was
// typed. It returns false for the hash "".
func CheckPassword(ctx context.Context, hash, password string) (right, outdated bool, err error) {
	salt, want, err := readHash(hash)
	if err != nil {
		return false, false, err
	}
	for i, form := range passwordForms(password) {
		got, err := argonKey(ctx, form, salt)
		if err != nil {
			return false, false, err
		}
		if subtle.ConstantTimeCompare(got, want) == 1 {
			right, outdated = true, i > 0
		}
	}
	return right, outdated, nil
}

// readHash returns the salt and the key of a hash; for a missing hash, ones that no
// password has.
func readHash(hash string) (salt, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 {
		return make([]byte, 16), nil, nil
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil {
		return nil, nil, errors.New("a stored password hash can't be read")
	}
	return salt, key, nil
}

// passwordForms returns what may have been hashed for a typed password: its prepared form
// and, if they differ, the characters themselves, each cut if it is too long to be right.
func passwordForms(typed string) []string {
	const maxMarks = 3 // of a letter that is typed decomposed
	typed = text.Cut(typed, (1+maxMarks)*(maxPassword+1))
	prepared := preparedPassword(typed)
	forms := []string{text.Cut(prepared, maxPassword+1)}
	if prepared != typed {
		forms = append(forms, text.Cut(typed, maxPassword+1))
	}
	return forms
}

// renewHash replaces the outdated hash of a user's password.
func (s *SignIns) renewHash(ctx context.Context, u *User, password string) error {
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	renewed := s.db.Writer.WithContext(ctx).Model(&User{}).Where("id = ? AND password_hash = ?", u.ID, u.PasswordHash).Update("password_hash", hash)
	if renewed.RowsAffected == 1 { // otherwise it has changed in the meantime
		u.PasswordHash = hash
	}
	return s.db.Failed(ctx, renewed.Error)
}

// commonPasswords are words and passwords that attackers try first.
//
//go:embed passwords.txt
var commonPasswords string

var common = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for word := range strings.Lines(commonPasswords) {
		if !strings.HasPrefix(word, "#") {
			set[strings.TrimSpace(word)] = true
		}
	}
	return set
})

// checkNewPassword returns what is wrong with a new password, in the field that it was
// typed into.
func checkNewPassword(field, password, email, name string) (problems access.Invalid) {
	problems.Require(field, &password, "Enter a password.", func(s string) (string, string) {
		return s, passwordProblem(s, email, name)
	})
	return problems
}

// passwordProblem returns what is wrong with a new password, or "". NIST SP 800-63B asks
// for length and for a list of common ones, not for kinds of characters.
func passwordProblem(password, email, name string) string {
	switch n := text.Length(preparedPassword(password)); {
	case n < MinPassword:
		return fmt.Sprintf("Too short: use at least %d characters. A few unrelated words are easy to remember.", MinPassword)
	case n > maxPassword:
		return text.TooLong("The password", n, maxPassword)
	case guessable(text.Fold(password), text.Fold(email), text.Fold(name)):
		return "Too easy to guess: this is a common password, a pattern, or your own name. A few unrelated words are safer."
	}
	return ""
}

// guessable reports whether a folded password is nothing but common words, digits, a
// repeated piece, or part of the owner's name or address.
func guessable(password, email, name string) bool {
	mailbox, host, _ := strings.Cut(email, "@")
	rest := password
	for _, own := range append([]string{email, mailbox, host, "protocol", "console"}, strings.Fields(name)...) {
		if len(own) > 2 {
			rest = strings.ReplaceAll(rest, own, "")
		}
	}
	rest = strings.TrimFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })
	return text.Length(rest) < 4 || isPeriodic(password) || common()[password] || common()[rest] || isPeriodic(rest)
}

// isPeriodic reports whether s repeats a short piece, or is a run like "abcdefgh" or
// "87654321".
func isPeriodic(s string) bool {
	r := []rune(s)
	for period := 1; period <= len(r)/3; period++ {
		if repeats(r, period) {
			return true
		}
	}
	for _, step := range []rune{1, -1} {
		if runs(r, step) {
			return true
		}
	}
	return false
}

func repeats(r []rune, period int) bool {
	for i := period; i < len(r); i++ {
		if r[i] != r[i-period] {
			return false
		}
	}
	return true
}

func runs(r []rune, step rune) bool {
	for i := 1; i < len(r); i++ {
		if r[i] != r[i-1]+step {
			return false
		}
	}
	return len(r) > 0
}
