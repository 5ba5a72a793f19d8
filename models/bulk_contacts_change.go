package models

import (
	"encoding/json"
	"maps"
	"slices"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
)

// leftAtOnce is how many memberships in different groups one transaction ends, or makes again:
// each group has its count in several indexes. A contact with more of them, up to
// groupsCounted, has a transaction of its own.
const leftAtOnce = 300

// changeContacts changes some contacts of a bulk change.
func (s *BulkChanges) changeContacts(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object) ([]jobs.Result, error) {
	spec, later, err := s.readPart(tx, job, objects)
	if err != nil {
		return nil, err
	}
	p, err := s.contactPart(tx, job, by, objects)
	if err != nil {
		return nil, err
	}
	for id := range later {
		p.leave(id, ChangedMeanwhile)
	}
	switch {
	case BulkAction(job.Kind) == BulkDeleteContacts:
		err = p.deleteContacts()
	case BulkAction(job.Kind) == BulkAddToGroups:
		err = p.addTo(spec.Groups)
	case spec.Groups != nil:
		err = p.removeFrom(spec.Groups)
	default:
		err = p.removeFromAll()
	}
	return p.finish(err)
}

// contactPart is a part of a job about contacts on its way.
type contactPart struct {
	bulkPart
	objects []jobs.Object
	// due are the contacts that exist and have no result yet, in the order of the objects.
	due     []Contact
	outcome map[string]jobs.Result
}

// contactPart locks contacts: those that change, or only those that must stay.
func (s *BulkChanges) contactPart(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object) (*contactPart, error) {
	p := &contactPart{
		bulkPart: bulkPart{s: s.store, tx: tx, job: job, by: by, now: s.store.DB.Now()},
		objects:  objects, outcome: make(map[string]jobs.Result, len(objects)),
	}
	lock := s.store.DB.Dialect.KeyShare()
	if BulkAction(job.Kind) == BulkDeleteContacts {
		lock = s.store.DB.Dialect.ForUpdate()
	}
	query := selectContacts(s.store.DB.Dialect.Among("id", idsOf(objects)))
	query.Tail = " ORDER BY id" + lock // in the same order everywhere, which is that of the objects
	contacts, err := db.Collect(s.store.DB.ReadIn(tx), query.SQL(), false, query.Args, (*Contact).columns)
	p.due = contacts
	there := make(map[string]bool, len(contacts))
	for _, c := range contacts {
		there[c.ID] = true
	}
	for _, o := range objects {
		if !there[o.ID] {
			p.leave(o.ID, GoneMeanwhile)
		}
	}
	return p, err
}

// result sets what became of a contact.
func (p *contactPart) result(r jobs.Result) {
	p.outcome[r.ObjectID] = r
	p.due = slices.DeleteFunc(p.due, func(c Contact) bool { return c.ID == r.ObjectID })
}

// leave leaves a contact as it is.
func (p *contactPart) leave(id, reason string) {
	p.result(jobs.Result{ObjectID: id, Result: jobs.Skipped, Reason: reason})
}

// finish stores the audit lines, and returns the results up to the first object without one.
func (p *contactPart) finish(err error) ([]jobs.Result, error) {
	if err != nil {
		return nil, err
	}
	for _, o := range p.objects {
		r, done := p.outcome[o.ID]
		if !done {
			break
		}
		p.add(r)
	}
	return p.results, p.s.Audit.AddLast(p.tx, p.lines)
}

func (p *contactPart) deleteContacts() error {
	for _, c := range slices.Clone(p.due) {
		line := p.s.Audit.NewLine(p.by, audit.DeletedContact)
		rest, err := p.s.deleteLockedContact(p.tx, &line, c)
		if err == nil {
			err = p.clear(line, rest)
		}
		if err != nil {
			return err
		}
		p.result(jobs.Result{ObjectID: c.ID, Result: jobs.Changed})
	}
	return nil
}

// addTo adds the contacts to groups.
func (p *contactPart) addTo(groups []string) error {
	changes := map[string]memberChange{}
	for _, id := range groups {
		changes[id] = memberChange{join: p.due}
	}
	there, made, err := p.changeMembers(changes)
	without := AlreadyMember
	if len(there) == 0 {
		without = GroupsGone
	}
	return p.changed(err, made, without)
}

// removeFrom removes the contacts from groups.
func (p *contactPart) removeFrom(groups []string) error {
	changes := map[string]memberChange{}
	for _, id := range groups {
		changes[id] = memberChange{leave: contactIDs(p.due)}
	}
	_, made, err := p.changeMembers(changes)
	return p.changed(err, made, NotMember)
}

// removeFromAll removes as many of the contacts as fit from all their groups.
func (p *contactPart) removeFromAll() error {
	r := p.s.DB.ReadIn(p.tx)
	if err := p.s.countGroupsOf(r, p.due); err != nil {
		return err
	}
	for _, c := range slices.Clone(p.due) {
		if c.Groups.More {
			p.result(jobs.Result{ObjectID: c.ID, Result: jobs.Unfit, Reason: TooManyGroups})
		}
	}
	p.limit(func(c Contact) int { return c.Groups.N })
	query := db.Selection{Columns: "group_id, contact_id", From: "memberships"}
	query.Where(ofGroups)
	query.Where(p.s.DB.Dialect.Among("contact_id", contactIDs(p.due)))
	rows, err := db.Collect(r, query.SQL(), false, query.Args, func(m *membership) []any { return []any{&m.GroupID, &m.ContactID} })
	if err != nil {
		return err
	}
	changes := map[string]memberChange{}
	for _, m := range rows {
		c := changes[m.GroupID]
		c.leave = append(c.leave, m.ContactID)
		changes[m.GroupID] = c
	}
	_, made, err := p.changeMembers(changes)
	return p.changed(err, made, NotMember)
}

// limit leaves the contacts beyond what fits in a transaction to the next one.
func (p *contactPart) limit(size func(c Contact) int) {
	room := leftAtOnce
	for i, c := range p.due {
		if room -= size(c); room < 0 && i > 0 {
			p.due = p.due[:i]
			return
		}
	}
}

// changed sets the results of the contacts that are due: what was made of each by
// changeMembers, or without as the reason if that is nothing.
func (p *contactPart) changed(err error, made map[string]membersUndo, without string) error {
	for _, c := range slices.Clone(p.due) {
		undo, some := made[c.ID]
		if err != nil || !some {
			p.leave(c.ID, without)
			continue
		}
		var kept []byte
		kept, err = json.Marshal(undo)
		p.result(jobs.Result{ObjectID: c.ID, Result: jobs.Changed, Undo: string(kept)})
	}
	return err
}

// memberChange is who joins a group and, by id, who leaves it.
type memberChange struct {
	join  []Contact
	leave []string
}

// changeMembers changes the members of groups, by the groups' ids, and returns those groups
// that exist, and which groups each contact was added to and removed from.
func (p *bulkPart) changeMembers(changes map[string]memberChange) (groups map[string]Group, made map[string]membersUndo, err error) {
	wanted := slices.Sorted(maps.Keys(changes))
	if groups, err = p.s.BulkChanges.lockGroups(p.tx, namedObjects(wanted, nil)); err != nil {
		return nil, nil, err
	}
	made = map[string]membersUndo{}
	for _, id := range wanted {
		g, there := groups[id]
		if !there {
			continue
		}
		added, removed, err := p.changeMembersOf(&g, changes[id])
		if err != nil {
			return nil, nil, err
		}
		for _, c := range added {
			u := made[c.ID]
			u.Added = append(u.Added, id)
			made[c.ID] = u
		}
		for _, c := range removed {
			u := made[c.ID]
			u.Removed = append(u.Removed, id)
			made[c.ID] = u
		}
	}
	return groups, made, nil
}

// changeMembersOf changes the members of a locked group, with its audit lines.
func (p *bulkPart) changeMembersOf(g *Group, c memberChange) (added, removed []Contact, err error) {
	var said map[string]audit.Change
	if len(c.join) > 0 {
		if added, said, err = p.s.Members.addMembers(p.tx, g, c.join); err == nil && len(added) > 0 {
			err = p.note(audit.AddedMembers, "group", g.ID, g.Name, said)
		}
	}
	if err == nil && len(c.leave) > 0 {
		if removed, said, err = p.s.Members.removeMembers(p.tx, g, c.leave); err == nil && len(removed) > 0 {
			err = p.note(audit.RemovedMember, "group", g.ID, g.Name, said)
		}
	}
	return added, removed, err
}
