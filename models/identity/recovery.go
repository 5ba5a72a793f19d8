package identity

import (
	"context"
	"crypto/rand"
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// A recovery code has 80 bits in Crockford's base 32, which has no letters that look like
// digits: too many to be found from the hash, and short enough to type.
const (
	recoveryCodes  = 10
	recoveryLength = 16
	recoveryGroup  = 4
	recoveryDigits = "0123456789abcdefghjkmnpqrstvwxyz"
)

// recoveryCode lets its owner sign in without the second factor, once.
type recoveryCode struct {
	Hash   string `gorm:"primaryKey"`
	UserID string
	UsedAt *int64
}

// NewRecoveryCodes replaces the actor's recovery codes and returns the new ones, which
// can't be retrieved later. Errors: Conflict if there is no second factor.
func (s *SecondFactors) NewRecoveryCodes(ctx context.Context, by access.Actor) ([]string, error) {
	var codes []string
	err := s.log.Write(ctx, by, access.SignedInOnly, MadeRecoveryCodes, func(tx *gorm.DB, line *audit.Line) error {
		line.SetObject("user", by.UserID, by.Name)
		f, err := s.factors(s.db.ReadIn(tx), by.UserID)
		if err != nil {
			return err
		}
		if !f.On() {
			return access.Conflict{Message: "Recovery codes need a second factor. Set up an authenticator app or a passkey first."}
		}
		codes, err = s.makeRecoveryCodes(tx, by.UserID)
		return err
	})
	return codes, err
}

// makeRecoveryCodes replaces a user's recovery codes, and returns them.
func (s *SecondFactors) makeRecoveryCodes(tx *gorm.DB, userID string) ([]string, error) {
	if err := tx.Where("user_id = ?", userID).Delete(&recoveryCode{}).Error; err != nil {
		return nil, err
	}
	codes, rows := make([]string, recoveryCodes), make([]recoveryCode, recoveryCodes)
	for i := range codes {
		code := newRecoveryCode()
		codes[i], rows[i] = formatCode(code), recoveryCode{Hash: recoveryHash(userID, code), UserID: userID}
	}
	return codes, tx.Create(&rows).Error
}

// deleteUnusableCodes deletes the recovery codes of a user who has no second factor any more.
func (s *SecondFactors) deleteUnusableCodes(tx *gorm.DB, userID string) error {
	f, err := s.factors(s.db.ReadIn(tx), userID)
	if err != nil || f.On() {
		return err
	}
	return tx.Where("user_id = ?", userID).Delete(&recoveryCode{}).Error
}

func newRecoveryCode() string {
	b := make([]byte, recoveryLength)
	_, _ = rand.Read(b) // never fails: crypto/rand.Read ends the program first
	for i := range b {
		b[i] = recoveryDigits[int(b[i])%len(recoveryDigits)]
	}
	return string(b)
}

// formatCode returns a recovery code as it is shown.
func formatCode(code string) string {
	var groups []string
	for ; len(code) > recoveryGroup; code = code[recoveryGroup:] {
		groups = append(groups, code[:recoveryGroup])
	}
	return strings.Join(append(groups, code), "-")
}

func recoveryHash(userID, code string) string { return hashSecret(userID + ":" + code) }

// useRecoveryCode reports whether a code is one of the user's that was not used before. Of
// two concurrent uses one succeeds.
func (s *SecondFactors) useRecoveryCode(tx *gorm.DB, userID, code string) (bool, error) {
	used := tx.Model(&recoveryCode{}).Where("hash = ? AND user_id = ? AND used_at IS NULL", recoveryHash(userID, code), userID).
		Update("used_at", s.db.Now().Unix())
	return used.RowsAffected == 1, used.Error
}

// useAnyCode uses a code from an app or a recovery code, and returns which it was; "" if
// neither.
func (s *SecondFactors) useAnyCode(tx *gorm.DB, userID, typed string) (factor string, err error) {
	code, right := PlainCode(typed), false
	switch len(code) {
	case codeDigits:
		factor = ByCode
		right, err = s.useCode(tx, userID, code)
	case recoveryLength:
		factor = ByRecoveryCode
		right, err = s.useRecoveryCode(tx, userID, code)
	}
	if !right {
		factor = ""
	}
	return factor, err
}
