package models

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
)

// Lengths of a password, in characters.
const (
	MinPassword = 12
	maxPassword = 256
)

// Cost of argon2id: OWASP's Password Storage Cheat Sheet asks for 19 MiB, two
// passes and one lane at least.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonLanes   = 1
	argonKeySize = 32
)

// hashing lets only as many passwords be hashed at once as half of the cores, so
// that sign-ins can't take the machine away from everything else.
var hashing = make(chan struct{}, max(1, runtime.NumCPU()/2))

// hashPassword is the password as it is stored: argon2id in PHC form.
func hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	key, err := argonKey(ctx, password, salt)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), err
}

func argonKey(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, Unavailable{Busy, errors.New("too many sign-ins at once")}
	}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonKeySize), nil
}

// checkPassword tells whether the password has this hash. Without a hash it takes
// as long and is false.
func checkPassword(ctx context.Context, hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 {
		_, err := argonKey(ctx, cut(password, maxPassword), make([]byte, 16))
		return false, err
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	want, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil {
		return false, fmt.Errorf("a stored password hash can't be read")
	}
	got, err := argonKey(ctx, cut(password, maxPassword), salt)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
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

// checkNewPassword is what is wrong with a new password, in the field that it was typed into.
func checkNewPassword(field, password, email, name string) (problems Invalid) {
	problems.require(field, &password, "Enter a password.", func(s string) (string, string) {
		return s, passwordProblem(s, email, name)
	})
	return problems
}

// passwordProblem is what is wrong with a new password, or "". NIST SP 800-63B
// asks for length and for a list of common ones, not for kinds of characters.
func passwordProblem(password, email, name string) string {
	switch n := length(password); {
	case n < MinPassword:
		return fmt.Sprintf("Too short: use at least %d characters. A few unrelated words are easy to remember.", MinPassword)
	case n > maxPassword:
		return tooLong("The password", n, maxPassword)
	case guessable(Fold(password), Fold(email), Fold(name)):
		return "Too easy to guess: this is a common password, a pattern, or your own name. A few unrelated words are safer."
	}
	return ""
}

// guessable tells whether a folded password is nothing but common words, digits,
// a repeated piece, or a part of what everybody knows about its owner.
func guessable(password, email, name string) bool {
	mailbox, host, _ := strings.Cut(email, "@")
	rest := password
	for _, own := range append([]string{email, mailbox, host, "protocol", "console"}, strings.Fields(name)...) {
		if len(own) > 2 {
			rest = strings.ReplaceAll(rest, own, "")
		}
	}
	rest = strings.TrimFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })
	return length(rest) < 4 || isPeriodic(password) || common()[password] || common()[rest] || isPeriodic(rest)
}

// isPeriodic tells whether s is a short piece again and again, or a run like
// "abcdefgh" or "87654321".
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
