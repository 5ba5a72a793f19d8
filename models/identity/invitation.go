package identity

import (
	"cmp"
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// InvitationLimit is how long an invitation can be accepted, and keepInvitations how long
// after that it is listed, to be renewed.
const (
	InvitationLimit = 72 * time.Hour
	keepInvitations = 30 * 24 * time.Hour
)

// Invitation lets the holder of its link become a user, once. The secret is only in the
// link; its hash is stored.
type Invitation struct {
	ID    string
	Email string
	// Name is the name of the invited person; "" if unknown.
	Name string
	Role access.Role
	// InvitedBy is the id of the user who made the link, and InviterName their name.
	InvitedBy   string
	InviterName string `gorm:"->;-:migration"`
	// Times are Unix seconds.
	CreatedAt, ExpiresAt int64

	// EmailKey is the identity key of Email, unique among invitations. Hash is SHA-256 of
	// the secret.
	EmailKey, Hash string
}

// Expired reports whether the link has expired.
func (i Invitation) Expired(now time.Time) bool { return i.ExpiresAt <= now.Unix() }

// NewInvitation describes an invitation to make. Name may be "".
type NewInvitation struct {
	Email, Name string
	Role        access.Role
}

func (n NewInvitation) check() (Invitation, access.Invalid) {
	var problems access.Invalid
	i := Invitation{Role: n.Role}
	i.Email = *problems.Require("email", &n.Email, "Enter the user's email address.", emailAddress)
	i.Name = *problems.Check("name", &n.Name, func(s string) (string, string) { return text.ProperName("The name", s) })
	if !n.Role.Known() {
		problems = append(problems, access.Problem{Field: "role", Code: access.Missing, Message: "Choose a role."})
	}
	i.EmailKey = emailKey(i.Email)
	return i, problems
}

// Invitations returns the pending invitations, and those that expired lately, the newest
// first. Errors: Denied.
func (s *Invitations) Invitations(ctx context.Context, by access.Actor) ([]Invitation, error) {
	if err := by.Check(access.ReadUsers); err != nil {
		return nil, err
	}
	var found []Invitation
	err := selectInvitations(s.db.Reader.WithContext(ctx)).Order("invitations.id DESC").Limit(maxAccounts).Find(&found).Error
	return found, s.db.Failed(ctx, err)
}

func selectInvitations(db *gorm.DB) *gorm.DB {
	return db.Model(&Invitation{}).Select("invitations.*, users.name AS inviter_name").Joins("JOIN users ON users.id = invitations.invited_by")
}

// Invitation returns the one with this id. Errors: ErrNotFound, Denied.
func (s *Invitations) Invitation(ctx context.Context, by access.Actor, id string) (Invitation, error) {
	if err := by.Check(access.ReadUsers); err != nil {
		return Invitation{}, err
	}
	var i Invitation
	if !text.ValidID(id) {
		return i, access.ErrNotFound
	}
	err := selectInvitations(s.db.Reader.WithContext(ctx)).Where("invitations.id = ?", id).Take(&i).Error
	return i, s.db.Failed(ctx, err)
}

// Invite makes an invitation and returns it with the secret of its link, which can't be
// retrieved later. Errors: Invalid, Denied, AlreadyInvited.
func (s *Invitations) Invite(ctx context.Context, by access.Actor, n NewInvitation) (Invitation, string, error) {
	if err := by.Check(access.ManageUsers); err != nil {
		return Invitation{}, "", err
	}
	i, problems := n.check()
	if err := problems.OrNil(); err != nil {
		return Invitation{}, "", err
	}
	secret := i.renew(by, s.db.Now())
	i.ID, i.CreatedAt = s.db.IDs.Next(s.db.Now(), ""), s.db.Now().Unix()
	err := s.log.Write(ctx, by, access.ManageUsers, audit.Invited, func(tx *gorm.DB, line *audit.Line) error {
		if err := line.By.CheckManage(i.Role); err != nil {
			return err
		}
		if err := s.checkInvited(tx, i); err != nil {
			return err
		}
		err := tx.Omit("inviter_name").Create(&i).Error
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return AlreadyInvited{}
		}
		line.SetObject("invitation", i.ID, i.Email)
		return cmp.Or(err, line.SetChanges(map[string]audit.Change{"email": {Before: nil, After: i.Email}, "role": {Before: nil, After: i.Role}}))
	})
	if errors.As(err, new(AlreadyInvited)) {
		pending, err := s.pending(ctx, i.EmailKey)
		return Invitation{}, "", cmp.Or(err, error(AlreadyInvited{pending}))
	}
	return i, secret, err
}

// AlreadyInvited is the error of an invitation for an address that has one, whose link may be replaced.
type AlreadyInvited struct{ Invitation }

func (a AlreadyInvited) Error() string { return "the address already has an invitation" }

// pending returns the invitation of an address.
func (s *Invitations) pending(ctx context.Context, emailKey string) (Invitation, error) {
	var i Invitation
	err := selectInvitations(s.db.Reader.WithContext(ctx)).Where("invitations.email_key = ?", emailKey).Take(&i).Error
	return i, s.db.Failed(ctx, err)
}

// renew gives the invitation another secret, in the name of by.
func (i *Invitation) renew(by access.Actor, now time.Time) (secret string) {
	secret = text.RandomDigits(secretLength)
	i.Hash, i.ExpiresAt = hashSecret(secret), now.Add(InvitationLimit).Unix()
	i.InvitedBy, i.InviterName = by.UserID, by.Name
	return secret
}

// checkInviter returns an error if an actor may not, now, manage users of a role.
func (s *Invitations) checkInviter(tx *gorm.DB, by access.Actor, role access.Role) error {
	now, err := s.users.currentActor(tx, by)
	return cmp.Or(err, now.CheckManage(role))
}

// checkInvited returns why the invitation can't be made, or nil. It deletes an expired
// invitation of the same address.
func (s *Invitations) checkInvited(tx *gorm.DB, i Invitation) error {
	var known int64
	if err := tx.Model(&User{}).Where("email_key = ?", i.EmailKey).Count(&known).Error; err != nil {
		return err
	}
	if known > 0 {
		return access.Refused("email", "There's already a user with this email address.")
	}
	return tx.Where("email_key = ? AND expires_at <= ?", i.EmailKey, s.db.Now().Unix()).Delete(&Invitation{}).Error
}

// RenewInvitation makes another link for an invitation, with a new InvitationLimit, and
// returns its secret; the old link is dead. Errors: ErrNotFound, Denied.
func (s *Invitations) RenewInvitation(ctx context.Context, by access.Actor, id string) (Invitation, string, error) {
	var i Invitation
	var secret string
	err := s.changeInvitation(ctx, by, audit.RenewedInvite, id, func(tx *gorm.DB, found Invitation, line *audit.Line) error {
		before := found.ExpiresAt
		i, secret = found, ""
		secret = i.renew(by, s.db.Now())
		changes := map[string]audit.Change{"expires_at": {Before: before, After: i.ExpiresAt}}
		return cmp.Or(tx.Select("hash", "expires_at", "invited_by").Updates(&i).Error, line.SetChanges(changes))
	})
	return i, secret, err
}

// RevokeInvitation deletes an invitation. Errors: ErrNotFound, Denied.
func (s *Invitations) RevokeInvitation(ctx context.Context, by access.Actor, id string) error {
	return s.changeInvitation(ctx, by, audit.RevokedInvite, id, func(tx *gorm.DB, found Invitation, line *audit.Line) error {
		changes := map[string]audit.Change{"email": {Before: found.Email, After: nil}, "role": {Before: found.Role, After: nil}}
		return cmp.Or(tx.Delete(&found).Error, line.SetChanges(changes))
	})
}

// changeInvitation is Write for a change of an invitation that the actor could make.
func (s *Invitations) changeInvitation(ctx context.Context, by access.Actor, action audit.Action, id string, fn func(*gorm.DB, Invitation, *audit.Line) error) error {
	return s.log.Write(ctx, by, access.ManageUsers, action, func(tx *gorm.DB, line *audit.Line) error {
		var i Invitation
		if !text.ValidID(id) {
			return access.ErrNotFound
		}
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Omit("inviter_name").Where("id = ?", id).Take(&i).Error; err != nil {
			return err
		}
		if err := line.By.CheckManage(i.Role); err != nil {
			return err
		}
		line.SetObject("invitation", i.ID, i.Email)
		return fn(tx, i, line)
	})
}

// OpenInvitation returns the invitation with a link's secret. Errors: ErrNotFound if it was
// used or revoked, has expired, never existed, or its inviter could no longer make it; the
// caller does not learn which.
func (s *Invitations) OpenInvitation(ctx context.Context, secret string) (Invitation, error) {
	i, err := s.openInvitation(s.db.Reader.WithContext(ctx), secret)
	return i, s.db.Failed(ctx, err)
}

func (s *Invitations) openInvitation(db *gorm.DB, secret string) (Invitation, error) {
	var i Invitation
	err := selectInvitations(db).Where("invitations.hash = ? AND invitations.expires_at > ?", hashSecret(secret), s.db.Now().Unix()).Take(&i).Error
	if err != nil {
		return i, err
	}
	inviter := access.Actor{Kind: access.UserActor, ID: i.InvitedBy, UserID: i.InvitedBy}
	if err := s.checkInviter(db, inviter, i.Role); errors.Is(err, access.ErrDenied) {
		return i, access.ErrNotFound
	} else if err != nil {
		return i, err
	}
	return i, nil
}

// AcceptInvitation creates a user for the holder of a link's secret, with the name and the
// password that they choose. where is the caller. Of two concurrent calls one succeeds.
// Errors: Invalid, and ErrNotFound as for OpenInvitation.
func (s *Invitations) AcceptInvitation(ctx context.Context, where access.Actor, secret, name, password string) (User, error) {
	i, err := s.OpenInvitation(ctx, secret)
	if err != nil {
		return User{}, err
	}
	u, problems := NewUser{Email: i.Email, Name: name, Password: password, Role: i.Role}.check()
	if err := problems.OrNil(); err != nil {
		return User{}, err
	}
	if u.PasswordHash, err = hashPassword(ctx, password); err != nil {
		return User{}, err
	}
	where.Kind = access.VisitorActor
	err = s.log.Record(ctx, where, audit.CreatedUser, func(tx *gorm.DB, line *audit.Line) error { return s.accept(tx, secret, &u, line) })
	return u, err
}

// accept is the transaction of AcceptInvitation. Its line names the new user as the actor.
func (s *Invitations) accept(tx *gorm.DB, secret string, u *User, line *audit.Line) error {
	if err := s.db.Dialect.Lock(tx, "people"); err != nil {
		return err
	}
	i, err := s.openInvitation(tx, secret)
	if err != nil {
		return err
	}
	used := tx.Where("id = ? AND hash = ?", i.ID, i.Hash).Delete(&Invitation{})
	if used.Error != nil {
		return used.Error
	}
	if used.RowsAffected == 0 {
		return access.ErrNotFound
	}
	u.Role = i.Role
	if err := s.users.insertUser(tx, u, line); err != nil {
		return err
	}
	line.SetActor(u.Actor())
	return line.SetChanges(map[string]audit.Change{"email": {Before: nil, After: u.Email}, "role": {Before: nil, After: u.Role}, "invited_by": {Before: nil, After: i.InviterName}})
}

// deleteInvitations deletes the invitations that a user made and could not make any more, and
// adds their addresses to changes.
func deleteInvitations(tx *gorm.DB, u User, changes map[string]audit.Change) error {
	made := tx.Where("invited_by = ?", u.ID)
	if roles := u.Actor().Manageable(); u.DisabledAt == nil && len(roles) > 0 {
		made = made.Where("role NOT IN ?", roles)
	}
	var revoked []Invitation
	if err := made.Omit("inviter_name").Order("email").Find(&revoked).Error; err != nil || len(revoked) == 0 {
		return err
	}
	addresses := make([]string, len(revoked))
	for i, g := range revoked {
		addresses[i] = g.Email
	}
	changes["invitations"] = audit.Change{Before: addresses, After: nil}
	return tx.Delete(&revoked).Error
}
