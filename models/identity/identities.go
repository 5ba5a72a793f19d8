package identity

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// UnlinkedIdentity is the action of unlinking an identity at a provider.
const UnlinkedIdentity audit.Action = "identity.unlink"

// Identities returns the identities that a user is linked with, at most one for each
// issuer, by issuer. Errors: Denied, for those of someone else.
func (s *Providers) Identities(ctx context.Context, by access.Actor, userID string) ([]Identity, error) {
	if userID != by.UserID {
		if err := by.Check(access.ReadUsers); err != nil {
			return nil, err
		}
	}
	found, err := identitiesOf(s.db.Reader.WithContext(ctx), userID)
	return found, s.db.Failed(ctx, err)
}

func identitiesOf(db *gorm.DB, userID string) (found []Identity, err error) {
	err = db.Where("user_id = ?", userID).Order("issuer").Find(&found).Error
	return found, err
}

// UnlinkIdentity removes a user's identity at an issuer: the actor's own, or that of a user
// whom the actor may manage, whose sessions it then ends too. Signing in there links them
// again, as long as the address is theirs. Errors: ErrNotFound, Denied, and Conflict if
// there is none or it is the only way to sign in.
func (s *Providers) UnlinkIdentity(ctx context.Context, by access.Actor, userID, issuer string) (User, error) {
	if userID != by.UserID {
		return s.users.manage(ctx, by, access.ManageUsers, UnlinkedIdentity, userID, func(tx *gorm.DB, u *User, line *audit.Line) error {
			return errors.Join(unlink(tx, *u, issuer, line), endSessions(tx, u.ID))
		})
	}
	var u User
	err := s.log.Write(ctx, by, access.SignedInOnly, UnlinkedIdentity, func(tx *gorm.DB, line *audit.Line) (err error) {
		if err := s.db.Dialect.Lock(tx, "people"); err != nil {
			return err
		}
		if u, err = userIn(tx, userID); err != nil {
			return err
		}
		return unlink(tx, u, issuer, line)
	})
	return u, err
}

// unlink is the transaction of UnlinkIdentity. Started sign-ins end too, which may have
// used the identity.
func unlink(tx *gorm.DB, u User, issuer string, line *audit.Line) error {
	found, err := identitiesOf(tx, u.ID)
	if err != nil {
		return err
	}
	var passkeys int64
	if err := tx.Model(&Passkey{}).Where("user_id = ?", u.ID).Count(&passkeys).Error; err != nil {
		return err
	}
	if u.PasswordHash == "" && passkeys == 0 && len(found) == 1 {
		return access.Conflict{Message: u.Name + " has no password or passkey, and couldn't sign in any more."}
	}
	deleted := tx.Where("user_id = ? AND issuer = ?", u.ID, issuer).Delete(&Identity{})
	if deleted.Error == nil && deleted.RowsAffected == 0 {
		return access.Conflict{Message: u.Name + " isn't linked to this provider."}
	}
	line.SetObject("user", u.ID, u.Name)
	return errors.Join(deleted.Error, deleteChallenges(tx, u.ID), line.SetChanges(map[string]audit.Change{"issuer": {Before: issuer, After: nil}}))
}

// unlinkAll removes all identities of a user who has a password, and adds their issuers to
// changes.
func unlinkAll(tx *gorm.DB, u User, changes map[string]audit.Change) error {
	found, err := identitiesOf(tx, u.ID)
	if err != nil || len(found) == 0 || u.PasswordHash == "" {
		return err
	}
	issuers := make([]string, len(found))
	for i, f := range found {
		issuers[i] = f.Issuer
	}
	changes["identities"] = audit.Change{Before: issuers, After: nil}
	return tx.Where("user_id = ?", u.ID).Delete(&Identity{}).Error
}
