package models

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Person is a user as those see them who manage people.
type Person struct {
	User
	// SeenAt is when they were last in the console, in Unix seconds; nil for never.
	SeenAt *int64
	// Sessions, Tokens and Passkeys are how many they have that can be used.
	Sessions, Tokens, Passkeys int
	// TOTP says that they have an app for codes.
	TOTP bool
}

// SecondFactor tells whether a password alone does not sign the person in.
func (p Person) SecondFactor() bool { return p.TOTP || p.Passkeys > 0 }

// maxPeople is how many people the list shows: far more than administer one service.
const maxPeople = 1000

// People answers everybody who can sign in or once could, by name. Error: Denied.
func (s *Store) People(ctx context.Context, by Actor) ([]Person, error) {
	if err := by.Check(ReadPeople); err != nil {
		return nil, err
	}
	query := s.selectPeople()
	query.tail = " ORDER BY users.id"
	people, err := first(s.reader(ctx), query, maxPeople, (*Person).columns)
	sortByName(people, func(p Person) string { return p.Name })
	return people, s.failed(ctx, err)
}

// Person answers one of the people. Errors: ErrNotFound, Denied.
func (s *Store) Person(ctx context.Context, by Actor, id string) (Person, error) {
	if err := by.Check(ReadPeople); err != nil {
		return Person{}, err
	}
	if !ValidID(id) {
		return Person{}, ErrNotFound
	}
	query := s.selectPeople()
	query.where("users.id = ?", id)
	p, err := take(s.reader(ctx), query, (*Person).columns)
	return p, s.failed(ctx, err)
}

// selectPeople reads users with what they have. Who has no session any more was last
// seen when they last did something.
func (s *Store) selectPeople() selection {
	now := s.Now().Unix()
	return selection{
		from: "users", columns: userColumns + `,
		(SELECT max(at) FROM (SELECT seen_at AS at FROM sessions WHERE user_id = users.id UNION ALL
			SELECT * FROM (SELECT created_at FROM audit_lines WHERE actor_id = users.id ORDER BY id DESC LIMIT 1) AS last) AS seen),
		(SELECT count(*) FROM sessions WHERE user_id = users.id AND expires_at > ?),
		(SELECT count(*) FROM tokens WHERE user_id = users.id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)),
		(SELECT count(*) FROM passkeys WHERE user_id = users.id),
		EXISTS (SELECT 1 FROM totps WHERE user_id = users.id AND confirmed_at IS NOT NULL)`,
		clauses: clauses{args: []any{now, now}},
	}
}

// columns are where what selectPeople reads goes.
func (p *Person) columns() []any {
	return append(p.User.columns(), &p.SeenAt, &p.Sessions, &p.Tokens, &p.Passkeys, &p.TOTP)
}

// Owners are the names of those who can change roles, the oldest owner first, at most
// so many. They are told to whoever lacks a right.
func (s *Store) Owners(ctx context.Context, most int) ([]string, error) {
	query := selectFrom("users", "name", "role = ? AND disabled_at IS NULL", Owner)
	query.tail = " ORDER BY id"
	names, err := first(s.reader(ctx), query, most, whole[string])
	return names, s.failed(ctx, err)
}

// MayManage tells whether the actor may invite, disable and help people of a role.
// Owners and admins are a matter of those who make them.
func (a Actor) MayManage(role Role) bool { return a.checkManage(role) == nil }

func (a Actor) checkManage(role Role) error {
	if role == Owner || role == Admin {
		return a.Check(ManageRoles)
	}
	return a.Check(ManagePeople)
}

// Manageable are the roles of the people whom the actor may manage.
func (a Actor) Manageable() []Role {
	return slices.DeleteFunc(slices.Clone(Roles), func(r Role) bool { return !a.MayManage(r) })
}

// manage is write for a change of somebody's account: it finds whom it is about, and asks
// whether the actor may manage them.
func (s *Store) manage(ctx context.Context, by Actor, right Right, action Action, id string, fn func(tx *gorm.DB, u *User, line *AuditLine) error) (User, error) {
	var u User
	if !ValidID(id) {
		return u, ErrNotFound
	}
	defer s.callers.forget()
	err := s.write(ctx, by, right, action, func(tx *gorm.DB, line *AuditLine) error {
		u = User{}
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&u).Error; err != nil {
			return err
		}
		if err := line.by.checkManage(u.Role); err != nil {
			return err
		}
		line.about("user", u.ID, u.Name)
		return fn(tx, &u, line)
	})
	return u, err
}

// present is the actor with the role that they have now; who is disabled has none.
func (s *Store) present(tx *gorm.DB, by Actor) (Actor, error) {
	if by.Kind == SystemActor {
		return by, nil
	}
	var roles []Role
	err := tx.Model(&User{}).Where("id = ? AND disabled_at IS NULL", by.UserID).Pluck("role", &roles).Error
	by.Role = ""
	if len(roles) > 0 {
		by.Role = roles[0]
	}
	return by, err
}

// ChangeRole gives somebody another role and ends their sessions: they sign in again with
// the new rights. Invitations go that they could not make now. Errors: Invalid,
// ErrNotFound, Denied, Conflict for the last owner.
func (s *Store) ChangeRole(ctx context.Context, by Actor, id string, role Role) (User, error) {
	if !role.known() {
		return User{}, bad("role", "Choose a role.")
	}
	return s.manage(ctx, by, ManageRoles, ChangedRole, id, func(tx *gorm.DB, u *User, line *AuditLine) error {
		before := u.Role
		if before == role {
			return errUnchanged
		}
		if err := s.keepAnOwner(tx, *u); err != nil {
			return err
		}
		u.Role = role
		said := map[string]change{"role": {before, role}}
		if err := s.updateUser(tx, u, map[string]any{"role": role}); err != nil {
			return err
		}
		return errors.Join(endSessions(tx, u.ID), dropInvitations(tx, *u, said), line.say(said))
	})
}

// Disable keeps somebody out from the next request on: their sessions end, their tokens
// are revoked, and the invitations that they made are no good. Their name stays in the
// log. Errors: ErrNotFound, Denied, Conflict for the last owner and for oneself.
func (s *Store) Disable(ctx context.Context, by Actor, id string) (User, error) {
	return s.manage(ctx, by, ManagePeople, DisabledUser, id, func(tx *gorm.DB, u *User, line *AuditLine) error {
		if u.DisabledAt != nil {
			return errUnchanged
		}
		if u.ID == by.UserID {
			return Conflict{Message: "You can't disable your own account. Another owner can do it."}
		}
		if err := s.keepAnOwner(tx, *u); err != nil {
			return err
		}
		u.DisabledAt = new(s.Now().Unix())
		revoked := tx.Model(&Token{}).Where("user_id = ? AND revoked_at IS NULL", u.ID).Update("revoked_at", *u.DisabledAt)
		if err := cmp.Or(revoked.Error, s.updateUser(tx, u, map[string]any{"disabled_at": *u.DisabledAt})); err != nil {
			return err
		}
		said := map[string]change{"disabled_at": {nil, *u.DisabledAt}, "tokens_revoked": {nil, revoked.RowsAffected}}
		return errors.Join(endSessions(tx, u.ID), dropInvitations(tx, *u, said), line.say(said))
	})
}

// Enable lets somebody sign in again. What disabling ended stays so. Errors: ErrNotFound,
// Denied.
func (s *Store) Enable(ctx context.Context, by Actor, id string) (User, error) {
	return s.manage(ctx, by, ManagePeople, EnabledUser, id, func(tx *gorm.DB, u *User, line *AuditLine) error {
		before := u.DisabledAt
		if before == nil {
			return errUnchanged
		}
		u.DisabledAt = nil
		return cmp.Or(line.say(map[string]change{"disabled_at": {*before, nil}}), s.updateUser(tx, u, map[string]any{"disabled_at": nil}))
	})
}

// ResetSecondFactor takes away somebody's app, recovery codes and passkeys, which they
// lost, and their identities at providers, and ends their sessions. They sign in with the password alone and set up a new one.
// Errors: ErrNotFound, Denied, Conflict for oneself and where there is nothing to reset.
func (s *Store) ResetSecondFactor(ctx context.Context, by Actor, id string) (User, error) {
	return s.manage(ctx, by, ManagePeople, ResetFactor, id, func(tx *gorm.DB, u *User, line *AuditLine) error {
		if u.ID == by.UserID {
			return Conflict{Message: "This is your own account. Change your second factor under Security."}
		}
		said, err := deleteSecondFactor(tx, u.ID)
		if err != nil {
			return err
		}
		if len(said) == 0 {
			return Conflict{Message: Isolated(u.Name) + " has no second factor, so there is nothing to reset."}
		}
		return errors.Join(unlinkAll(tx, *u, said), line.say(said), endSessions(tx, u.ID))
	})
}

// EndSessions signs somebody out everywhere. Errors: ErrNotFound, Denied.
func (s *Store) EndSessions(ctx context.Context, by Actor, id string) (User, error) {
	return s.manage(ctx, by, ManagePeople, EndedSessions, id, func(tx *gorm.DB, u *User, line *AuditLine) error {
		var open int64
		if err := tx.Model(&Session{}).Where("user_id = ?", u.ID).Count(&open).Error; err != nil {
			return err
		}
		if err := endSessions(tx, u.ID); err != nil || open == 0 {
			return cmp.Or(err, errUnchanged)
		}
		return line.say(map[string]change{"sessions": {open, 0}})
	})
}

// keepAnOwner is a Conflict where the user is the only owner who can sign in.
func (s *Store) keepAnOwner(tx *gorm.DB, u User) error {
	if u.Role != Owner || u.DisabledAt != nil {
		return nil
	}
	var others int64
	err := tx.Model(&User{}).Where("role = ? AND disabled_at IS NULL AND id <> ?", Owner, u.ID).Count(&others).Error
	if err == nil && others == 0 {
		return Conflict{Message: Isolated(u.Name) + " is the only owner. Make somebody else an owner first.", Field: "role"}
	}
	return err
}

// updateUser stores columns of a locked user.
func (s *Store) updateUser(tx *gorm.DB, u *User, columns map[string]any) error {
	u.UpdatedAt = s.Now().Unix()
	columns["updated_at"] = u.UpdatedAt
	return tx.Model(&User{}).Where("id = ?", u.ID).Updates(columns).Error
}

// endSessions ends what somebody has open, and what they have begun to sign in with.
func endSessions(tx *gorm.DB, userID string) error {
	return cmp.Or(
		tx.Where("user_id = ?", userID).Delete(&Session{}).Error,
		tx.Exec("DELETE FROM challenges WHERE user_id = ?", userID).Error,
	)
}
