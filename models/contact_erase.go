package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// ContactErasure asks to erase the personal data of a contact.
type ContactErasure struct {
	// Reason is why, up to MaxDeletionReason characters. The activity keeps it.
	Reason string
	// Typed, unless nil, is what was typed to confirm: it must be the username.
	Typed *string
	// If is as GroupChange.If, and Problems are as in GroupChange.
	If       func(Contact) bool
	Problems access.Invalid
}

// ErasedContact says what was erased: from how many entries of the activity, events, and results of
// jobs. At is when, in Unix seconds.
type ErasedContact struct {
	ID                       string
	At                       int64
	Entries, Events, Results int
}

// Erase deletes a contact as DeleteContact does, and erases their name, username, phone number
// and avatar from everything that the console keeps: the activity, events, results of jobs and
// tombstones, also what these have of contacts that were merged into this one. The id stays, and so do
// messages in groups. A second call with the same key returns the first one's result. Errors: Invalid,
// ErrNotFound, ErrChanged, Conflict if the activity was tampered with, Denied.
func (s *Erasures) Erase(ctx context.Context, by access.Actor, id string, e ContactErasure, key *audit.IdempotencyKey) (ErasedContact, error) {
	if err := by.Check(access.DeleteContacts); err != nil {
		return ErasedContact{}, err
	}
	problems := e.check()
	if !text.ValidID(id) {
		return ErasedContact{}, access.ErrNotFound
	}
	// Most of it is found before the transaction, which then looks only at what is new.
	began := s.store.DB.Now()
	erasure, err := s.of(s.store.DB.ReadLong(ctx), id)
	if err != nil {
		return ErasedContact{}, s.store.DB.Failed(ctx, err)
	}
	var known traces
	if len(problems) == 0 {
		if known, err = s.findTraces(s.store.DB.ReadLong(ctx), erasure, time.Unix(0, 0)); err != nil {
			return ErasedContact{}, s.store.DB.Failed(ctx, err)
		}
	}
	var cleared bool
	erased, err := audit.WriteOnce(ctx, s.store.Audit, by, access.DeleteContacts, audit.ErasedContact, key, func(tx *gorm.DB, line *audit.Line) (ErasedContact, error) {
		c, err := s.store.lockContact(tx, id, e.If)
		if err != nil {
			return ErasedContact{}, err
		}
		if problems := problems.And(e.confirmed(c)); len(problems) > 0 {
			return ErasedContact{}, problems
		}
		x := contactErasing{s: s.store, tx: tx, by: by, contact: c, traces: known, at: s.store.DB.Now().Unix()}
		if err := x.refresh(began.Add(-overlooked)); err != nil {
			return ErasedContact{}, err
		}
		erased, done, err := x.run(line, strings.TrimSpace(e.Reason))
		cleared = done
		return erased, err
	})
	if err == nil && !cleared {
		s.store.Deletions.requestPurge()
	}
	return erased, err
}

// overlooked is how long before a search something may have begun that it doesn't see.
const overlooked = 10 * time.Minute

// check returns what is wrong with the request itself.
func (e *ContactErasure) check() access.Invalid {
	problems := e.Problems
	e.Reason = *problems.Require("reason", &e.Reason, "Enter a reason.", deletionReason)
	return problems
}

// confirmed returns what is wrong with what was typed to confirm.
func (e ContactErasure) confirmed(c Contact) access.Invalid {
	if e.Typed == nil || text.UsernameKey(strings.TrimSpace(*e.Typed)) == c.UsernameKey {
		return nil
	}
	return access.Refused("typed", "Type the username exactly as shown.")
}

// of returns what is erased with a contact: also what those had that were merged into it.
func (s *Erasures) of(r db.Reader, id string) (audit.Erasure, error) {
	merged, err := db.Collect(r, "SELECT contact_id FROM contact_tombstones WHERE merged_into = ?", false, []any{id}, db.OneColumn[string])
	return audit.Erasure{IDs: append([]string{id}, merged...), Fields: []string{"username", "display_name"}, Optional: []string{"phone_number", "avatar_url"}}, err
}

// contactErasing is an erasure on its way: the contact is locked.
type contactErasing struct {
	s       *Store
	tx      *gorm.DB
	by      access.Actor
	contact Contact
	audit.Erasure
	traces
	at int64
}

// refresh adds what is new since a time.
func (x *contactErasing) refresh(since time.Time) (err error) {
	r := x.s.DB.ReadIn(x.tx)
	if x.Erasure, err = x.s.Erasures.of(r, x.contact.ID); err != nil {
		return err
	}
	recent, err := x.s.Erasures.findTraces(r, x.Erasure, since)
	x.traces = x.traces.and(recent)
	return err
}

// run erases everything, and reports whether nothing is left to Deletions.Purge.
func (x *contactErasing) run(line *audit.Line, reason string) (erased ErasedContact, done bool, err error) {
	rest, err := x.s.deleteLockedContact(x.tx, line, x.contact)
	if err != nil {
		return erased, false, err
	}
	if done, err = x.s.clearFirst(x.tx, rest); err != nil {
		return erased, false, err
	}
	erased = ErasedContact{ID: x.contact.ID, At: x.at}
	if erased.Events, err = x.eraseEvents(); err != nil {
		return erased, false, err
	}
	if erased.Results, err = x.eraseResults(); err != nil {
		return erased, false, err
	}
	for _, erase := range []func() error{x.eraseAnswers, x.dropDrafts, x.bury} {
		if err := erase(); err != nil {
			return erased, false, err
		}
	}
	line.SetObject("contact", x.contact.ID, audit.Erased)
	line.Shown = x.shown()
	changes := map[string]any{
		DeletionReasonField: audit.Change{Before: nil, After: reason},
		"groups_left":       audit.Change{Before: nil, After: line.Field("groups_left").After.Text},
	}
	if erased.Entries, err = x.s.Audit.Redact(x.tx, x.Erasure, x.lines, line, changes); err != nil {
		return erased, false, err
	}
	for field, n := range map[string]int{"activity_entries": erased.Entries, "events": erased.Events, "job_results": erased.Results} {
		changes[field] = audit.Change{Before: nil, After: n}
	}
	return erased, done, line.SetChanges(changes)
}

// shown returns the contact as the event about its deletion shows it.
func (x *contactErasing) shown() ContactObject {
	c := Contact{ID: x.contact.ID, Username: audit.Erased, ConversationID: x.contact.ConversationID, CreatedAt: x.contact.CreatedAt}
	return c.Object()
}

// dropDrafts deletes what somebody typed into a form of the contact and has not sent.
func (x *contactErasing) dropDrafts() error {
	return x.tx.Exec("DELETE FROM drafts WHERE form LIKE ?", "/contacts/"+x.contact.ID+"/%").Error
}

// bury leaves the tombstone, without the name; those of contacts that were merged into this one lose it,
// too.
func (x *contactErasing) bury() error {
	merged := x.tx.Model(&ContactTombstone{}).Where("merged_into = ?", x.contact.ID)
	if err := merged.Updates(map[string]any{"name": audit.Erased, "merged_into": nil}).Error; err != nil {
		return err
	}
	return x.tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&ContactTombstone{
		ContactID: x.contact.ID, Name: audit.Erased, DeletedAt: x.at, DeletedBy: x.by.Who(),
	}).Error
}
