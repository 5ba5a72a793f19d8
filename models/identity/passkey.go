package identity

import (
	"cmp"
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

// maxPasskeys is how many passkeys somebody can have.
const maxPasskeys = 20

// Passkeys returns the actor's passkeys, the newest first; there are at most maxPasskeys.
func (s *Store) Passkeys(ctx context.Context, by access.Actor) ([]Passkey, error) {
	var found []Passkey
	err := s.db.Writer.WithContext(ctx).Where("user_id = ?", by.UserID).Order("id DESC").Find(&found).Error
	return found, s.db.Failed(ctx, err)
}

// Passkey returns one of the actor's passkeys, or ErrNotFound.
func (s *Store) Passkey(ctx context.Context, by access.Actor, id string) (Passkey, error) {
	p, err := passkeyIn(s.db.Writer.WithContext(ctx), by, id)
	return p, s.db.Failed(ctx, err)
}

func passkeyIn(tx *gorm.DB, by access.Actor, id string) (Passkey, error) {
	var p Passkey
	err := tx.Where("id = ? AND user_id = ?", id, by.UserID).Take(&p).Error
	return p, err
}

// PasskeyOwner returns the passkey with this credential id, and its owner, or ErrNotFound.
func (s *Store) PasskeyOwner(ctx context.Context, credentialID string) (Passkey, User, error) {
	var p Passkey
	err := s.db.Writer.WithContext(ctx).Where("credential_id = ?", credentialID).Take(&p).Error
	if err != nil {
		return p, User{}, s.db.Failed(ctx, err)
	}
	u, err := userIn(s.db.Writer.WithContext(ctx), p.UserID)
	return p, u, s.db.Failed(ctx, err)
}

// SignInPasskey runs check, counted as an attempt, and returns the owner of the passkey
// that it accepted. userID is whose it must be, or "" for anybody's; by is the same user if
// they are signed in and confirm who they are. check returns ErrSignIn if it does not
// accept the passkey, and ErrNotFound if none was asked for. Errors: ErrSignIn, Throttled.
func (s *Store) SignInPasskey(ctx context.Context, by access.Actor, userID string, check func() (User, error)) (User, error) {
	try, err := s.reserve(ctx, s.passkeyLimits(by, userID))
	if err != nil {
		return User{}, err
	}
	u, err := check()
	if err == nil && userID != "" && u.ID != userID {
		err = access.ErrSignIn
	}
	switch {
	case err == nil:
		return u, s.clear(ctx, try)
	case errors.Is(err, access.ErrNotFound): // only a wait that it begins has a line
		if by.Kind != access.UserActor {
			by = visitor(by, unknownPasskey)
		}
		return u, errors.Join(access.ErrSignIn, s.logThrottled(ctx, by, try, User{}))
	case errors.Is(err, access.ErrSignIn):
		return u, errors.Join(err, s.refusePasskey(ctx, by, userID, u, try))
	}
	return u, err
}

func (s *Store) passkeyLimits(by access.Actor, userID string) []limit {
	switch {
	case by.Kind == access.UserActor:
		return stepUpLimits(by, failedTries)
	case userID != "":
		return s.signInLimits(by, codeKey(userID), userID)
	}
	return s.anyoneLimits(by, passkeySubject)
}

// unknownPasskey is who tries, if the passkey doesn't say.
const unknownPasskey = "an unknown passkey"

// refusePasskey writes the line of a passkey that was not accepted, and of a wait that it
// begins.
func (s *Store) refusePasskey(ctx context.Context, by access.Actor, userID string, owner User, try attempt) error {
	switch {
	case by.Kind == access.UserActor:
		return s.unconfirmed(ctx, by, try)
	case userID == "":
		name := cmp.Or(owner.Email, unknownPasskey)
		return errors.Join(s.refuseSignIn(ctx, by, name, WrongPasskey, User{}), s.logThrottled(ctx, visitor(by, name), try, User{}))
	}
	u, err := userIn(s.db.Writer.WithContext(ctx), userID)
	if err != nil {
		return s.db.Failed(ctx, err)
	}
	return errors.Join(s.refuseSignIn(ctx, by, u.Email, WrongSecondFactor, u), s.logThrottled(ctx, visitor(by, u.Email), try, u))
}

// UsedPasskey stores that a passkey was used, and the library's new record.
func (s *Store) UsedPasskey(ctx context.Context, id, data string) error {
	used := map[string]any{"last_used_at": s.db.Now().Unix(), "data": data}
	return s.db.Failed(ctx, s.db.Writer.WithContext(ctx).Model(&Passkey{}).Where("id = ?", id).Updates(used).Error)
}

// AddPasskey adds a passkey for the actor. If they have no recovery codes it returns new
// ones, which can't be had again. Errors: Invalid about "name", also for a passkey that
// exists already and for one too many.
func (s *Store) AddPasskey(ctx context.Context, by access.Actor, n NewPasskey) (codes []string, err error) {
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
			return access.Refused("name", "You have %d passkeys already. Remove one first.", maxPasskeys)
		}
		err = tx.Create(&row).Error
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return access.Refused("name", "This passkey is there already.")
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
func (s *Store) RenamePasskey(ctx context.Context, by access.Actor, id, name string) error {
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
func (s *Store) RemovePasskey(ctx context.Context, by access.Actor, id string) error {
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
			return access.Conflict{Message: fmt.Sprintf("“%s” is your only way in. Add another passkey or set a password first.", p.Name)}
		}
		return errors.Join(s.dropIdleCodes(tx, by.UserID), line.SetChanges(map[string]audit.Change{"name": {Before: p.Name, After: nil}}))
	})
}
