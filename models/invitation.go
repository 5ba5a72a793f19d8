package models

import (
	"cmp"
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// InvitationLimit is for how long an invitation is good, and keepInvitations for how long
// after that it is listed, so that it can be renewed.
const (
	InvitationLimit = 72 * time.Hour
	keepInvitations = 30 * 24 * time.Hour
)

// Invitation is a link that makes whoever opens it one of the people, once. Its secret is
// in the link only; the hash is stored.
type Invitation struct {
	ID    string
	Email string
	// Name is what the invited person is called; "" where nobody said.
	Name string
	Role Role
	// InvitedBy is the id of who made the link, whose name is InviterName.
	InvitedBy   string
	InviterName string `gorm:"->;-:migration"`
	// Times are Unix seconds.
	CreatedAt, ExpiresAt int64

	// EmailKey is the address as it identifies somebody, by which somebody is invited once. Hash is SHA-256 of
	// the secret.
	EmailKey, Hash string
}

// Expired tells whether the link is no good any more.
func (i Invitation) Expired(now time.Time) bool { return i.ExpiresAt <= now.Unix() }

// NewInvitation is what an invitation is made from. Name may be "".
type NewInvitation struct {
	Email, Name string
	Role        Role
}

func (n NewInvitation) check() (Invitation, Invalid) {
	var problems Invalid
	i := Invitation{Role: n.Role}
	i.Email = *problems.require("email", &n.Email, "Enter the e-mail address of the person.", emailAddress)
	i.Name = *problems.check("name", &n.Name, func(s string) (string, string) { return properName("The name", s) })
	if !n.Role.known() {
		problems = append(problems, Problem{Field: "role", Code: Missing, Message: "Choose a role."})
	}
	i.EmailKey = emailKey(i.Email)
	return i, problems
}

// Invitations answers those that wait for an answer, and those that ran out lately, the
// newest first. Error: Denied.
func (s *Store) Invitations(ctx context.Context, by Actor) ([]Invitation, error) {
	if err := by.Check(ReadPeople); err != nil {
		return nil, err
	}
	var found []Invitation
	err := selectInvitations(s.read.WithContext(ctx)).Order("invitations.id DESC").Limit(maxPeople).Find(&found).Error
	return found, s.failed(ctx, err)
}

func selectInvitations(db *gorm.DB) *gorm.DB {
	return db.Model(&Invitation{}).Select("invitations.*, users.name AS inviter_name").Joins("JOIN users ON users.id = invitations.invited_by")
}

// Invitation answers the one with this id. Errors: ErrNotFound, Denied.
func (s *Store) Invitation(ctx context.Context, by Actor, id string) (Invitation, error) {
	if err := by.Check(ReadPeople); err != nil {
		return Invitation{}, err
	}
	var i Invitation
	if !ValidID(id) {
		return i, ErrNotFound
	}
	err := selectInvitations(s.read.WithContext(ctx)).Where("invitations.id = ?", id).Take(&i).Error
	return i, s.failed(ctx, err)
}

// Invite makes an invitation and answers it with the secret of its link, which can't be
// had again. Errors: Invalid, Denied.
func (s *Store) Invite(ctx context.Context, by Actor, n NewInvitation) (Invitation, string, error) {
	if err := by.Check(ManagePeople); err != nil {
		return Invitation{}, "", err
	}
	i, problems := n.check()
	if err := problems.orNil(); err != nil {
		return Invitation{}, "", err
	}
	secret := i.renew(by, s.Now())
	i.ID, i.CreatedAt = s.ids.next(s.Now(), ""), s.Now().Unix()
	err := s.write(ctx, by, ManagePeople, Invited, func(tx *gorm.DB, line *AuditLine) error {
		if err := line.by.checkManage(i.Role); err != nil {
			return err
		}
		if err := s.checkInvited(tx, i); err != nil {
			return err
		}
		err := tx.Omit("inviter_name").Create(&i).Error
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return bad("email", "This person is invited already. Send them a new link from the list of people.")
		}
		line.about("invitation", i.ID, i.Email)
		return cmp.Or(err, line.say(map[string]change{"email": {nil, i.Email}, "role": {nil, i.Role}}))
	})
	return i, secret, err
}

// renew gives the invitation another secret, for which the inviter answers.
func (i *Invitation) renew(by Actor, now time.Time) (secret string) {
	secret = randomDigits(secretLength)
	i.Hash, i.ExpiresAt = hashSecret(secret), now.Add(InvitationLimit).Unix()
	i.InvitedBy, i.InviterName = by.UserID, by.Name
	return secret
}

// checkInviter asks whether an actor may by now make somebody one of a role.
func (s *Store) checkInviter(tx *gorm.DB, by Actor, role Role) error {
	now, err := s.present(tx, by)
	return cmp.Or(err, now.checkManage(role))
}

// checkInvited is what speaks against inviting somebody. An invitation to them that has
// run out does not.
func (s *Store) checkInvited(tx *gorm.DB, i Invitation) error {
	var known int64
	if err := tx.Model(&User{}).Where("email_key = ?", i.EmailKey).Count(&known).Error; err != nil {
		return err
	}
	if known > 0 {
		return bad("email", "There is a user with this e-mail address already.")
	}
	return tx.Where("email_key = ? AND expires_at <= ?", i.EmailKey, s.Now().Unix()).Delete(&Invitation{}).Error
}

// RenewInvitation makes another link for an invitation, good for as long as a first one;
// the old link is dead. Errors: ErrNotFound, Denied.
func (s *Store) RenewInvitation(ctx context.Context, by Actor, id string) (Invitation, string, error) {
	var i Invitation
	var secret string
	err := s.changeInvitation(ctx, by, RenewedInvite, id, func(tx *gorm.DB, found Invitation, line *AuditLine) error {
		before := found.ExpiresAt
		i, secret = found, ""
		secret = i.renew(by, s.Now())
		said := map[string]change{"expires_at": {before, i.ExpiresAt}}
		return cmp.Or(tx.Select("hash", "expires_at", "invited_by").Updates(&i).Error, line.say(said))
	})
	return i, secret, err
}

// RevokeInvitation makes the link of an invitation dead. Errors: ErrNotFound, Denied.
func (s *Store) RevokeInvitation(ctx context.Context, by Actor, id string) error {
	return s.changeInvitation(ctx, by, RevokedInvite, id, func(tx *gorm.DB, found Invitation, line *AuditLine) error {
		said := map[string]change{"email": {found.Email, nil}, "role": {found.Role, nil}}
		return cmp.Or(tx.Delete(&found).Error, line.say(said))
	})
}

// changeInvitation is write for a change of an invitation that the actor could make.
func (s *Store) changeInvitation(ctx context.Context, by Actor, action Action, id string, fn func(*gorm.DB, Invitation, *AuditLine) error) error {
	return s.write(ctx, by, ManagePeople, action, func(tx *gorm.DB, line *AuditLine) error {
		var i Invitation
		if !ValidID(id) {
			return ErrNotFound
		}
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Omit("inviter_name").Where("id = ?", id).Take(&i).Error; err != nil {
			return err
		}
		if err := line.by.checkManage(i.Role); err != nil {
			return err
		}
		line.about("invitation", i.ID, i.Email)
		return fn(tx, i, line)
	})
}

// OpenInvitation answers the invitation that a link's secret stands for. One that was
// used, revoked, has run out, or never was, is ErrNotFound; and so is one of somebody who
// could not make it any more: nobody learns which.
func (s *Store) OpenInvitation(ctx context.Context, secret string) (Invitation, error) {
	i, err := s.openInvitation(s.read.WithContext(ctx), secret)
	return i, s.failed(ctx, err)
}

func (s *Store) openInvitation(db *gorm.DB, secret string) (Invitation, error) {
	var i Invitation
	err := selectInvitations(db).Where("invitations.hash = ? AND invitations.expires_at > ?", hashSecret(secret), s.Now().Unix()).Take(&i).Error
	if err != nil {
		return i, err
	}
	inviter := Actor{Kind: UserActor, ID: i.InvitedBy, UserID: i.InvitedBy}
	if err := s.checkInviter(db, inviter, i.Role); errors.Is(err, ErrDenied) {
		return i, ErrNotFound
	} else if err != nil {
		return i, err
	}
	return i, nil
}

// AcceptInvitation makes whoever has the link's secret a user, under the name and the
// password that they choose. where says where the request came from. Of two at once one
// succeeds. Errors: ErrNotFound as OpenInvitation, Invalid.
func (s *Store) AcceptInvitation(ctx context.Context, where Actor, secret, name, password string) (User, error) {
	i, err := s.OpenInvitation(ctx, secret)
	if err != nil {
		return User{}, err
	}
	u, problems := NewUser{Email: i.Email, Name: name, Password: password, Role: i.Role}.check()
	if err := problems.orNil(); err != nil {
		return User{}, err
	}
	if u.PasswordHash, err = hashPassword(ctx, password); err != nil {
		return User{}, err
	}
	where.Kind = VisitorActor
	err = s.record(ctx, where, CreatedUser, func(tx *gorm.DB, line *AuditLine) error { return s.accept(tx, secret, &u, line) })
	return u, err
}

// accept is the transaction of AcceptInvitation. Its line names the new user as who did it.
func (s *Store) accept(tx *gorm.DB, secret string, u *User, line *AuditLine) error {
	if err := s.dialect.lock(tx, "people"); err != nil {
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
		return ErrNotFound
	}
	u.Role = i.Role
	if err := s.insertUser(tx, u, line); err != nil {
		return err
	}
	line.setActor(u.Actor())
	return line.say(map[string]change{"email": {nil, u.Email}, "role": {nil, u.Role}, "invited_by": {nil, i.InviterName}})
}

// dropInvitations takes back what somebody invited others to and could not any more, and
// names the addresses in what a line says.
func dropInvitations(tx *gorm.DB, u User, said map[string]change) error {
	made := tx.Where("invited_by = ?", u.ID)
	if roles := u.Actor().Manageable(); u.DisabledAt == nil && len(roles) > 0 {
		made = made.Where("role NOT IN ?", roles)
	}
	var gone []Invitation
	if err := made.Omit("inviter_name").Order("email").Find(&gone).Error; err != nil || len(gone) == 0 {
		return err
	}
	addresses := make([]string, len(gone))
	for i, g := range gone {
		addresses[i] = g.Email
	}
	said["invitations"] = change{addresses, nil}
	return tx.Delete(&gone).Error
}
