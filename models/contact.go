package models

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Limits of a contact's values, in characters.
const (
	MaxUsername = 64
	MaxPhone    = 32
)

// Contact is somebody who can be in groups.
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

	// Groups is how many groups the contact is in, where it was asked for.
	Groups Count `gorm:"-" json:"-"`

	UsernameKey string `json:"-"`
	NameKey     string `json:"-"`
	Search      string `json:"-"`
}

const contactColumns = "contacts.id, contacts.username, contacts.phone_number, contacts.avatar_url, contacts.display_name, " +
	"contacts.conversation_id, contacts.last_active_at, contacts.created_at, contacts.updated_at"

// selectContacts reads the contacts that a condition names by their columns; the
// derived ones stay in the database.
func selectContacts(condition string, args ...any) selection {
	return selectFrom("contacts", contactColumns, condition, args...)
}

// selectMembers reads the contacts of memberships, after other columns of these.
func selectMembers(columns string) selection {
	return selection{columns: columns + contactColumns, from: "contacts", joins: " JOIN memberships ON memberships.contact_id = contacts.id"}
}

// columns are where what selectContacts reads goes.
func (c *Contact) columns() []any {
	return []any{
		&c.ID, &c.Username, &c.PhoneNumber, &c.AvatarURL, &c.DisplayName,
		&c.ConversationID, &c.LastActiveAt, &c.CreatedAt, &c.UpdatedAt,
	}
}

// Name is what the contact is called: the display name, or else the username.
func (c Contact) Name() string {
	if c.DisplayName != nil {
		return *c.DisplayName
	}
	return c.Username
}

// ContactChange is what a new contact gets or what is to change about one: nil
// leaves a value as it is, "" takes an optional one away.
type ContactChange struct {
	Username, PhoneNumber, AvatarURL, DisplayName *string
	// Was and If are as in GroupChange; an edit that somebody else has overtaken is
	// an EditConflict of contact fields.
	Was *ContactFields
	If  func(Contact) bool
	// Problems are as in GroupChange.
	Problems Invalid

	reverts string // the id of the audit line that the change puts back, or ""
}

// ContactFields are the values that a form edits; "" is none.
type ContactFields struct{ Username, PhoneNumber, AvatarURL, DisplayName string }

// Fields are the values of the contact that a form shows.
func (c Contact) Fields() ContactFields {
	return ContactFields{c.Username, deref(c.PhoneNumber), deref(c.AvatarURL), deref(c.DisplayName)}
}

// Orders of lists of contacts.
const (
	ContactsByAge  = ""
	ContactsByName = "name"
)

// ContactQuery is which contacts are wanted. Its zero value is the newest ones.
type ContactQuery struct {
	// Text finds contacts by any part of username, display name or phone number, however
	// that is written, or by id.
	Text string
	// Sort is ContactsByAge or ContactsByName.
	Sort string
	// Reverse turns the order round: the oldest first, or names from the end.
	Reverse bool
	// WithGroups asks for the number of groups of each.
	WithGroups bool
	Range
}

// ContactPage is a part of a list of contacts.
type ContactPage struct {
	Contacts []Contact
	// More says that the list goes on in the direction that was asked for.
	More bool
	// Partial says that there were too many contacts to look through: some that belong
	// to the page may be missing.
	Partial bool
	// Count is how many there are in all, where that came with finding the page; nil
	// where CountContacts has to tell.
	Count *Count
}

func contactPage(a answer[Contact]) ContactPage {
	return ContactPage{Contacts: a.rows, More: a.more, Partial: a.partial, Count: a.count}
}

// Contacts answers a page of contacts.
func (s *Store) Contacts(ctx context.Context, q ContactQuery) (ContactPage, error) {
	page, err := s.contacts(s.reader(ctx), q)
	return page, s.failed(ctx, err)
}

func (s *Store) contacts(r reader, q ContactQuery) (ContactPage, error) {
	if err := append(q.check(), checkSearch(q.Text)...).orNil(); err != nil {
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

// findContacts is a page of the contacts that are sought by a text.
func (s *Store) findContacts(r reader, l sought, text string, part Range, args func(Cursor) []any) (ContactPage, error) {
	l, err := s.orNumbers(r, l, text)
	if err != nil {
		return ContactPage{}, err
	}
	found, err := search(s, r, l, part, args, (*Contact).columns)
	return contactPage(found), err
}

// contactByAnyID is the contact whose id, or whose conversation's id, the text is.
func contactByAnyID(r reader, q ContactQuery) ([]Contact, error) {
	id := Unquote(q.Text)
	if !ValidID(id) || !q.After.IsZero() || !q.Before.IsZero() {
		return nil, nil
	}
	return first(r, selectContacts("(id = ? OR conversation_id = ?)", id, id), 1, (*Contact).columns)
}

// sought is the rows that a query asks for, and their order.
func (q ContactQuery) sought() sought {
	l := sought{table: "contacts", walked: "contacts", columns: contactColumns, order: idKeyset("contacts"), byID: q.Sort == ContactsByAge}
	l.terms = searchTerms(q.Text)
	l.order.desc = true
	if q.Sort == ContactsByName {
		l.order = valueKeyset("contacts", "name_key")
	}
	l.order.desc = l.order.desc != q.Reverse
	return l
}

// args is what a cursor stands for in the query's order.
func (q ContactQuery) args(c Cursor) []any {
	if q.Sort == ContactsByName {
		return []any{c.Value, c.ID}
	}
	return []any{c.ID}
}

// Cursor is the place of a contact in the query's order.
func (q ContactQuery) Cursor(c Contact) Cursor {
	if q.Sort == ContactsByName {
		return Cursor{ID: c.ID, Value: sortKey(c.Name())}
	}
	return Cursor{ID: c.ID}
}

// Fits tells whether a cursor can be one of the query's order.
func (q ContactQuery) Fits(c Cursor) bool {
	if q.Sort == ContactsByName {
		return len(valid([]string{c.Value})) == 1
	}
	return c.Value == ""
}

// CountContacts counts the contacts that a query finds, as far as CountGroups does.
func (s *Store) CountContacts(ctx context.Context, q ContactQuery) (Count, error) {
	r := s.reader(ctx)
	if exact, err := contactByAnyID(r, q); err != nil || len(exact) > 0 {
		return Count{N: len(exact)}, s.failed(ctx, err)
	}
	q.Sort, q.Reverse = ContactsByAge, false
	wanted := q.sought()
	if len(wanted.terms) == 0 {
		n, err := s.total(r, wanted.all(s.dialect), "contacts")
		return n, s.failed(ctx, err)
	}
	wanted, err := s.orNumbers(r, wanted, q.Text)
	if err != nil {
		return Count{}, s.failed(ctx, err)
	}
	n, err := s.countSought(r, wanted)
	return n, s.failed(ctx, err)
}

// groupsCounted is how far the groups of a contact are counted.
const groupsCounted = 1000

// countGroups counts the groups of each contact in one query.
func (s *Store) countGroups(r reader, contacts []Contact) error {
	if len(contacts) == 0 {
		return nil
	}
	type count struct {
		id string
		n  int
	}
	some := "SELECT 1 FROM memberships WHERE memberships.contact_id = contacts.id AND " + ofGroups + " LIMIT " + strconv.Itoa(groupsCounted+1)
	query := selection{columns: "id, (SELECT count(*) FROM (" + some + ") AS part)", from: "contacts"}
	query.where(s.dialect.among("id", contactIDs(contacts)))
	rows, err := collect(r, query.sql(), false, query.args, func(c *count) []any { return []any{&c.id, &c.n} })
	counts := make(map[string]int, len(rows))
	for _, row := range rows {
		counts[row.id] = row.n
	}
	for i := range contacts {
		n := counts[contacts[i].ID]
		contacts[i].Groups = Count{N: min(n, groupsCounted), More: n > groupsCounted}
	}
	return err
}

// Contact answers one contact with the number of its groups, or ErrNotFound.
func (s *Store) Contact(ctx context.Context, id string) (Contact, error) {
	if !ValidID(id) {
		return Contact{}, ErrNotFound
	}
	r := s.reader(ctx)
	c, err := take(r, selectContacts("id = ?", id), (*Contact).columns)
	contacts := []Contact{c}
	if err == nil {
		err = s.countGroups(r, contacts)
	}
	return contacts[0], s.failed(ctx, err)
}

// ContactsByID answers the contacts of these ids that exist, in the order of the ids given.
func (s *Store) ContactsByID(ctx context.Context, ids []string) ([]Contact, error) {
	ids = valid(ids[:min(len(ids), MaxContacts)])
	query := selectContacts(s.dialect.among("id", ids))
	found, err := collect(s.reader(ctx), query.sql(), true, query.args, (*Contact).columns)
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
	return contacts, s.failed(ctx, err)
}

// CreateContact makes a contact with its conversation. Where key is given, a
// second call under it answers the first one's contact.
func (s *Store) CreateContact(ctx context.Context, by Actor, c ContactChange, key *Once) (Contact, error) {
	if c.Username == nil {
		c.Username = new("")
	}
	set, problems := c.check()
	if len(problems) > 0 {
		return Contact{}, s.refuseContact(ctx, problems, "", set)
	}
	return once(ctx, s, by, EditContacts, CreatedContact, key, func(tx *gorm.DB, line *AuditLine) (Contact, error) {
		floor, err := s.dialect.floor(tx, "contacts")
		if err != nil {
			return Contact{}, err
		}
		now := s.Now()
		made := Contact{
			ID: s.ids.next(now, floor), ConversationID: s.ids.next(now, ""),
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
		line.about("contact", made.ID, made.Name())
		return made, line.say(contactDifferences(Contact{}, made))
	})
}

// UpdateContact makes a change and answers the contact as it is then. A change
// that changes nothing leaves no trace. Errors: Invalid, ErrNotFound, ErrChanged,
// EditConflict, Denied.
func (s *Store) UpdateContact(ctx context.Context, by Actor, id string, c ContactChange) (Contact, error) {
	c.DisplayName = sentBack(c.DisplayName, func() (string, error) {
		stored, err := s.Contact(ctx, id)
		return deref(stored.DisplayName), err
	})
	set, problems := c.check()
	if len(problems) > 0 {
		return Contact{}, s.refuseContact(ctx, problems, id, set)
	}
	var now Contact
	err := s.write(ctx, by, EditContacts, UpdatedContact, func(tx *gorm.DB, line *AuditLine) (err error) {
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
			return errUnchanged
		}
		now.UpdatedAt = s.Now().Unix()
		if err := tx.Select(contactWritten).Updates(&now).Error; err != nil {
			return taken(err, now.Username)
		}
		if c.reverts != "" {
			line.Action, said[revertedField] = PutBackContact, change{nil, c.reverts}
		}
		line.about("contact", now.ID, now.Name())
		return line.say(said)
	})
	return now, err
}

var contactWritten = []string{
	"username", "username_key", "phone_number", "avatar_url", "display_name", "name_key", "search", "updated_at",
}

// lockContact reads a contact that is about to change, as lockGroup does.
func (s *Store) lockContact(tx *gorm.DB, id string, when func(Contact) bool) (Contact, error) {
	var c Contact
	if !ValidID(id) {
		return c, ErrNotFound
	}
	if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&c).Error; err != nil {
		return c, err
	}
	if when != nil && !when(c) {
		return c, ErrChanged
	}
	return c, nil
}

// taken turns the refusal of a second equal username into words.
func taken(err error, username string) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return usernameTaken(username)
	}
	return err
}

func usernameTaken(username string) Invalid {
	return bad("username", "The username “%s” is taken. Usernames are the same with capital and small letters.", username)
}

// refuseContact is what is wrong with a contact, "" for a new one: the problems that are
// known, and that its username is taken.
func (s *Store) refuseContact(ctx context.Context, problems Invalid, id string, set contactSetter) error {
	if set.username == nil || problems.For("username") != "" {
		return problems
	}
	_, byName, err := s.lookUp(s.reader(ctx), []ContactRef{{Username: *set.username}}, "")
	if err != nil {
		return s.failed(ctx, err)
	}
	if c, found := byName[Fold(*set.username)]; found && c.ID != id {
		problems = problems.and(usernameTaken(*set.username))
	}
	return problems
}

// contactSetter holds checked values; nil leaves one as it is.
type contactSetter struct{ username, phone, avatarURL, displayName *string }

// check is the checked values of the change, with what is wrong with it.
func (c ContactChange) check() (set contactSetter, problems Invalid) {
	set.username = problems.require("username", c.Username, "Enter a username for the contact.", username)
	set.displayName = problems.check("display_name", c.DisplayName, displayName)
	set.phone = problems.check("phone_number", c.PhoneNumber, phoneNumber)
	set.avatarURL = problems.check("avatar_url", c.AvatarURL, avatarURL)
	return set, c.Problems.and(problems)
}

var usernameForm = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

func username(s string) (string, string) {
	s, problem := line("The username", s, MaxUsername)
	switch {
	case problem != "":
		return s, problem
	case !usernameForm.MatchString(s):
		return s, "The username can have letters A to Z, digits, dots, hyphens and underscores only."
	}
	return s, ""
}

func displayName(s string) (string, string) {
	return visible(properName("The display name", s))
}

func phoneNumber(s string) (string, string) {
	s, problem := line("The phone number", s, MaxPhone)
	if problem == "" && s != "" && phoneDigits(s) == "" {
		return s, "The phone number must have digits in it."
	}
	return s, problem
}

func avatarURL(s string) (string, string) { return webAddress("The avatar URL", s) }

// set gives the contact the values, and what is derived from them.
func (c *Contact) set(v contactSetter) {
	if v.username != nil {
		c.Username = *v.username
	}
	if v.phone != nil {
		c.PhoneNumber = orNil(*v.phone)
	}
	if v.avatarURL != nil {
		c.AvatarURL = orNil(*v.avatarURL)
	}
	if v.displayName != nil {
		c.DisplayName = orNil(*v.displayName)
	}
	c.UsernameKey = usernameKey(c.Username)
	c.NameKey = sortKey(c.Name())
	c.Search = searchKey(c.Username, deref(c.DisplayName), phoneDigits(deref(c.PhoneNumber)))
}

// phoneDigits is the digits of a phone number: how it is searched.
func phoneDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
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

// contactDifferences says which values of a contact changed, for the audit line.
func contactDifferences(before, after Contact) map[string]change {
	return changes([]difference{
		{"username", orNil(before.Username), orNil(after.Username)},
		{"display_name", before.DisplayName, after.DisplayName},
		{"phone_number", before.PhoneNumber, after.PhoneNumber},
		{"avatar_url", before.AvatarURL, after.AvatarURL},
	})
}
