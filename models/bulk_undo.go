package models

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// A result of a bulk change keeps what undoing it needs: for a group's own values, both
// values of every changed field, as its audit line has them; for members, a membersUndo,
// because an audit line names only the first of many; for a deletion on hold, a heldUndo.

// membersUndo are the ids of all members that a job added to a group, or removed; or those
// of all groups that it added a contact to, or removed from.
type membersUndo struct {
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// heldUndo is the undo of a group that a job put on hold.
const heldUndo = `{"held":true}`

// changeUndo takes back what a job changed about some groups.
func (s *BulkChanges) changeUndo(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object) ([]jobs.Result, error) {
	done, err := s.store.Jobs.ResultsAmong(tx, text.Deref(job.UndoOf), objects)
	if err != nil {
		return nil, err
	}
	if len(objects) > 0 && done[objects[0].ID].Undo == heldUndo {
		return s.putBack(tx, job, by, objects)
	}
	return s.changeEach(tx, job, by, objects, func(p *bulkPart, g Group) error {
		undo := []byte(done[g.ID].Undo)
		var members membersUndo
		if err := json.Unmarshal(undo, &members); err != nil {
			return err
		}
		if len(members.Added)+len(members.Removed) > 0 {
			return p.undoMembers(g, members)
		}
		c, untouched, err := takenBack(undo, g)
		if err != nil {
			return err
		}
		if !untouched {
			p.skip(g.ID, ChangedMeanwhile)
			return nil
		}
		return p.change(g, c, NothingToChange)
	})
}

// undoMembers takes back a change of a group's members.
func (p *bulkPart) undoMembers(g Group, members membersUndo) error {
	r := p.s.DB.ReadIn(p.tx)
	contacts, _, err := p.s.Members.findRefs(r, Refs(members.Removed...), p.s.DB.Dialect.KeyShare())
	if err != nil {
		return err
	}
	added, removed, err := p.changeMembersOf(&g, memberChange{join: contacts, leave: members.Added})
	if err != nil {
		return err
	}
	left := without(slices.Concat(members.Added, members.Removed), contactIDs(slices.Concat(added, removed)))
	query := selectContacts(p.s.DB.Dialect.Among("id", left))
	there, err := db.Collect(r, query.SQL(), false, query.Args, (*Contact).columns)
	names := make(map[string]string, len(there))
	for _, c := range there {
		names[c.ID] = c.Username
	}
	p.add(undone(g.ID, len(added)+len(removed), left, names))
	return err
}

// undone is the result of undoing changes of members: n were undone, and those left were
// not, because they are no longer as the job made them. Deleted ones have no name.
func undone(id string, n int, left []string, names map[string]string) jobs.Result {
	r := jobs.Result{ObjectID: id, Result: jobs.Changed}
	unchanged := make([]string, len(left))
	for i, other := range left {
		unchanged[i] = cmp.Or(names[other], other)
	}
	r.Detail = strings.Join(unchanged, "\n")
	switch {
	case n == 0:
		r.Result, r.Reason = jobs.Skipped, ChangedMeanwhile
	case len(left) > 0:
		r.Reason = PartlyUndone
	}
	return r
}

// Unchanged returns the names of what a job could not change back about the object of a
// result.
func Unchanged(job jobs.Job, r jobs.Result) []string {
	if r.Detail == "" || job.Kind != UndoKind && job.Kind != UndoContactsKind {
		return nil
	}
	return strings.Split(r.Detail, "\n")
}

// without returns the ids that are not among others.
func without(ids, others []string) []string {
	among := make(map[string]bool, len(others))
	for _, id := range others {
		among[id] = true
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return among[id] })
}

// undoContacts takes back what a job changed about some contacts.
func (s *BulkChanges) undoContacts(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object) ([]jobs.Result, error) {
	done, err := s.store.Jobs.ResultsAmong(tx, text.Deref(job.UndoOf), objects)
	if err != nil {
		return nil, err
	}
	p, err := s.contactPart(tx, job, by, objects)
	if err != nil {
		return nil, err
	}
	undo := make(map[string]membersUndo, len(p.due))
	for _, c := range p.due {
		var u membersUndo
		if err := json.Unmarshal([]byte(done[c.ID].Undo), &u); err != nil {
			return nil, err
		}
		undo[c.ID] = u
	}
	p.limit(func(c Contact) int { return len(undo[c.ID].Added) + len(undo[c.ID].Removed) })
	return p.finish(p.undoMemberships(undo))
}

// undoMemberships takes back changes of the groups of the contacts that are due, by their
// ids.
func (p *contactPart) undoMemberships(undo map[string]membersUndo) error {
	changes := map[string]memberChange{}
	for _, c := range p.due {
		for _, g := range undo[c.ID].Removed {
			changes[g] = memberChange{append(changes[g].join, c), changes[g].leave}
		}
		for _, g := range undo[c.ID].Added {
			changes[g] = memberChange{changes[g].join, append(changes[g].leave, c.ID)}
		}
	}
	groups, made, err := p.changeMembers(changes)
	if err != nil {
		return err
	}
	names := make(map[string]string, len(groups))
	for id, g := range groups {
		names[id] = g.Name
	}
	for _, c := range slices.Clone(p.due) {
		groups := slices.Concat(made[c.ID].Added, made[c.ID].Removed)
		p.result(undone(c.ID, len(groups), without(slices.Concat(undo[c.ID].Added, undo[c.ID].Removed), groups), names))
	}
	return nil
}

// putBack puts groups back that a job put on hold.
func (s *BulkChanges) putBack(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object) ([]jobs.Result, error) {
	held, err := s.store.Holds.putBack(tx, idsOf(objects))
	if err != nil {
		return nil, err
	}
	back := map[string]bool{}
	for _, h := range held {
		back[h.ID] = true
	}
	return s.changeEach(tx, job, by, objects, func(p *bulkPart, g Group) error {
		if !back[g.ID] { // somebody has put it back already
			p.skip(g.ID, NothingToChange)
			return nil
		}
		return p.did(g, audit.UndeletedGroup, nil, nil)
	})
}

// takenBack returns the change that gives a group its values of before a change, and
// whether it still has those of after.
func takenBack(undo []byte, g Group) (c GroupChange, untouched bool, err error) {
	var archived struct {
		At *struct{ Before, After *int64 } `json:"archived_at"`
	}
	var fields map[string]struct{ Before, After json.RawMessage }
	if err := json.Unmarshal(undo, &archived); err != nil {
		return c, false, err
	}
	if err := json.Unmarshal(undo, &fields); err != nil {
		return c, false, err
	}
	untouched = true
	c = groupFields.newChange(func(name string) *string {
		f, changed := fields[name]
		if !changed {
			return nil
		}
		var before, after *string
		if err = json.Unmarshal(f.Before, &before); err == nil {
			err = json.Unmarshal(f.After, &after)
		}
		untouched = untouched && groupFields.present(&g)[name].Is(fieldValue(after))
		return new(text.Deref(before))
	})
	if at := archived.At; at != nil {
		untouched = untouched && len(audit.Changes([]audit.Difference{{Field: "archived_at", Before: g.ArchivedAt, After: at.After}})) == 0
		c.ArchivedAt = &sql.Null[int64]{V: text.Deref(at.Before), Valid: at.Before != nil}
	}
	return c, untouched, err
}
