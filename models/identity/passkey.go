package identity

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// The actions on passkeys.
const (
	AddedPasskey   audit.Action = "passkey.create"
	RenamedPasskey audit.Action = "passkey.update"
	RemovedPasskey audit.Action = "passkey.delete"
)

// Passkey is a key on a device that signs its owner in.
type Passkey struct {
	ID, UserID string
	// CredentialID is the device's name for it.
	CredentialID string
	Name         string
	// Data is the passkey library's record, as JSON. It has nothing secret.
	Data string
	// Times are Unix seconds.
	CreatedAt  int64
	LastUsedAt *int64
}

// NewPasskey describes a passkey to add.
type NewPasskey struct{ Name, CredentialID, Data string }

// maxPasskeys limits the passkeys of a user.
const maxPasskeys = 20

// Passkeys returns the actor's passkeys, the newest first; there are at most maxPasskeys.
func (s *SecondFactors) Passkeys(ctx context.Context, by access.Actor) ([]Passkey, error) {
	var found []Passkey
	err := s.db.Writer.WithContext(ctx).Where("user_id = ?", by.UserID).Order("id DESC").Find(&found).Error
	return found, s.db.Failed(ctx, err)
}

// Passkey returns one of the actor's passkeys, or ErrNotFound.
func (s *SecondFactors) Passkey(ctx context.Context, by access.Actor, id string) (Passkey, error) {
	p, err := passkeyIn(s.db.Writer.WithContext(ctx), by, id)
	return p, s.db.Failed(ctx, err)
}

func passkeyIn(tx *gorm.DB, by access.Actor, id string) (Passkey, error) {
	var p Passkey
	err := tx.Where("id = ? AND user_id = ?", id, by.UserID).Take(&p).Error
	return p, err
}

// PasskeyOwner returns the passkey with this credential id, and its owner, or ErrNotFound.
func (s *SecondFactors) PasskeyOwner(ctx context.Context, credentialID string) (Passkey, User, error) {
	var p Passkey
	err := s.db.Writer.WithContext(ctx).Where("credential_id = ?", credentialID).Take(&p).Error
	if err != nil {
		return p, User{}, s.db.Failed(ctx, err)
	}
	u, err := userIn(s.db.Writer.WithContext(ctx), p.UserID)
	return p, u, s.db.Failed(ctx, err)
}

// errNoPasskeyRequest is returned for a passkey that no browser was asked for.
var errNoPasskeyRequest = errors.New("no passkey was asked for")

// checkPasskey runs check, which is as in WithPasskey, as a counted attempt. userID is
// whose the passkey must be, or "" for anyone's. Errors: Throttled, ErrSignIn,
// errNoPasskeyRequest.
func (s *SignIns) checkPasskey(ctx context.Context, limits []limit, userID string, check func() (User, error)) (User, attempt, error) {
	try, err := s.attempts.reserve(ctx, limits)
	if err != nil {
		return User{}, try, err
	}
	owner, err := check()
	switch {
	case errors.Is(err, access.ErrNotFound):
		return owner, try, errNoPasskeyRequest
	case err != nil:
		return owner, try, err
	case userID != "" && owner.ID != userID:
		return owner, try, access.ErrSignIn
	}
	return owner, try, s.attempts.clear(ctx, try)
}

// RecordPasskeyUse stores that a passkey was used, and the library's new record.
func (s *SecondFactors) RecordPasskeyUse(ctx context.Context, id, data string) error {
	used := map[string]any{"last_used_at": s.db.Now().Unix(), "data": data}
	return s.db.Failed(ctx, s.db.Writer.WithContext(ctx).Model(&Passkey{}).Where("id = ?", id).Updates(used).Error)
}

// AddPasskey adds a passkey for the actor. If they have no recovery codes it returns new
// ones, which can't be retrieved later. Errors: Invalid about "name", also for a passkey
// that exists already and for one too many.
func (s *SecondFactors) AddPasskey(ctx context.Context, by access.Actor, n NewPasskey) (codes []string, err error) {
	name, err := passkeyName(n.Name)
	if err != nil {
		return nil, err
	}
	now := s.db.Now()
	row := Passkey{ID: s.db.IDs.Next(now, ""), UserID: by.UserID, CredentialID: n.CredentialID, Name: name, Data: n.Data, CreatedAt: now.Unix()}
	err = s.log.Write(ctx, by, access.SignedInOnly, AddedPasskey, func(tx *gorm.DB, line *audit.Line) error {
		line.SetObject("passkey", row.ID, name)
		if err := s.db.Dialect.Lock(tx, "passkeys:"+by.UserID); err != nil {
			return err
		}
		f, err := s.factors(s.db.ReadIn(tx), by.UserID)
		if err != nil {
			return err
		}
		if f.Passkeys >= maxPasskeys {
			return access.Refused("name", "You already have %d passkeys. Remove one first.", maxPasskeys)
		}
		err = tx.Create(&row).Error
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return access.Refused("name", "You already have this passkey.")
		}
		if err == nil && f.Codes == 0 {
			codes, err = s.makeRecoveryCodes(tx, by.UserID)
		}
		return errors.Join(err, line.SetChanges(map[string]audit.Change{"name": {Before: nil, After: name}}))
	})
	return codes, err
}

func passkeyName(name string) (string, error) {
	var problems access.Invalid
	stored := problems.Require("name", &name, "Enter a name that says where the passkey is.", func(v string) (string, string) {
		return text.Visible(text.ProperName("The name", v))
	})
	return *stored, problems.OrNil()
}

// RenamePasskey renames one of the actor's passkeys. Errors: Invalid, ErrNotFound.
func (s *SecondFactors) RenamePasskey(ctx context.Context, by access.Actor, id, name string) error {
	return s.log.Write(ctx, by, access.SignedInOnly, RenamedPasskey, func(tx *gorm.DB, line *audit.Line) error {
		p, err := passkeyIn(tx, by, id)
		if err != nil {
			return err
		}
		name, err := passkeyName(name)
		if err != nil {
			return err
		}
		if p.Name == name {
			return audit.ErrNothing
		}
		line.SetObject("passkey", id, name)
		renamed := tx.Model(&Passkey{}).Where("id = ?", id).Update("name", name).Error
		return errors.Join(renamed, line.SetChanges(map[string]audit.Change{"name": {Before: p.Name, After: name}}))
	})
}

// RemovePasskey removes one of the actor's passkeys. Errors: ErrNotFound, Conflict if it is
// their only way in.
func (s *SecondFactors) RemovePasskey(ctx context.Context, by access.Actor, id string) error {
	return s.log.Write(ctx, by, access.SignedInOnly, RemovedPasskey, func(tx *gorm.DB, line *audit.Line) error {
		if err := s.db.Dialect.Lock(tx, "passkeys:"+by.UserID); err != nil {
			return err
		}
		p, err := passkeyIn(tx, by, id)
		if err != nil {
			return err
		}
		line.SetObject("passkey", id, p.Name)
		if err := tx.Where("id = ?", id).Delete(&Passkey{}).Error; err != nil {
			return err
		}
		var ways int64
		err = tx.Raw(`SELECT (SELECT count(*) FROM users WHERE id = ? AND password_hash <> '')
			+ (SELECT count(*) FROM passkeys WHERE user_id = ?) + (SELECT count(*) FROM identities WHERE user_id = ?)`,
			by.UserID, by.UserID, by.UserID).Scan(&ways).Error
		if err != nil {
			return err
		}
		if ways == 0 {
			return access.Conflict{Message: fmt.Sprintf("“%s” is your only way to sign in. Add another passkey or set a password first.", p.Name)}
		}
		return errors.Join(s.deleteUnusableCodes(tx, by.UserID), line.SetChanges(map[string]audit.Change{"name": {Before: p.Name, After: nil}}))
	})
}
