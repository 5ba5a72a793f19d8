package models

import (
	"context"
	"errors"
	"regexp"
	"strconv"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Limits of a contact's values, in characters.
const (
	MaxUsername = 64
	MaxPhone    = 32
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

// ContactFields are the values that a form edits; "" for none.
type ContactFields struct{ Username, PhoneNumber, AvatarURL, DisplayName string }

// Fields returns the contact's values for a form.
func (c Contact) Fields() ContactFields {
	return ContactFields{c.Username, text.Deref(c.PhoneNumber), text.Deref(c.AvatarURL), text.Deref(c.DisplayName)}
}

// Orders of lists of contacts: the newest first, or by name.
const (
	ContactsByAge  = ""
	ContactsByName = "name"
)

// ContactQuery says which contacts are wanted. Its zero value is the newest ones.
type ContactQuery struct {
	// Text finds contacts by any part of username, display name or phone number, however
	// that is written, or by id.
	Text string
	// Sort is ContactsByAge or ContactsByName.
	Sort string
	// Reverse reverses the order: the oldest first, or names from the end.
	Reverse bool
	// WithGroups reads the number of groups of each.
	WithGroups bool
	db.Range
}

// ContactPage is a part of a list of contacts.
type ContactPage struct {
	Contacts []Contact
	// More says that the list goes on in the direction of the range.
	More bool
	// Partial says that there were too many contacts to look through, so that some may be
	// missing.
	Partial bool
	// Count is how many there are in all, if that came with finding the page; if nil, call
	// CountContacts.
	Count *db.Count
}

func contactPage(a db.SearchResult[Contact]) ContactPage {
	return ContactPage{Contacts: a.Rows, More: a.More, Partial: a.Partial, Count: a.Count}
}

// Contacts returns a page of contacts. Errors: Invalid.
func (s *Store) Contacts(ctx context.Context, q ContactQuery) (ContactPage, error) {
	page, err := s.contacts(s.DB.Read(ctx), q)
	return page, s.DB.Failed(ctx, err)
}

func (s *Store) contacts(r db.Reader, q ContactQuery) (ContactPage, error) {
	if err := append(q.Check(), checkSearch(q.Text)...).OrNil(); err != nil {
		return ContactPage{}, err
	}
	exact, err := contactByAnyID(r, q)
	page := ContactPage{Contacts: exact}
	if err == nil && len(exact) == 0 {
		page, err = s.findContacts(r, q.sought(), q.Text, q.Range, q.args)
	}
	if err == nil && q.WithGroups {
		err = s.countGroups(r, page.Contacts)
	}
	return page, err
}

// findContacts returns a page of the contacts that match a search.
func (s *Store) findContacts(r db.Reader, l db.SearchSpec, text string, part db.Range, args func(db.Cursor) []any) (ContactPage, error) {
	l, err := s.orNumbers(r, l, text)
	if err != nil {
		return ContactPage{}, err
	}
	found, err := db.Search(s.DB, r, l, part, args, (*Contact).columns)
	return contactPage(found), err
}

// contactByAnyID returns the contact whose id, or whose conversation's id, the text is.
func contactByAnyID(r db.Reader, q ContactQuery) ([]Contact, error) {
	id := text.Unquote(q.Text)
	if !text.ValidID(id) || !q.After.IsZero() || !q.Before.IsZero() {
		return nil, nil
	}
	return db.First(r, selectContacts("(id = ? OR conversation_id = ?)", id, id), 1, (*Contact).columns)
}

// sought returns the SearchSpec of a query.
func (q ContactQuery) sought() db.SearchSpec {
	l := db.SearchSpec{Table: "contacts", Walked: "contacts", Columns: contactColumns, Order: db.IDKeyset("contacts"), ByID: q.Sort == ContactsByAge}
	l.Terms = text.SearchTerms(q.Text)
	l.Order.Desc = true
	if q.Sort == ContactsByName {
		l.Order = db.ValueKeyset("contacts", "name_key")
	}
	l.Order.Desc = l.Order.Desc != q.Reverse
	return l
}

// args returns the values of a cursor in the query's order.
func (q ContactQuery) args(c db.Cursor) []any {
	if q.Sort == ContactsByName {
		return []any{c.Value, c.ID}
	}
	return []any{c.ID}
}

// Cursor returns the place of a contact in the query's order.
func (q ContactQuery) Cursor(c Contact) db.Cursor {
	if q.Sort == ContactsByName {
		return db.Cursor{ID: c.ID, Value: text.SortKey(c.Name())}
	}
	return db.Cursor{ID: c.ID}
}

// Fits reports whether a cursor can be one of the query's order.
func (q ContactQuery) Fits(c db.Cursor) bool {
	if q.Sort == ContactsByName {
		return len(text.Valid([]string{c.Value})) == 1
	}
	return c.Value == ""
}

// CountContacts counts the contacts that a query finds, as far as CountGroups does.
func (s *Store) CountContacts(ctx context.Context, q ContactQuery) (db.Count, error) {
	r := s.DB.Read(ctx)
	if exact, err := contactByAnyID(r, q); err != nil || len(exact) > 0 {
		return db.Count{N: len(exact)}, s.DB.Failed(ctx, err)
	}
	q.Sort, q.Reverse = ContactsByAge, false
	wanted := q.sought()
	if len(wanted.Terms) == 0 {
		n, err := s.DB.Total(r, wanted.All(s.DB.Dialect), "contacts")
		return n, s.DB.Failed(ctx, err)
	}
	wanted, err := s.orNumbers(r, wanted, q.Text)
	if err != nil {
		return db.Count{}, s.DB.Failed(ctx, err)
	}
	n, err := s.DB.CountSought(r, wanted)
	return n, s.DB.Failed(ctx, err)
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

// contactSetter holds checked values; nil leaves one as it is.
type contactSetter struct{ username, phone, avatarURL, displayName *string }

// check returns the checked values of the change, and what is wrong with it.
func (c ContactChange) check() (set contactSetter, problems access.Invalid) {
	set.username = problems.Require("username", c.Username, "Enter a username for the contact.", username)
	set.displayName = problems.Check("display_name", c.DisplayName, displayName)
	set.phone = problems.Check("phone_number", c.PhoneNumber, phoneNumber)
	set.avatarURL = problems.Check("avatar_url", c.AvatarURL, avatarURL)
	return set, c.Problems.And(problems)
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
		return s, "The phone number must have digits in it."
	}
	return s, problem
}

func avatarURL(s string) (string, string) { return text.WebAddress("The avatar URL", s) }

// set sets the values, and what is derived from them.
func (c *Contact) set(v contactSetter) {
	if v.username != nil {
		c.Username = *v.username
	}
	if v.phone != nil {
		c.PhoneNumber = text.OrNil(*v.phone)
	}
	if v.avatarURL != nil {
		c.AvatarURL = text.OrNil(*v.avatarURL)
	}
	if v.displayName != nil {
		c.DisplayName = text.OrNil(*v.displayName)
	}
	c.UsernameKey = text.UsernameKey(c.Username)
	c.NameKey = text.SortKey(c.Name())
	c.Search = text.SearchKey(c.Username, text.Deref(c.DisplayName), text.PhoneDigits(text.Deref(c.PhoneNumber)))
}

// merge is GroupChange.merge for contacts.
func (c ContactChange) merge(tx *gorm.DB, stored Contact, set contactSetter) error {
	if c.Was == nil {
		return nil
	}
	now := stored.Fields()
	return overtaken(tx, stored.ID, []edit{
		{"username", set.username, c.Was.Username, now.Username},
		{"display_name", set.displayName, c.Was.DisplayName, now.DisplayName},
		{"phone_number", set.phone, c.Was.PhoneNumber, now.PhoneNumber},
		{"avatar_url", set.avatarURL, c.Was.AvatarURL, now.AvatarURL},
	})
}

// contactDifferences returns what changed about a contact, for the audit line.
func contactDifferences(before, after Contact) map[string]audit.Change {
	return audit.Changes([]audit.Difference{
		{Field: "username", Before: text.OrNil(before.Username), After: text.OrNil(after.Username)},
		{Field: "display_name", Before: before.DisplayName, After: after.DisplayName},
		{Field: "phone_number", Before: before.PhoneNumber, After: after.PhoneNumber},
		{Field: "avatar_url", Before: before.AvatarURL, After: after.AvatarURL},
	})
}

// orNumbers returns l with typed read as phone numbers if it is written like them and finds
// nothing as words: a name may be written like a number.
func (s *Store) orNumbers(r db.Reader, l db.SearchSpec, typed string) (db.SearchSpec, error) {
	terms := text.NumberTerms(typed)
	if terms == nil {
		return l, nil
	}
	found, err := db.Search(s.DB, r, l, db.Range{Limit: 1}, nil, (*Contact).columns)
	if err == nil && len(found.Rows) == 0 {
		l.Terms = terms
	}
	return l, err
}
