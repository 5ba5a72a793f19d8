package models

import (
	"encoding/json"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
)

// kinds returns the kinds of jobs that import, and those that undo imports.
func (s *Imports) kinds() (kinds []jobs.Kind) {
	for _, t := range ImportTypes {
		kinds = append(kinds,
			jobs.Kind{Name: t.Kind(), Reversible: true, Gather: s.gather, Change: s.write, Rights: s.rights, Whole: wholeImport},
			jobs.Kind{Name: t.undoKind(), Gather: s.store.Jobs.GatherUndone, Change: s.undo, Rights: t.undoRights, Most: func(jobs.Job) int { return undoneAtOnce }})
	}
	return kinds
}

// wholeImport reports whether an import is written in one transaction.
func wholeImport(job jobs.Job) bool {
	spec, ok := importSpecOf(job)
	return ok && spec.Options.Mode == AllOrNothing
}

// importUndo is what undoing the import of a row needs: both values of every changed field,
// as the audit line has them, and the ids of all members that joined or left.
type importUndo struct {
	ID string `json:"id"`
	// Line is the id of the audit line.
	Line    string                  `json:"line"`
	Created bool                    `json:"created,omitempty"`
	Changes map[string]audit.Change `json:"changes,omitempty"`
	membersUndo
}

// importPart is a part of an import on its way: what one transaction writes.
type importPart struct {
	*importPlan
	tx   *gorm.DB
	job  jobs.Job
	rest int // how many rows of tables may still be written

	results       []jobs.Result
	lines         []audit.Line
	groups        []Group
	contacts      []Contact
	conversations []conversation
	foreign       []importedID
	members       map[string][]Contact // of new groups
}

// importedID is what a file from elsewhere calls a group or contact.
type importedID struct {
	ForeignID          string
	GroupID, ContactID *string
}

// write imports some rows.
func (s *Imports) write(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object) ([]jobs.Result, error) {
	spec, ok := importSpecOf(job)
	if !ok {
		return nil, errors.New("import: unreadable spec")
	}
	// Nothing else keeps two imports from creating groups with the same names.
	if err := s.store.DB.Dialect.Lock(tx, "import"); err != nil {
		return nil, err
	}
	r := s.store.DB.ReadIn(tx)
	file := job.ID
	if spec.FileOf != "" {
		file = spec.FileOf
	}
	rows, err := s.rowsOf(r, file, spec, objects)
	if err != nil {
		return nil, err
	}
	p := &importPart{
		importPlan: &importPlan{
			s: s.store, r: r, spec: spec, now: s.store.DB.Now(), by: by,
			forUpdate: s.store.DB.Dialect.ForUpdate(), keyShare: s.store.DB.Dialect.KeyShare(),
		},
		tx: tx, job: job, rest: bulkRows, members: map[string][]Contact{},
	}
	if err := p.plan(rows); err != nil {
		return nil, err
	}
	if err := p.writeAll(); err != nil {
		return nil, err
	}
	return p.results, p.save()
}

// writeAll writes the planned rows, or the first of them if there is too much to write.
func (p *importPart) writeAll() error {
	later, err := p.changedMeanwhile()
	if err != nil {
		return err
	}
	whole := wholeImport(p.job)
	for _, row := range p.rows {
		if p.rest -= 1 + len(row.added) + len(row.removed); p.rest < 0 && len(p.results) > 0 && !whole {
			return nil
		}
		if row.does == ImportUpdates && later[row.detail.ObjectID] {
			row.does, row.reason = ImportSkips, ChangedMeanwhile
		}
		if row.does == ImportFails && whole {
			return jobs.Failure{Reason: RowFailed, Detail: row.detail.String()}
		}
		if err := p.writeRow(row); err != nil {
			return err
		}
	}
	return nil
}

// changedMeanwhile returns which of the objects somebody has changed since the check.
func (p *importPart) changedMeanwhile() (map[string]bool, error) {
	var objects []jobs.Object
	for _, row := range p.rows {
		if row.does == ImportUpdates {
			objects = append(objects, jobs.Object{ID: row.detail.ObjectID})
		}
	}
	if len(objects) == 0 {
		return nil, nil
	}
	return p.s.BulkChanges.changedAfter(p.tx, p.spec.Snapshot, objects)
}

func (p *importPart) writeRow(row *plannedRow) error {
	switch row.does {
	case ImportCreates:
		if p.spec.Type == ImportContacts {
			return p.createContact(row)
		}
		return p.createGroup(row)
	case ImportUpdates:
		if p.spec.Type == ImportContacts {
			return p.updateContact(row)
		}
		return p.updateGroup(row)
	case ImportFails:
		p.result(row, jobs.Unfit, "")
	default:
		p.result(row, jobs.Skipped, "")
	}
	if row.does == ImportUnchanged {
		p.remember(row)
	}
	return nil
}

// result adds what became of a row.
func (p *importPart) result(row *plannedRow, outcome jobs.Outcome, undo string) {
	row.detail.Created = outcome == jobs.Changed && row.does == ImportCreates
	p.results = append(p.results, jobs.Result{ObjectID: row.object.ID, Result: outcome, Reason: row.reason, Undo: undo, Detail: row.detail.String()})
}

// remember notes the id that the object of a row has elsewhere.
func (p *importPart) remember(row *plannedRow) {
	if row.foreign == "" {
		return
	}
	id := importedID{ForeignID: row.foreign, GroupID: &row.detail.ObjectID}
	if p.spec.Type == ImportContacts {
		id.GroupID, id.ContactID = nil, id.GroupID
	}
	p.foreign = append(p.foreign, id)
}

// did adds the audit line and the result of a row.
func (p *importPart) did(row *plannedRow, action audit.Action, name string, changes map[string]audit.Change, created bool) error {
	kind := "group"
	if p.spec.Type == ImportContacts {
		kind = "contact"
	}
	line := p.s.Audit.NewLine(p.by, action)
	line.SetObject(kind, row.detail.ObjectID, name)
	all := map[string]any{audit.JobField: p.job.ID}
	for field, change := range changes {
		all[field] = change
	}
	if err := line.SetChanges(all); err != nil {
		return err
	}
	p.lines = append(p.lines, line)
	undo := importUndo{ID: row.detail.ObjectID, Line: line.ID, Created: created}
	if !created {
		undo.membersUndo = membersUndo{Added: row.added, Removed: row.removed}
		delete(changes, "contacts")
		undo.Changes = changes
	}
	kept, err := json.Marshal(undo)
	p.result(row, jobs.Changed, string(kept))
	p.remember(row)
	return err
}

// createGroup creates the group of a row.
func (p *importPart) createGroup(row *plannedRow) error {
	floor := ""
	if len(p.groups) == 0 {
		var err error
		if floor, err = p.s.DB.Dialect.Floor(p.tx, "groups"); err != nil {
			return err
		}
	}
	at := p.now.Unix()
	g := Group{ID: p.s.DB.IDs.Next(p.now, floor), ConversationID: p.s.DB.IDs.Next(p.now, ""), ContactsCount: len(row.members), CreatedAt: at, UpdatedAt: at, LastActiveAt: at}
	g, _ = g.with(row.change, p.by.Ref())
	p.groups = append(p.groups, g)
	p.conversations = append(p.conversations, conversation{ID: g.ConversationID, GroupID: &g.ID, CreatedAt: at})
	changes := differences(Group{}, g)
	if len(row.members) > 0 {
		p.members[g.ID] = row.members
		changes["contacts"] = audit.Change{Before: nil, After: named(row.members)}
	}
	row.detail.ObjectID = g.ID
	return p.did(row, audit.CreatedGroup, g.Name, changes, true)
}

// updateGroup changes the group of a row.
func (p *importPart) updateGroup(row *plannedRow) error {
	after, changes := row.group.with(row.change, p.by.Ref())
	action := row.change.action()
	if len(row.added)+len(row.removed) > 0 {
		joined, left, err := p.moveMembers(row)
		if err != nil {
			return err
		}
		after.ContactsCount += len(joined) - len(left)
		if action = audit.UpdatedGroup; len(changes) == 0 && len(left) == 0 {
			action = audit.AddedMembers
		}
		changes["contacts"] = audit.Change{Before: named(left), After: named(joined)}
	}
	after.UpdatedAt = p.now.Unix()
	if err := db.Later(p.tx).Select(groupWritten).Updates(&after).Error; err != nil {
		return err
	}
	return p.did(row, action, after.Name, changes, false)
}

// moveMembers adds members to the group of a row, and removes others.
func (p *importPart) moveMembers(row *plannedRow) (joined, left []Contact, err error) {
	byID, _, err := p.s.Members.lookUp(p.r, Refs(row.removed...), "")
	if err != nil {
		return nil, nil, err
	}
	for _, id := range row.removed {
		left = append(left, byID[id])
	}
	wanted := make(map[string]bool, len(row.added))
	for _, id := range row.added {
		wanted[id] = true
	}
	for _, c := range row.members {
		if wanted[c.ID] {
			joined = append(joined, c)
		}
	}
	if _, err := p.s.Members.leave(db.Later(p.tx), row.group.ID, left); err != nil {
		return nil, nil, err
	}
	joined, err = p.s.Members.join(p.tx, row.group.ID, joined)
	return joined, left, err
}

// createContact creates the contact of a row.
func (p *importPart) createContact(row *plannedRow) error {
	floor := ""
	if len(p.contacts) == 0 {
		var err error
		if floor, err = p.s.DB.Dialect.Floor(p.tx, "contacts"); err != nil {
			return err
		}
	}
	at := p.now.Unix()
	c := Contact{ID: p.s.DB.IDs.Next(p.now, floor), ConversationID: p.s.DB.IDs.Next(p.now, ""), CreatedAt: at, UpdatedAt: at}
	c.apply(row.contactChange)
	p.contacts = append(p.contacts, c)
	p.conversations = append(p.conversations, conversation{ID: c.ConversationID, ContactID: &c.ID, CreatedAt: at})
	row.detail.ObjectID = c.ID
	return p.did(row, audit.CreatedContact, c.Name(), contactDifferences(Contact{}, c), true)
}

// updateContact changes the contact of a row.
func (p *importPart) updateContact(row *plannedRow) error {
	after := row.contact
	after.apply(row.contactChange)
	after.UpdatedAt = p.now.Unix()
	if err := p.tx.Select(contactWritten).Updates(&after).Error; err != nil {
		return err
	}
	return p.did(row, audit.UpdatedContact, after.Name(), contactDifferences(row.contact, after), false)
}

// importedInStatement is how many rows one statement inserts; each number is a prepared
// statement of its own.
const importedInStatement = 50

// save stores what is new.
func (p *importPart) save() error {
	for _, rows := range []struct {
		n    int
		rows any
	}{{len(p.groups), p.groups}, {len(p.contacts), p.contacts}, {len(p.conversations), p.conversations}} {
		if rows.n == 0 {
			continue
		}
		if err := db.Later(p.tx).CreateInBatches(rows.rows, importedInStatement).Error; err != nil {
			return err
		}
	}
	for _, g := range p.groups {
		if err := p.s.Members.joinNew(p.tx, g.ID, p.members[g.ID]); err != nil {
			return err
		}
	}
	if len(p.foreign) > 0 {
		if err := db.Later(p.tx).Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(p.foreign, importedInStatement).Error; err != nil {
			return err
		}
	}
	return p.s.Audit.Add(p.tx, p.lines)
}
