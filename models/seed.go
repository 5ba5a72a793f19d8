package models

import (
	"context"
	"database/sql"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// Sample is an invented past: contacts and groups, each in the order of their creation. The
// sequences may be read more than once, and must then repeat themselves.
type Sample struct {
	Contacts iter.Seq[SampleContact]
	Groups   iter.Seq[SampleGroup]
}

// SampleContact is a contact as it was created. LastActiveAt is in Unix seconds, or nil.
type SampleContact struct {
	ContactFields
	CreatedAt    time.Time
	LastActiveAt *int64
}

// SampleGroup is a group as it was created, or as it was when it was archived. ArchivedAt is
// in Unix seconds; nil if it is active.
type SampleGroup struct {
	GroupFields
	CreatedAt  time.Time
	ArchivedAt *int64
	// Members are places in the sequence of contacts, ascending, each once.
	Members []int
}

// The steps of Seed.
const (
	SeedingContacts = "contacts"
	SeedingGroups   = "groups"
	SeedingIndexes  = "indexes"
)

// Seed fills the database with a sample, all of it or nothing, and reports its progress in
// contacts or groups. Ids ascend with the time of creation, which is in the past, so there
// must be no groups and no contacts yet. The values are not validated, and the same sample
// gets the same ids. Errors: Denied, Conflict if there are groups or contacts.
func (s *Store) Seed(ctx context.Context, by access.Actor, sample Sample, report func(step string, done int)) error {
	err := s.Audit.Write(ctx, by, access.EditGroups, audit.Seeded, func(tx *gorm.DB, line *audit.Line) error {
		if err := refuseRows(tx, &Contact{}, &Group{}, &clearing{}); err != nil {
			return err
		}
		build, err := s.DB.Dialect.SuspendIndexes(tx, seeded...)
		if err != nil {
			return err
		}
		seed := seeder{
			tx: tx, prepared: map[string]*sql.Stmt{}, batch: s.DB.Dialect.Batch(),
			report: report, random: rand.New(rand.NewPCG(1, 2)),
		}
		if err := seed.addContacts(sample.Contacts); err != nil {
			return err
		}
		if err := seed.addGroups(sample.Groups); err != nil {
			return err
		}
		if err := shareNames(tx); err != nil {
			return err
		}
		report(SeedingIndexes, 0)
		for _, statement := range build {
			if err := tx.Exec(statement).Error; err != nil {
				return err
			}
		}
		line.SetObject("database", "", "")
		return line.SetChanges(map[string]audit.Change{"contacts_count": {Before: nil, After: len(seed.contacts)}, "groups_count": {Before: nil, After: seed.groups}, "memberships_count": {Before: nil, After: seed.memberships}})
	})
	if err != nil {
		return err
	}
	return s.DB.Failed(ctx, s.DB.Writer.WithContext(ctx).Exec(s.DB.Dialect.Settle(seeded...)).Error)
}

// seeded are the tables that a sample fills.
var seeded = []string{"contacts", "groups", "conversations", "memberships"}

func refuseRows(tx *gorm.DB, models ...any) error {
	for _, model := range models {
		var found []string
		if err := tx.Model(model).Limit(1).Pluck("conversation_id", &found).Error; err != nil {
			return err
		}
		if len(found) > 0 {
			return access.Conflict{Message: "Sample data can only be added to a database without groups and contacts."}
		}
	}
	return nil
}

// seeder writes a sample in batches.
type seeder struct {
	tx       *gorm.DB
	prepared map[string]*sql.Stmt
	batch    int // rows of a statement
	report   func(step string, done int)
	random   *rand.Rand

	contacts            []seededContact // by their places
	groups, memberships int
}

// seededContact is what a membership needs to know of a contact.
type seededContact struct {
	id        string
	createdAt int64
}

func (s *seeder) addContacts(contacts iter.Seq[SampleContact]) error {
	last := ""
	for part := range chunks(contacts, s.batch) {
		rows, convs := make([]Contact, len(part)), make([]conversation, len(part))
		for i, c := range part {
			last = s.id(c.CreatedAt, last)
			rows[i] = c.row(last, s.id(c.CreatedAt, ""))
			convs[i] = conversation{ID: rows[i].ConversationID, ContactID: &rows[i].ID, CreatedAt: rows[i].CreatedAt}
			s.contacts = append(s.contacts, seededContact{last, rows[i].CreatedAt})
		}
		if err := s.create(rows, convs); err != nil {
			return err
		}
		s.report(SeedingContacts, len(s.contacts))
	}
	return nil
}

func (c SampleContact) row(id, conversationID string) Contact {
	at := c.CreatedAt.Unix()
	row := Contact{ID: id, ConversationID: conversationID, CreatedAt: at, UpdatedAt: at, LastActiveAt: c.LastActiveAt}
	row.apply(contactFields.changeTo(&c.ContactFields))
	return row
}

func (s *seeder) addGroups(groups iter.Seq[SampleGroup]) error {
	last := ""
	var members []membership // not yet written; whole batches are one prepared statement
	for part := range chunks(groups, s.batch) {
		rows, convs := make([]Group, len(part)), make([]conversation, len(part))
		for i, g := range part {
			last = s.id(g.CreatedAt, last)
			rows[i] = g.row(last, s.id(g.CreatedAt, ""))
			convs[i] = conversation{ID: rows[i].ConversationID, GroupID: &rows[i].ID, CreatedAt: rows[i].CreatedAt}
			members = s.join(members, &rows[i], g.Members)
		}
		whole := len(members) / s.batch * s.batch
		if err := s.create(rows, convs); err != nil {
			return err
		}
		if err := s.createMembers(members[:whole]); err != nil {
			return err
		}
		members = append(members[:0], members[whole:]...)
		s.groups += len(part)
		s.report(SeedingGroups, s.groups)
	}
	return s.createMembers(members)
}

func (g SampleGroup) row(id, conversationID string) Group {
	at := g.CreatedAt.Unix()
	row := Group{ID: id, ConversationID: conversationID, CreatedAt: at, UpdatedAt: at, LastActiveAt: at, ContactsCount: len(g.Members)}
	row.apply(groupFields.changeTo(&g.GroupFields))
	row.derive()
	if row.ArchivedAt = g.ArchivedAt; row.ArchivedAt != nil {
		row.UpdatedAt = *row.ArchivedAt
	}
	return row
}

// join adds the memberships of one group; a contact later than the group joined it when
// created.
func (s *seeder) join(members []membership, g *Group, places []int) []membership {
	for _, place := range places {
		c := s.contacts[place]
		joined := max(g.CreatedAt, c.createdAt)
		g.UpdatedAt = max(g.UpdatedAt, joined)
		members = append(members, membership{GroupID: g.ID, ContactID: c.id, CreatedAt: joined})
	}
	s.memberships += len(places)
	return members
}

// id returns an id made at a time, above floor.
func (s *seeder) id(at time.Time, floor string) string {
	id := []byte(text.EncodeTime(at.UnixMilli()))
	for len(id) < text.IDLength {
		id = append(id, text.Digits[s.random.IntN(len(text.Digits))])
	}
	if string(id) <= floor {
		return text.Successor(floor)
	}
	return string(id)
}

// create inserts slices of rows, one after the other, each in one statement. GORM would
// parse the statement again each time, and keep every one until the transaction ends, so it
// only builds it.
func (s *seeder) create(parts ...any) error {
	for _, rows := range parts {
		built := s.tx.Session(&gorm.Session{DryRun: true}).Create(rows).Statement
		if built.Error != nil {
			return built.Error
		}
		stmt, err := s.prepare(built.SQL.String())
		if err != nil {
			return err
		}
		if _, err := stmt.ExecContext(built.Context, built.Vars...); err != nil {
			return err
		}
	}
	return nil
}

// prepare returns a statement that the transaction closes.
func (s *seeder) prepare(query string) (*sql.Stmt, error) {
	if s.prepared[query] == nil {
		stmt, err := s.tx.Statement.ConnPool.PrepareContext(s.tx.Statement.Context, query)
		if err != nil {
			return nil, err
		}
		s.prepared[query] = stmt
	}
	return s.prepared[query], nil
}

func (s *seeder) createMembers(members []membership) error {
	for part := range slices.Chunk(members, s.batch) {
		if err := s.create(part); err != nil {
			return err
		}
	}
	return nil
}

// chunks yields the values of a sequence, n at a time, in a slice that is reused.
func chunks[T any](values iter.Seq[T], n int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		part := make([]T, 0, n)
		for v := range values {
			if part = append(part, v); len(part) == n {
				if !yield(part) {
					return
				}
				part = part[:0]
			}
		}
		if len(part) > 0 {
			yield(part)
		}
	}
}
