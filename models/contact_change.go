package models

import (
	"context"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// CreateContact creates a contact with its conversation. A second call with the same key
// returns the first one's contact. Errors: Invalid, Conflict, Denied.
func (s *Store) CreateContact(ctx context.Context, by access.Actor, c ContactChange, key *audit.IdempotencyKey) (Contact, error) {
	if c.Username == nil {
		c.Username = new("")
	}
	c, problems := c.check()
	if len(problems) > 0 {
		return Contact{}, s.refuseContact(ctx, problems, "", c)
	}
	return audit.WriteOnce(ctx, s.Audit, by, access.EditContacts, audit.CreatedContact, key, func(tx *gorm.DB, line *audit.Line) (Contact, error) {
		floor, err := s.DB.Dialect.Floor(tx, "contacts")
		if err != nil {
			return Contact{}, err
		}
		now := s.DB.Now()
		made := Contact{
			ID: s.DB.IDs.Next(now, floor), ConversationID: s.DB.IDs.Next(now, ""),
			CreatedAt: now.Unix(), UpdatedAt: now.Unix(),
		}
		made.apply(c)
		if err := tx.Create(&made).Error; err != nil {
			return Contact{}, asUsernameTaken(err, made.Username)
		}
		conv := conversation{ID: made.ConversationID, ContactID: &made.ID, CreatedAt: made.CreatedAt}
		if err := tx.Create(&conv).Error; err != nil {
			return Contact{}, err
		}
		line.SetObject("contact", made.ID, made.Name())
		line.Shown = made.Object()
		return made, line.SetChanges(contactDifferences(Contact{}, made))
	})
}

// UpdateContact makes a change and returns the contact after it. A change that changes
// nothing leaves no trace. Errors: Invalid, ErrNotFound, ErrChanged, EditConflict, Denied.
func (s *Store) UpdateContact(ctx context.Context, by access.Actor, id string, c ContactChange) (Contact, error) {
	c.DisplayName = text.OmitUnchanged(c.DisplayName, func() (string, error) {
		stored, err := s.Contact(ctx, id)
		return text.Deref(stored.DisplayName), err
	})
	c, problems := c.check()
	if len(problems) > 0 {
		return Contact{}, s.refuseContact(ctx, problems, id, c)
	}
	var now Contact
	err := s.Audit.Write(ctx, by, access.EditContacts, audit.UpdatedContact, func(tx *gorm.DB, line *audit.Line) (err error) {
		if now, err = s.lockContact(tx, id, c.If); err != nil {
			return err
		}
		if err := c.merge(tx, now); err != nil {
			return err
		}
		before := now
		if c.DisplayName != nil && before.DisplayName == nil && *c.DisplayName == before.Username {
			c.DisplayName = nil // the username, which was shown in its place, was submitted
		}
		now.apply(c)
		changes := contactDifferences(before, now)
		if len(changes) == 0 {
			return audit.ErrNothing
		}
		now.UpdatedAt = s.DB.Now().Unix()
		if err := tx.Select(contactWritten).Updates(&now).Error; err != nil {
			return asUsernameTaken(err, now.Username)
		}
		if c.reverts != "" {
			line.Action, changes[audit.RevertedField] = audit.RevertedContact, audit.Change{Before: nil, After: c.reverts}
			if err := tx.Create(revertBy(line, c.reverts)).Error; err != nil {
				return err
			}
		}
		line.SetObject("contact", now.ID, now.Name())
		line.Shown = now.Object()
		line.Undoable = true
		return line.SetChanges(changes)
	})
	return now, err
}

var contactWritten = append(contactFields.names(), "username_key", "name_key", "search", "updated_at")

// lockContact reads and locks a contact, as lockGroup does.
func (s *Store) lockContact(tx *gorm.DB, id string, when func(Contact) bool) (Contact, error) {
	var c Contact
	if !text.ValidID(id) {
		return c, access.ErrNotFound
	}
	if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&c).Error; err != nil {
		return c, err
	}
	if when != nil && !when(c) {
		return c, access.ErrChanged
	}
	return c, nil
}

// asUsernameTaken returns an Invalid for err if it is the refusal of a second equal username.
func asUsernameTaken(err error, username string) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return usernameTaken(username)
	}
	return err
}

func usernameTaken(username string) access.Invalid {
	return access.Refused("username", "The username “%s” is taken. Upper and lower case don't matter in usernames.", username)
}

// refuseContact returns the known problems of a contact, and that its username is taken. id
// is "" for a new contact.
func (s *Store) refuseContact(ctx context.Context, problems access.Invalid, id string, c ContactChange) error {
	if c.Username == nil || problems.For("username") != "" {
		return problems
	}
	_, byName, err := s.Members.lookUp(s.DB.Read(ctx), []ContactRef{{Username: *c.Username}}, "")
	if err != nil {
		return s.DB.Failed(ctx, err)
	}
	if other, found := byName[text.Fold(*c.Username)]; found && other.ID != id {
		problems = problems.And(usernameTaken(*c.Username))
	}
	return problems
}

// check returns the change with checked values, and what is wrong with it.
func (c ContactChange) check() (ContactChange, access.Invalid) {
	problems := contactFields.check(&c)
	return c, c.Problems.And(problems)
}

// apply makes a checked change.
func (c *Contact) apply(change ContactChange) {
	contactFields.apply(c, change)
	c.derive()
}

// derive sets what follows from the other values.
func (c *Contact) derive() {
	c.UsernameKey, c.NameKey, c.Search = text.UsernameKey(c.Username), text.SortKey(c.Name()), contactFields.searchKey(c)
}

// merge is GroupChange.merge for contacts.
func (c ContactChange) merge(tx *gorm.DB, stored Contact) error {
	if c.Was == nil {
		return nil
	}
	return editConflict(tx, stored.ID, c.Edits(stored))
}

// contactDifferences returns what changed about a contact, for the audit line.
func contactDifferences(before, after Contact) map[string]audit.Change {
	return audit.Changes(contactFields.differences(&before, &after))
}
