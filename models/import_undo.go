package models

import (
	"encoding/json"
	"slices"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// undoRights are what undoing an import takes besides its own right: what it created is
// deleted.
func (t ImportType) undoRights(jobs.Job) []access.Right {
	if t == ImportContacts {
		return []access.Right{access.DeleteContacts}
	}
	return []access.Right{access.DeleteGroups, access.EditMembers, access.ArchiveGroups}
}

// undo deletes what an import created for some rows, and takes back what it changed, unless
// somebody has changed the same since.
func (s *Imports) undo(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object) ([]jobs.Result, error) {
	done, err := s.store.Jobs.ResultsAmong(tx, text.Deref(job.UndoOf), objects)
	if err != nil {
		return nil, err
	}
	u := &importUndoing{bulkPart: &bulkPart{s: s.store, tx: tx, job: job, by: by, now: s.store.DB.Now()}}
	undos := make([]importUndo, len(objects))
	ids := make([]jobs.Object, len(objects))
	for i, o := range objects {
		if err := json.Unmarshal([]byte(done[o.ID].Undo), &undos[i]); err != nil {
			return nil, err
		}
		ids[i].ID = undos[i].ID
	}
	lock := u.undoGroups
	if job.Kind == ImportContacts.undoKind() {
		lock = u.undoContacts
	}
	one, err := lock(ids)
	if err != nil {
		return nil, err
	}
	for _, undo := range undos {
		if err := one(undo); err != nil {
			return nil, err
		}
	}
	if err := u.save(); err != nil {
		return nil, err
	}
	first := map[string]jobs.Result{} // by id: members and values of one group have a result each
	for _, r := range slices.Backward(u.results) {
		first[r.ObjectID] = r
	}
	var results []jobs.Result
	for i, o := range objects {
		result := first[undos[i].ID]
		result.ObjectID, result.Undo, result.Detail = o.ID, "", o.Detail
		results = append(results, result)
	}
	return results, s.store.Audit.Add(tx, u.lines)
}

// importUndoing is a part of an import that is being undone.
type importUndoing struct{ *bulkPart }

// use is a column of a table that has an object's id if the object is used there.
type use struct{ table, column, id string }

// touched reports whether somebody has changed an object since the import, or uses one that
// it created; then the object is skipped.
func (u *importUndoing) touched(undo importUndo, uses ...use) (bool, error) {
	touched, err := u.any("audit_lines", "object_id = ? AND id > ?", undo.ID, undo.Line)
	for _, use := range uses {
		if err == nil && !touched && undo.Created {
			touched, err = u.any(use.table, use.column+" = ?", use.id)
		}
	}
	if touched {
		u.skip(undo.ID, ChangedMeanwhile)
	}
	return touched, err
}

// any reports whether a table has a row.
func (u *importUndoing) any(table, condition string, args ...any) (bool, error) {
	found, err := db.First(u.s.DB.ReadIn(u.tx), db.SelectFrom(table, "1", condition, args...), 1, db.OneColumn[int])
	return len(found) > 0, err
}

// undoGroups locks groups, and returns a function that undoes what was done to one of them.
func (u *importUndoing) undoGroups(ids []jobs.Object) (func(importUndo) error, error) {
	groups, err := u.s.BulkChanges.lockGroups(u.tx, ids)
	return func(undo importUndo) error {
		g, there := groups[undo.ID]
		if !there {
			u.skip(undo.ID, GoneMeanwhile)
			return nil
		}
		touched, err := u.touched(undo, use{"messages", "conversation_id", g.ConversationID})
		switch {
		case err != nil || touched:
			return err
		case undo.Created:
			return u.delete(g, 0)
		}
		return u.restore(undo, g)
	}, err
}

// restore gives a group its values and members of before an import.
func (u *importUndoing) restore(undo importUndo, g Group) error {
	if len(undo.Added) > 0 {
		if err := u.removeMembers(g, undo.Added); err != nil {
			return err
		}
		g.ContactsCount -= len(undo.Added)
	}
	if len(undo.Removed) > 0 {
		contacts, _, err := u.s.Members.findRefs(u.s.DB.ReadIn(u.tx), Refs(undo.Removed...), u.s.DB.Dialect.KeyShare())
		if err == nil {
			err = u.addMembers(g, contacts)
		}
		if err != nil {
			return err
		}
		g.ContactsCount += len(contacts)
	}
	if len(undo.Changes) == 0 {
		return nil
	}
	written, err := json.Marshal(undo.Changes)
	if err != nil {
		return err
	}
	c, untouched, err := takenBack(written, g)
	if err != nil {
		return err
	}
	if !untouched {
		u.skip(g.ID, ChangedMeanwhile)
		return nil
	}
	return u.change(g, c, NothingToChange)
}

// undoContacts is undoGroups for contacts. One that is in a group by now is not deleted.
func (u *importUndoing) undoContacts(ids []jobs.Object) (func(importUndo) error, error) {
	query := selectContacts(u.s.DB.Dialect.Among("id", idsOf(ids)))
	query.Tail = " ORDER BY id" + u.s.DB.Dialect.ForUpdate()
	rows, err := db.Collect(u.s.DB.ReadIn(u.tx), query.SQL(), false, query.Args, (*Contact).columns)
	contacts := make(map[string]Contact, len(rows))
	for _, c := range rows {
		contacts[c.ID] = c
	}
	return func(undo importUndo) error {
		c, there := contacts[undo.ID]
		if !there {
			u.skip(undo.ID, GoneMeanwhile)
			return nil
		}
		touched, err := u.touched(undo, use{"memberships", "contact_id", c.ID}, use{"messages", "conversation_id", c.ConversationID})
		switch {
		case err != nil || touched:
			return err
		case undo.Created:
			return u.deleteContact(c)
		}
		return u.restoreContact(undo, c)
	}, err
}

// deleteContact deletes a contact for good.
func (u *importUndoing) deleteContact(c Contact) error {
	line := u.s.Audit.NewLine(u.by, audit.DeletedContact)
	rest, err := u.s.deleteLockedContact(u.tx, &line, c)
	if err != nil {
		return err
	}
	if err := u.note(line); err != nil {
		return err
	}
	u.add(jobs.Result{ObjectID: c.ID, Result: jobs.Changed})
	done, err := u.s.clearFirst(u.tx, rest)
	if !done {
		u.s.Deletions.requestPurge()
	}
	return err
}

// note adds the job to a line, and the line to those to be stored.
func (u *importUndoing) note(line audit.Line) error {
	changes := map[string]any{}
	if err := json.Unmarshal([]byte(line.Changes), &changes); err != nil {
		return err
	}
	changes[audit.JobField] = u.job.ID
	err := line.SetChanges(changes)
	u.lines = append(u.lines, line)
	return err
}

// restoreContact gives a contact its values of before an import.
func (u *importUndoing) restoreContact(undo importUndo, c Contact) error {
	change := contactFields.newChange(func(name string) *string {
		f, changed := undo.Changes[name]
		if !changed {
			return nil
		}
		before, _ := f.Before.(string)
		return &before
	})
	if change.Username != nil {
		taken, err := u.any("contacts", "username_key = ? AND id <> ?", text.UsernameKey(*change.Username), c.ID)
		if err != nil || taken {
			u.skip(c.ID, UsernameTaken)
			return err
		}
	}
	after := c
	after.apply(change)
	after.UpdatedAt = u.now.Unix()
	if err := u.tx.Select(contactWritten).Updates(&after).Error; err != nil {
		return err
	}
	line := u.s.Audit.NewLine(u.by, audit.UpdatedContact)
	line.SetObject("contact", after.ID, after.Name())
	if err := line.SetChanges(contactDifferences(c, after)); err != nil {
		return err
	}
	u.add(jobs.Result{ObjectID: c.ID, Result: jobs.Changed})
	return u.note(line)
}
