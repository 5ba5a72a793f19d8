package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/db"
)

// Deletions delete, in the background, what deleted groups and contacts have left.
type Deletions struct {
	store          *Store
	purgeRequested chan struct{}
}

// clearing is the conversation of a deleted group or contact that has left rows: its
// messages and memberships. Deleting one row hides a group or contact from readers. The
// other rows can be millions, so they are deleted in batches, each in a transaction. The
// remaining rows are the progress, which survives a crash.
type clearing struct {
	ConversationID string `gorm:"primaryKey"`
	GroupID        *string
	ContactID      *string
	CreatedAt      int64
	// Held says that nothing is cleared yet: see Holds.
	Held bool
}

// ofGroups limits memberships to those of groups that are not deleted, and ofContacts to those
// of contacts that are not.
const (
	ofGroups   = "NOT EXISTS (SELECT 1 FROM clearings WHERE clearings.group_id = memberships.group_id)"
	ofContacts = "NOT EXISTS (SELECT 1 FROM clearings WHERE clearings.contact_id = memberships.contact_id)"
)

const (
	// pieceRows is how many rows a piece deletes. Other writers may wait for a piece,
	// and these take about ten milliseconds on either engine.
	pieceRows = 1000
	// pieceGroups is how many groups a piece removes a deleted contact from: each has its
	// count in several indexes.
	pieceGroups = 200
)

// progress is how far a clearing has come: rows up to these are deleted. It is optional,
// and spares PostgreSQL stepping over dead rows.
type progress struct{ conversation, message, member string }

// PurgeRequested returns a channel that receives a value when a deletion has left rows for
// Deletions.Purge.
func (s *Deletions) PurgeRequested() <-chan struct{} { return s.purgeRequested }

// requestPurge signals PurgeRequested.
func (s *Deletions) requestPurge() {
	select {
	case s.purgeRequested <- struct{}{}:
	default: // already signaled
	}
}

// Purge deletes the remaining rows of deleted groups and contacts, those of other
// processes included, until ctx ends or only rows are left that another process is
// deleting. It is housekeeping and has no audit line.
func (s *Deletions) Purge(ctx context.Context) error {
	var at progress
	for {
		start := time.Now()
		next, more, err := s.clearOne(ctx, at)
		if err != nil || !more {
			return err
		}
		at = next
		// Half of the time is left to other writers.
		select {
		case <-time.After(time.Since(start)):
		case <-ctx.Done():
			return s.store.DB.Failed(ctx, ctx.Err())
		}
	}
}

// clearOne is clearNext in a transaction of its own.
func (s *Deletions) clearOne(ctx context.Context, from progress) (to progress, more bool, err error) {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	err = s.store.DB.Transaction(ctx, func(tx *gorm.DB) error {
		var err error
		to, more, err = s.clearNext(tx, from)
		return err
	})
	return to, more, err
}

// clearNext deletes one piece of the oldest clearing that no one else is working on, and
// reports whether there was one.
func (s *Deletions) clearNext(tx *gorm.DB, from progress) (to progress, more bool, err error) {
	var found []clearing
	free := clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}
	if err := tx.Clauses(free).Where("NOT held").Order("conversation_id").Limit(1).Find(&found).Error; err != nil || len(found) == 0 {
		return from, false, err
	}
	c := found[0]
	if from.conversation != c.ConversationID {
		from = progress{conversation: c.ConversationID}
	}
	to, done, err := s.clearPiece(tx, c, from)
	if err == nil && done {
		err = tx.Delete(&c).Error
	}
	return to, true, err
}

// clearPiece deletes up to pieceRows rows and reports whether those were all.
func (s *Deletions) clearPiece(tx *gorm.DB, c clearing, from progress) (to progress, done bool, err error) {
	to = from
	messages, err := clearRows(tx, rowRange{"messages", "conversation_id", "id", c.ConversationID, from.message}, pieceRows)
	if err != nil {
		return to, false, err
	}
	to.message = last(messages, from.message)
	if err := countMessages(tx, c, len(messages)); err != nil {
		return to, false, err
	}
	deleted, err := clearRows(tx, rowRange{"deleted_messages", "conversation_id", "id", c.ConversationID, ""}, pieceRows-len(messages))
	if err != nil {
		return to, false, err
	}
	room := pieceRows - len(messages) - len(deleted)
	if c.ContactID != nil {
		room = min(room, pieceGroups)
	}
	if room == 0 {
		return to, false, nil
	}
	members, err := s.clearMembers(tx, c, from.member, room)
	to.member = last(members, from.member)
	return to, len(members) < room, err
}

// countMessages adds deleted messages to the tombstone, if it is a group's.
func countMessages(tx *gorm.DB, c clearing, n int) error {
	if c.GroupID == nil || n == 0 {
		return nil
	}
	return tx.Model(&Tombstone{}).Where("group_id = ?", c.GroupID).
		UpdateColumn("messages_count", gorm.Expr("messages_count + ?", n)).Error
}

// clearMembers deletes up to most memberships beyond after, and returns the other side of
// each.
func (s *Deletions) clearMembers(tx *gorm.DB, c clearing, after string, most int) ([]string, error) {
	if c.GroupID != nil {
		return s.endRows(tx, rowRange{"memberships", "group_id", "contact_id", *c.GroupID, after}, c.CreatedAt, most)
	}
	return s.leaveGroups(tx, rowRange{"memberships", "contact_id", "group_id", *c.ContactID, after}, c.CreatedAt, most)
}

// leaveGroups removes a contact that was deleted at a time from groups, and from their counts.
func (s *Deletions) leaveGroups(tx *gorm.DB, rows rowRange, at int64, most int) ([]string, error) {
	// Locked first, in the same order everywhere: the group before its members, and one that
	// may come back from being on hold before those that have.
	counting := []any{&heldGroup{}, &Group{}}
	in := gorm.Expr(rows.first(), append(rows.from(), most)...)
	for _, groups := range counting {
		var locked []string
		err := tx.Model(groups).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id IN (?)", in).Order("id").Pluck("id", &locked).Error
		if err != nil {
			return nil, err
		}
	}
	left, err := s.endRows(tx, rows, at, most)
	if err != nil {
		return nil, err
	}
	fewer := map[string]any{"contacts_count": gorm.Expr("contacts_count - 1"), "updated_at": s.store.DB.Now().Unix()}
	for part := range slices.Chunk(left, s.store.DB.Dialect.Batch()) {
		for _, groups := range counting {
			if err := tx.Model(groups).Where("id IN ?", part).Updates(fewer).Error; err != nil {
				return nil, err
			}
		}
	}
	return left, nil
}

// rowRange is the rows of a table that have an owner, in the order of a key, beyond one of the
// keys.
type rowRange struct{ table, owner, key, id, after string }

// first returns a query for the keys of the first rows; its arguments are from and a limit.
//
// The owner is compared, not equated: otherwise PostgreSQL, if its statistics say that the
// owner has most of the table, reads another index that has the order, and all other
// owners' rows with it.
func (r rowRange) first() string {
	return "SELECT " + r.key + " FROM " + r.table + " WHERE (" + r.owner + ", " + r.key + ") > (?, ?) AND " + r.owner + " <= ?" +
		" ORDER BY " + r.owner + ", " + r.key + " LIMIT ?"
}

func (r rowRange) from() []any { return []any{r.id, r.after, r.id} }

// clearRows deletes the first rows, up to most, and returns their keys, in no order.
func clearRows(tx *gorm.DB, rows rowRange, most int) (keys []string, err error) {
	sql := "DELETE FROM " + rows.table + " WHERE " + rows.owner + " = ? AND " + rows.key + " IN (" + rows.first() + ") RETURNING " + rows.key
	err = tx.Raw(sql, append(append([]any{rows.id}, rows.from()...), most)...).Scan(&keys).Error
	return keys, err
}

// endRows is clearRows for memberships, which ended at a time.
func (s *Deletions) endRows(tx *gorm.DB, rows rowRange, at int64, most int) (keys []string, err error) {
	if err := tx.Raw(rows.first(), append(rows.from(), most)...).Scan(&keys).Error; err != nil || len(keys) == 0 {
		return nil, err
	}
	_, err = s.store.endMemberships(tx, at, rows.owner+" = ? AND "+rows.key+" IN ?", rows.id, keys)
	return keys, err
}

// last returns the greatest of the keys and before.
func last(keys []string, before string) string {
	return slices.Max(append(keys, before))
}
