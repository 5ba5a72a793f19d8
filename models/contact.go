package models

import (
	"context"
	"regexp"
	"strconv"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Limits of a contact's values, in characters.
const (
	MaxUsername = 64
	MaxPhone    = 32
)

// Contact is someone who can be in groups. Optional values are nil if there are none.
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
	// JoinedAt is when the contact was added to the group whose members were listed, in Unix
	// seconds.
	JoinedAt int64 `gorm:"-" json:"-"`

	// UsernameKey, NameKey and Search are what the contact is found, sorted and searched
	// by.
	UsernameKey string `json:"-"`
	NameKey     string `json:"-"`
	Search      string `json:"-"`
}

// ContactFields are the values that a form edits; "" for none.
type ContactFields struct{ Username, PhoneNumber, AvatarURL, DisplayName string }

// ContactChange is what a new contact gets or what to change about one: nil leaves a value
// as it is, "" removes an optional one.
type ContactChange struct {
	Username, PhoneNumber, AvatarURL, DisplayName *string
	// Was and If are as in GroupChange.
	Was *ContactFields
	If  func(Contact) bool
	// Problems are as in GroupChange.
	Problems access.Invalid

	reverts string // the id of the audit line that the change puts back, or ""
}

// contactFields are the texts of a contact that can be edited.
var contactFields = fields[Contact, ContactChange, ContactFields]{
	{
		name: "username", label: "username", missing: "Enter a username for the contact.", rule: username,
		right: access.EditContacts, searched: verbatim,
		column: func(c *Contact) any { return &c.Username },
		change: func(c *ContactChange) **string { return &c.Username },
		form:   func(f *ContactFields) *string { return &f.Username },
	},
	{
		name: "display_name", label: "display name", rule: displayName,
		right: access.EditContacts, searched: verbatim,
		column: func(c *Contact) any { return &c.DisplayName },
		change: func(c *ContactChange) **string { return &c.DisplayName },
		form:   func(f *ContactFields) *string { return &f.DisplayName },
	},
	{
		name: "phone_number", label: "phone number", rule: phoneNumber,
		right: access.EditContacts, searched: text.PhoneDigits,
		column: func(c *Contact) any { return &c.PhoneNumber },
		change: func(c *ContactChange) **string { return &c.PhoneNumber },
		form:   func(f *ContactFields) *string { return &f.PhoneNumber },
	},
	{
		name: "avatar_url", label: "avatar URL", rule: avatarURL,
		right:  access.EditContacts,
		column: func(c *Contact) any { return &c.AvatarURL },
		change: func(c *ContactChange) **string { return &c.AvatarURL },
		form:   func(f *ContactFields) *string { return &f.AvatarURL },
	},
}

var usernameForm = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

func username(s string) (string, string) {
	s, problem := text.Line("The username", s, MaxUsername)
	switch {
	case problem != "":
		return s, problem
	case !usernameForm.MatchString(s):
		return s, "The username can have letters A to Z, digits, dots, hyphens and underscores only."
	}
	return s, ""
}

func displayName(s string) (string, string) {
	return text.Visible(text.ProperName("The display name", s))
}

func phoneNumber(s string) (string, string) {
	s, problem := text.Line("The phone number", s, MaxPhone)
	if problem == "" && s != "" && text.PhoneDigits(s) == "" {
		return s, "The phone number must contain digits."
	}
	return s, problem
}

func avatarURL(s string) (string, string) { return text.WebAddress("The avatar URL", s) }

// Name returns the display name, or else the username.
func (c Contact) Name() string {
	if c.DisplayName != nil {
		return *c.DisplayName
	}
	return c.Username
}

// Fields returns the contact's values for a form.
func (c Contact) Fields() ContactFields { return contactFields.formOf(&c) }

// Inputs returns the values under the names of the form's inputs.
func (f ContactFields) Inputs() []Input { return contactFields.inputs(f) }

// NewContactFields returns the values that value returns by the names of the fields.
func NewContactFields(value func(name string) string) ContactFields {
	return contactFields.newForm(value)
}

// NewContactChange returns a change to the values that value returns by the names of the
// fields.
func NewContactChange(value func(name string) *string) ContactChange {
	return contactFields.newChange(value)
}

// Edits compares the change, which has Was, with the contact after it.
func (c ContactChange) Edits(now Contact) []Edit { return contactFields.edits(c, *c.Was, &now) }

var contactColumns = contactFields.selected("contacts", "id", "conversation_id", "last_active_at", "created_at", "updated_at")

// selectContacts selects the contacts that match a condition, without the derived columns.
func selectContacts(condition string, args ...any) db.Selection {
	return db.SelectFrom("contacts", contactColumns, condition, args...)
}

// selectMembers selects the contacts of memberships; columns come before theirs.
func selectMembers(columns string) db.Selection {
	return db.Selection{Columns: columns + contactColumns, From: "contacts", Joins: " JOIN memberships ON memberships.contact_id = contacts.id"}
}

// columns returns the destinations of contactColumns.
func (c *Contact) columns() []any {
	return contactFields.scanned(c, &c.ID, &c.ConversationID, &c.LastActiveAt, &c.CreatedAt, &c.UpdatedAt)
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
		err = s.countGroupsOf(r, contacts)
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

// groupsCounted is how far the groups of a contact are counted.
const groupsCounted = 1000

// countGroupsOf counts the groups of each contact in one query.
func (s *Store) countGroupsOf(r db.Reader, contacts []Contact) error {
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
