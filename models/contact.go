package models

import (
	"context"
	"errors"
	"strconv"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Contact is somebody who can be in groups. Optional values are nil if there are none.
type Contact struct {
	ID             string
	Username       string
	PhoneNumber    *string
	AvatarURL      *string
	DisplayName    *string
	ConversationID string
	// LastActiveAt, CreatedAt and UpdatedAt are Unix seconds; LastActiveAt may be nil.
	LastActiveAt         *int64
	CreatedAt, UpdatedAt int64

	// Groups is how many groups the contact is in, if that was read.
	Groups db.Count `gorm:"-" json:"-"`

	// UsernameKey, NameKey and Search are what the contact is found, sorted and searched
	// by.
	UsernameKey string `json:"-"`
	NameKey     string `json:"-"`
	Search      string `json:"-"`
}

const contactColumns = "contacts.id, contacts.username, contacts.phone_number, contacts.avatar_url, contacts.display_name, " +
	"contacts.conversation_id, contacts.last_active_at, contacts.created_at, contacts.updated_at"

// selectContacts selects the contacts that match a condition, without the derived columns.
func selectContacts(condition string, args ...any) db.Selection {
	return db.SelectFrom("contacts", contactColumns, condition, args...)
}

// selectMembers selects the contacts of memberships; columns come before theirs.
func selectMembers(columns string) db.Selection {
	return db.Selection{Columns: columns + contactColumns, From: "contacts", Joins: " JOIN memberships ON memberships.contact_id = contacts.id"}
}

// columns returns the destinations of selectContacts.
func (c *Contact) columns() []any {
	return []any{
		&c.ID, &c.Username, &c.PhoneNumber, &c.AvatarURL, &c.DisplayName,
		&c.ConversationID, &c.LastActiveAt, &c.CreatedAt, &c.UpdatedAt,
	}
}

// Name returns the display name, or else the username.
func (c Contact) Name() string {
	if c.DisplayName != nil {
		return *c.DisplayName
	}
	return c.Username
}

// groupsCounted is how far the groups of a contact are counted.
const groupsCounted = 1000

// countGroups counts the groups of each contact in one query.
func (s *Store) countGroups(r db.Reader, contacts []Contact) error {
	if len(contacts) == 0 {
		return nil
	}
	type count struct {
		id string
		n  int
	}
	some := "SELECT 1 FROM memberships WHERE memberships.contact_id = contacts.id AND " + ofGroups + " LIMIT " + strconv.Itoa(groupsCounted+1)
	query := db.Selection{Columns: "id, (SELECT count(*) FROM (" + some + ") AS part)", From: "contacts"}
	query.Where(s.DB.Dialect.Among("id", contactIDs(contacts)))
	rows, err := db.Collect(r, query.SQL(), false, query.Args, func(c *count) []any { return []any{&c.id, &c.n} })
	counts := make(map[string]int, len(rows))
	for _, row := range rows {
		counts[row.id] = row.n
	}
	for i := range contacts {
		n := counts[contacts[i].ID]
		contacts[i].Groups = db.Count{N: min(n, groupsCounted), More: n > groupsCounted}
	}
	return err
}

// Contact returns one contact with the number of its groups, or ErrNotFound.
func (s *Store) Contact(ctx context.Context, id string) (Contact, error) {
	if !text.ValidID(id) {
		return Contact{}, access.ErrNotFound
	}
	r := s.DB.Read(ctx)
	c, err := db.Take(r, selectContacts("id = ?", id), (*Contact).columns)
	contacts := []Contact{c}
	if err == nil {
		err = s.countGroups(r, contacts)
	}
	return contacts[0], s.DB.Failed(ctx, err)
}

// ContactsByID returns those contacts with these ids that exist, in the order of ids.
func (s *Store) ContactsByID(ctx context.Context, ids []string) ([]Contact, error) {
	ids = text.Valid(ids[:min(len(ids), MaxContacts)])
	query := selectContacts(s.DB.Dialect.Among("id", ids))
	found, err := db.Collect(s.DB.Read(ctx), query.SQL(), true, query.Args, (*Contact).columns)
	byID := make(map[string]Contact, len(found))
	for _, c := range found {
		byID[c.ID] = c
	}
	var contacts []Contact
	for _, id := range ids {
		if c, ok := byID[id]; ok {
			contacts = append(contacts, c)
			delete(byID, id)
		}
	}
	return contacts, s.DB.Failed(ctx, err)
}

// CreateContact creates a contact with its conversation. A second call with the same key
// returns the first one's contact. Errors: Invalid, Conflict, Denied.
func (s *Store) CreateContact(ctx context.Context, by access.Actor, c ContactChange, key *audit.IdempotencyKey) (Contact, error) {
	if c.Username == nil {
		c.Username = new("")
	}
	set, problems := c.check()
	if len(problems) > 0 {
		return Contact{}, s.refuseContact(ctx, problems, "", set)
	}
	return audit.Once(ctx, s.Audit, by, access.EditContacts, audit.CreatedContact, key, func(tx *gorm.DB, line *audit.Line) (Contact, error) {
		floor, err := s.DB.Dialect.Floor(tx, "contacts")
		if err != nil {
			return Contact{}, err
		}
		now := s.DB.Now()
		made := Contact{
			ID: s.DB.IDs.Next(now, floor), ConversationID: s.DB.IDs.Next(now, ""),
			CreatedAt: now.Unix(), UpdatedAt: now.Unix(),
		}
		made.set(set)
		if err := tx.Create(&made).Error; err != nil {
			return Contact{}, taken(err, made.Username)
		}
		talk := conversation{ID: made.ConversationID, ContactID: &made.ID, CreatedAt: made.CreatedAt}
		if err := tx.Create(&talk).Error; err != nil {
			return Contact{}, err
		}
		line.SetObject("contact", made.ID, made.Name())
		return made, line.SetChanges(contactDifferences(Contact{}, made))
	})
}

// UpdateContact makes a change and returns the contact after it. A change that changes
// nothing leaves no trace. Errors: Invalid, ErrNotFound, ErrChanged, EditConflict, Denied.
func (s *Store) UpdateContact(ctx context.Context, by access.Actor, id string, c ContactChange) (Contact, error) {
	c.DisplayName = text.SentBack(c.DisplayName, func() (string, error) {
		stored, err := s.Contact(ctx, id)
		return text.Deref(stored.DisplayName), err
	})
	set, problems := c.check()
	if len(problems) > 0 {
		return Contact{}, s.refuseContact(ctx, problems, id, set)
	}
	var now Contact
	err := s.Audit.Write(ctx, by, access.EditContacts, audit.UpdatedContact, func(tx *gorm.DB, line *audit.Line) (err error) {
		if now, err = s.lockContact(tx, id, c.If); err != nil {
			return err
		}
		if err := c.merge(tx, now, set); err != nil {
			return err
		}
		before := now
		if set.displayName != nil && before.DisplayName == nil && *set.displayName == before.Username {
			set.displayName = nil // what was shown in its place, sent back
		}
		now.set(set)
		said := contactDifferences(before, now)
		if len(said) == 0 {
			return audit.ErrNothing
		}
		now.UpdatedAt = s.DB.Now().Unix()
		if err := tx.Select(contactWritten).Updates(&now).Error; err != nil {
			return taken(err, now.Username)
		}
		if c.reverts != "" {
			line.Action, said[audit.RevertedField] = audit.PutBackContact, audit.Change{Before: nil, After: c.reverts}
		}
		line.SetObject("contact", now.ID, now.Name())
		return line.SetChanges(said)
	})
	return now, err
}

var contactWritten = []string{
	"username", "username_key", "phone_number", "avatar_url", "display_name", "name_key", "search", "updated_at",
}

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

// taken returns an Invalid for the refusal of a second equal username.
func taken(err error, username string) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return usernameTaken(username)
	}
	return err
}

func usernameTaken(username string) access.Invalid {
	return access.Refused("username", "The username “%s” is taken. Usernames are the same with capital and small letters.", username)
}

// refuseContact returns the known problems of a contact, and that its username is taken. id
// is "" for a new contact.
func (s *Store) refuseContact(ctx context.Context, problems access.Invalid, id string, set contactSetter) error {
	if set.username == nil || problems.For("username") != "" {
		return problems
	}
	_, byName, err := s.lookUp(s.DB.Read(ctx), []ContactRef{{Username: *set.username}}, "")
	if err != nil {
		return s.DB.Failed(ctx, err)
	}
	if c, found := byName[text.Fold(*set.username)]; found && c.ID != id {
		problems = problems.And(usernameTaken(*set.username))
	}
	return problems
}
