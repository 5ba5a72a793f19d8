package identity

import (
	"cmp"
	"context"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Account is a user as those who manage users see it.
type Account struct {
	User
	// SeenAt is when they last used the console, in Unix seconds; nil for never.
	SeenAt *int64
	// Sessions, Tokens and Passkeys are how many usable ones they have.
	Sessions, Tokens, Passkeys int
	// TOTP reports whether they have an app for codes.
	TOTP bool
}

// SecondFactor reports whether the user has a second factor.
func (p Account) SecondFactor() bool { return p.TOTP || p.Passkeys > 0 }

// maxAccounts limits the list: far more than administer one service.
const maxAccounts = 1000

// Accounts returns all users, disabled ones included, by name. Errors: Denied.
func (s *Users) Accounts(ctx context.Context, by access.Actor) ([]Account, error) {
	if err := by.Check(access.ReadUsers); err != nil {
		return nil, err
	}
	query := s.selectAccounts()
	query.Tail = " ORDER BY users.id"
	accounts, err := db.First(s.db.Read(ctx), query, maxAccounts, (*Account).columns)
	text.SortByName(accounts, func(p Account) string { return p.Name })
	return accounts, s.db.Failed(ctx, err)
}

// Account returns one user. Errors: ErrNotFound, Denied.
func (s *Users) Account(ctx context.Context, by access.Actor, id string) (Account, error) {
	if err := by.Check(access.ReadUsers); err != nil {
		return Account{}, err
	}
	if !text.ValidID(id) {
		return Account{}, access.ErrNotFound
	}
	query := s.selectAccounts()
	query.Where("users.id = ?", id)
	p, err := db.Take(s.db.Read(ctx), query, (*Account).columns)
	return p, s.db.Failed(ctx, err)
}

// selectAccounts selects users with what Account adds. Without a session, SeenAt is the
// time of the last action.
func (s *Users) selectAccounts() db.Selection {
	now := s.db.Now().Unix()
	return db.Selection{
		From: "users", Columns: userColumns + `,
		(SELECT max(at) FROM (SELECT seen_at AS at FROM sessions WHERE user_id = users.id UNION ALL
			SELECT * FROM (SELECT created_at FROM audit_lines WHERE actor_id = users.id ORDER BY id DESC LIMIT 1) AS last) AS seen),
		(SELECT count(*) FROM sessions WHERE user_id = users.id AND expires_at > ?),
		(SELECT count(*) FROM tokens WHERE user_id = users.id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)),
		(SELECT count(*) FROM passkeys WHERE user_id = users.id),
		EXISTS (SELECT 1 FROM totps WHERE user_id = users.id AND confirmed_at IS NOT NULL)`,
		Clauses: db.Clauses{Args: []any{now, now}},
	}
}

// columns returns the destinations of selectAccounts.
func (p *Account) columns() []any {
	return append(p.User.columns(), &p.SeenAt, &p.Sessions, &p.Tokens, &p.Passkeys, &p.TOTP)
}

// OwnersWithoutFactor returns the names of up to most active owners who have no second factor, the
// oldest first. Errors: Denied.
func (s *Users) OwnersWithoutFactor(ctx context.Context, by access.Actor, most int) ([]string, error) {
	if err := by.Check(access.ReadUsers); err != nil {
		return nil, err
	}
	query := db.SelectFrom("users", "users.name", "users.role = ? AND users.disabled_at IS NULL AND NOT ("+hasFactor+")", access.Owner)
	query.Tail = " ORDER BY users.id"
	names, err := db.First(s.db.Read(ctx), query, most, db.OneColumn[string])
	return names, s.db.Failed(ctx, err)
}

// Owners returns the names of up to most active owners, the oldest first, to show to users
// who lack a right.
func (s *Users) Owners(ctx context.Context, most int) ([]string, error) {
	query := db.SelectFrom("users", "name", "role = ? AND disabled_at IS NULL", access.Owner)
	query.Tail = " ORDER BY id"
	names, err := db.First(s.db.Read(ctx), query, most, db.OneColumn[string])
	return names, s.db.Failed(ctx, err)
}

// manage is Write for a change of an account that the actor may manage. fn gets the locked
// user. Errors: as Write, and ErrNotFound.
func (s *Users) manage(ctx context.Context, by access.Actor, right access.Right, action audit.Action, id string, fn func(tx *gorm.DB, u *User, line *audit.Line) error) (User, error) {
	var u User
	if !text.ValidID(id) {
		return u, access.ErrNotFound
	}
	defer s.callers.Forget()
	err := s.log.Write(ctx, by, right, action, func(tx *gorm.DB, line *audit.Line) error {
		u = User{}
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&u).Error; err != nil {
			return err
		}
		if err := line.By.CheckManage(u.Role); err != nil {
			return err
		}
		line.SetObject("user", u.ID, u.Name)
		return fn(tx, &u, line)
	})
	return u, err
}

// currentActor returns the actor with the role that they have now; none if they are disabled.
func (s *Users) currentActor(tx *gorm.DB, by access.Actor) (access.Actor, error) {
	if by.Kind == access.SystemActor {
		return by, nil
	}
	var roles []access.Role
	err := tx.Model(&User{}).Where("id = ? AND disabled_at IS NULL", by.UserID).Pluck("role", &roles).Error
	by.Role = ""
	if len(roles) > 0 {
		by.Role = roles[0]
	}
	return by, err
}

// ChangeRole changes a user's role and ends their sessions, so that they sign in with the
// new rights. It deletes the invitations that they could no longer make. Errors: Invalid,
// ErrNotFound, Denied, Conflict for the last owner.
func (s *Users) ChangeRole(ctx context.Context, by access.Actor, id string, role access.Role) (User, error) {
	if !role.Known() {
		return User{}, access.Refused("role", "Choose a role.")
	}
	return s.manage(ctx, by, access.ManageRoles, audit.ChangedRole, id, func(tx *gorm.DB, u *User, line *audit.Line) error {
		before := u.Role
		if before == role {
			return audit.ErrNothing
		}
		if err := s.requireAnotherOwner(tx, *u); err != nil {
			return err
		}
		u.Role = role
		changes := map[string]audit.Change{"role": {Before: before, After: role}}
		if err := s.updateUser(tx, u, map[string]any{"role": role}); err != nil {
			return err
		}
		return errors.Join(endSessions(tx, u.ID), deleteInvitations(tx, *u, changes), line.SetChanges(changes))
	})
}

// Disable locks a user out from the next request on: it ends their sessions, revokes their
// tokens and deletes the invitations that they made. Their name stays in the log. Errors:
// ErrNotFound, Denied, Conflict for the last owner and for oneself.
func (s *Users) Disable(ctx context.Context, by access.Actor, id string) (User, error) {
	return s.manage(ctx, by, access.ManageUsers, audit.DisabledUser, id, func(tx *gorm.DB, u *User, line *audit.Line) error {
		if u.DisabledAt != nil {
			return audit.ErrNothing
		}
		if u.ID == by.UserID {
			return access.Conflict{Message: "You can't disable your own account. Another owner can do it."}
		}
		if err := s.requireAnotherOwner(tx, *u); err != nil {
			return err
		}
		u.DisabledAt = new(s.db.Now().Unix())
		revoked := tx.Model(&Token{}).Where("user_id = ? AND revoked_at IS NULL", u.ID).Update("revoked_at", *u.DisabledAt)
		if err := cmp.Or(revoked.Error, s.updateUser(tx, u, map[string]any{"disabled_at": *u.DisabledAt})); err != nil {
			return err
		}
		changes := map[string]audit.Change{"disabled_at": {Before: nil, After: *u.DisabledAt}, "tokens_revoked": {Before: nil, After: revoked.RowsAffected}}
		return errors.Join(endSessions(tx, u.ID), deleteInvitations(tx, *u, changes), line.SetChanges(changes))
	})
}

// Enable lets a user sign in again. What Disable ended stays ended. Errors: ErrNotFound,
// Denied.
func (s *Users) Enable(ctx context.Context, by access.Actor, id string) (User, error) {
	return s.manage(ctx, by, access.ManageUsers, audit.EnabledUser, id, func(tx *gorm.DB, u *User, line *audit.Line) error {
		before := u.DisabledAt
		if before == nil {
			return audit.ErrNothing
		}
		u.DisabledAt = nil
		return cmp.Or(line.SetChanges(map[string]audit.Change{"disabled_at": {Before: *before, After: nil}}), s.updateUser(tx, u, map[string]any{"disabled_at": nil}))
	})
}

// ResetSecondFactor deletes a user's second factors and, if they have a password, their
// identities at providers, and ends their sessions. They then sign in with the password
// alone. Errors: ErrNotFound, Denied, Conflict for oneself and if there is nothing to
// reset.
func (s *Users) ResetSecondFactor(ctx context.Context, by access.Actor, id string) (User, error) {
	return s.manage(ctx, by, access.ManageUsers, audit.ResetFactor, id, func(tx *gorm.DB, u *User, line *audit.Line) error {
		if u.ID == by.UserID {
			return access.Conflict{Message: "This is your own account. Change your second factor under Security."}
		}
		changes, err := DeleteSecondFactor(tx, u.ID)
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			return access.Conflict{Message: text.Isolated(u.Name) + " has no second factor to reset."}
		}
		return errors.Join(unlinkAll(tx, *u, changes), line.SetChanges(changes), endSessions(tx, u.ID))
	})
}

// EndSessions signs a user out everywhere. Errors: ErrNotFound, Denied.
func (s *Users) EndSessions(ctx context.Context, by access.Actor, id string) (User, error) {
	return s.manage(ctx, by, access.ManageUsers, audit.EndedSessions, id, func(tx *gorm.DB, u *User, line *audit.Line) error {
		var open int64
		if err := tx.Model(&Session{}).Where("user_id = ?", u.ID).Count(&open).Error; err != nil {
			return err
		}
		if err := endSessions(tx, u.ID); err != nil || open == 0 {
			return cmp.Or(err, audit.ErrNothing)
		}
		return line.SetChanges(map[string]audit.Change{"sessions": {Before: open, After: 0}})
	})
}

// requireAnotherOwner returns a Conflict if the user is the only owner who can sign in.
func (s *Users) requireAnotherOwner(tx *gorm.DB, u User) error {
	if u.Role != access.Owner || u.DisabledAt != nil {
		return nil
	}
	var others int64
	err := tx.Model(&User{}).Where("role = ? AND disabled_at IS NULL AND id <> ?", access.Owner, u.ID).Count(&others).Error
	if err == nil && others == 0 {
		return access.Conflict{Message: text.Isolated(u.Name) + " is the only owner. Make another user an owner first.", Field: "role"}
	}
	return err
}

// updateUser stores columns of a locked user.
func (s *Users) updateUser(tx *gorm.DB, u *User, columns map[string]any) error {
	u.UpdatedAt = s.db.Now().Unix()
	columns["updated_at"] = u.UpdatedAt
	return tx.Model(&User{}).Where("id = ?", u.ID).Updates(columns).Error
}

// endSessions ends someone's sessions and started sign-ins.
func endSessions(tx *gorm.DB, userID string) error {
	return cmp.Or(
		tx.Where("user_id = ?", userID).Delete(&Session{}).Error,
		tx.Exec("DELETE FROM challenges WHERE user_id = ?", userID).Error,
	)
}
