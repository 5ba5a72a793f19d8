package models

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// bulkKinds returns the kinds of jobs that change groups or contacts.
func (s *BulkChanges) bulkKinds() []jobs.Kind {
	undone := func(jobs.Job) int { return undoneAtOnce }
	kinds := []jobs.Kind{
		{Name: UndoKind, Gather: s.store.Jobs.GatherUndone, Change: s.changeUndo, Most: undone},
		{Name: UndoContactsKind, Gather: s.store.Jobs.GatherUndone, Change: s.undoContacts, Most: undone},
	}
	for _, a := range GroupActions {
		kinds = append(kinds, jobs.Kind{Name: a.Kind(), Reversible: a.Reversible(), Gather: s.gatherBulk, Change: s.changeBulk, Most: mostBulk})
	}
	for _, a := range ContactActions {
		kinds = append(kinds, jobs.Kind{Name: a.Kind(), Reversible: a.Reversible(), Gather: s.gatherContacts, Change: s.changeContacts, Most: mostBulk})
	}
	return kinds
}

const (
	// bulkRows is about how many rows one transaction of a bulk change writes at most.
	bulkRows = 5000
	// undoneAtOnce is how many groups or contacts one transaction undoes: each may have
	// members to put back.
	undoneAtOnce = 200
)

// mostBulk returns how many groups or contacts one transaction changes.
func mostBulk(job jobs.Job) int {
	if action := BulkAction(job.Kind); action == BulkDelete || action == BulkDeleteContacts {
		return bulkRows / pieceRows * 4 // few of them fill a piece
	}
	var spec bulkSpec
	_ = job.Read(&spec) // what can't be read fails in changeBulk
	return bulkRows / max(len(spec.Contacts)+len(spec.Groups), 1)
}

// gatherBulk finds the groups of a bulk change, in the order of their ids.
func (s *BulkChanges) gatherBulk(ctx context.Context, job jobs.Job, after string, limit int) ([]jobs.Object, string, error) {
	var spec bulkSpec
	if err := job.Read(&spec); err != nil {
		return nil, "", err
	}
	if !spec.queries() {
		return s.gatherNamed(ctx, spec, after, limit, s.groupNames)
	}
	r := s.store.DB.ReadLong(ctx)
	page, err := s.store.resolveSearch(r, spec.Query)
	if err != nil {
		return nil, "", err
	}
	wanted := page.query.spec(page.members)
	wanted.IDs = append(wanted.IDs, db.IDLimit{Sign: "<", ID: spec.Snapshot})
	part := db.Range{After: db.Cursor{ID: after}, Limit: limit, Whole: true}
	found, err := db.Search(s.store.DB, r, wanted, part, page.query.args, (*Group).columns)
	if err != nil {
		return nil, "", err
	}
	objects := asObjects(found.Rows)
	if found.More {
		return objects, objects[len(objects)-1].ID, nil
	}
	if page.Exact != nil && !slices.ContainsFunc(objects, func(o jobs.Object) bool { return o.ID == page.Exact.ID }) {
		objects = append(objects, jobs.Object{ID: page.Exact.ID, Name: page.Exact.Name})
	}
	meanwhile, err := s.changedSince(r, spec.Snapshot, page)
	for _, o := range meanwhile {
		if !slices.ContainsFunc(objects, func(found jobs.Object) bool { return found.ID == o.ID }) {
			objects = append(objects, o)
		}
	}
	return objects, "", err
}

// queries reports whether a query chooses what is changed. If not, a job that is retried
// does, or ids do.
func (spec bulkSpec) queries() bool { return spec.RetryOf == "" && spec.IDs == nil }

// gatherNamed finds what a bulk change without a query is about. names returns the names of
// objects by id.
func (s *BulkChanges) gatherNamed(ctx context.Context, spec bulkSpec, after string, limit int,
	names func(ctx context.Context, ids []string) (map[string]string, error),
) ([]jobs.Object, string, error) {
	if spec.RetryOf != "" {
		return s.store.Jobs.GatherFrom(ctx, spec.RetryOf, jobs.Unfit, after, limit)
	}
	ids, next := idsAfter(spec.IDs, after, limit)
	named, err := names(ctx, ids)
	return namedObjects(ids, named), next, err
}

// groupNames returns the names of groups by id.
func (s *BulkChanges) groupNames(ctx context.Context, ids []string) (map[string]string, error) {
	query := selectGroups()
	query.Where(s.store.DB.Dialect.Among("id", ids))
	groups, err := db.Collect(s.store.DB.Read(ctx), query.SQL(), false, query.Args, (*Group).columns)
	names := make(map[string]string, len(groups))
	for _, g := range groups {
		names[g.ID] = g.Name
	}
	return names, err
}

// idsAfter returns the first of some ids after one, in order, each once, and the last of
// them if there are others.
func idsAfter(ids []string, after string, limit int) (some []string, next string) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id <= after || !text.ValidID(id) })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > limit {
		ids = ids[:limit]
		next = ids[limit-1]
	}
	return ids, next
}

func namedObjects(ids []string, names map[string]string) []jobs.Object {
	objects := make([]jobs.Object, len(ids))
	for i, id := range ids {
		objects[i] = jobs.Object{ID: id, Name: names[id]}
	}
	return objects
}

func asObjects(groups []Group) []jobs.Object {
	objects := make([]jobs.Object, len(groups))
	for i, g := range groups {
		objects[i] = jobs.Object{ID: g.ID, Name: g.Name}
	}
	return objects
}

// bulkPart is a part of a job on its way: what one transaction changes.
type bulkPart struct {
	s   *Store
	tx  *gorm.DB
	job jobs.Job
	by  access.Actor
	now time.Time
	// rule is Bulk.Rule.
	rule *string

	results []jobs.Result
	lines   []audit.Line
	changed []changedGroup // not stored yet
}

// changedGroup is a group after a change of its own values, and what is different.
type changedGroup struct {
	Group
	action audit.Action
	said   map[string]audit.Change
}

// changeBulk changes some groups of a bulk change.
func (s *BulkChanges) changeBulk(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object) ([]jobs.Result, error) {
	spec, later, err := s.readPart(tx, job, objects)
	if err != nil {
		return nil, err
	}
	// The contacts first, as they are few and the same for all groups. Those that were
	// deleted since are left out.
	contacts, _, err := s.store.Members.findRefs(s.store.DB.ReadIn(tx), Refs(spec.Contacts...), s.store.DB.Dialect.KeyShare())
	if err != nil {
		return nil, err
	}
	return s.changeEach(tx, job, by, objects, func(p *bulkPart, g Group) error {
		if later[g.ID] {
			p.skip(g.ID, ChangedMeanwhile)
			return nil
		}
		return p.do(spec, contacts, g)
	})
}

// readPart reads what a part of a bulk change is to do, and which of its objects have been
// changed since.
func (s *BulkChanges) readPart(tx *gorm.DB, job jobs.Job, objects []jobs.Object) (spec bulkSpec, later map[string]bool, err error) {
	if err = job.Read(&spec); err == nil {
		later, err = s.changedAfter(tx, spec.Snapshot, objects)
	}
	return spec, later, err
}

// changeEach calls change for each of the groups, locked, and stores what it collects.
func (s *BulkChanges) changeEach(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object, change func(*bulkPart, Group) error) ([]jobs.Result, error) {
	groups, err := s.lockGroups(tx, objects)
	if err != nil {
		return nil, err
	}
	p := &bulkPart{s: s.store, tx: tx, job: job, by: by, now: s.store.DB.Now()}
	for _, o := range objects {
		g, there := groups[o.ID]
		if !there {
			p.skip(o.ID, GoneMeanwhile)
			continue
		}
		if err := change(p, g); err != nil {
			return nil, fmt.Errorf("group %s: %w", g.ID, err)
		}
	}
	if err := p.save(); err != nil {
		return nil, err
	}
	return p.results, s.store.Audit.AddLast(tx, p.lines)
}

// lockGroups reads groups, by id, and locks them until the transaction ends.
func (s *BulkChanges) lockGroups(tx *gorm.DB, objects []jobs.Object) (map[string]Group, error) {
	query := selectGroups()
	query.Where(s.store.DB.Dialect.Among("id", idsOf(objects)))
	query.Tail = " ORDER BY id" + s.store.DB.Dialect.ForUpdate() // in the same order everywhere
	rows, err := db.Collect(s.store.DB.ReadIn(tx), query.SQL(), false, query.Args, (*Group).columns)
	groups := make(map[string]Group, len(rows))
	for _, g := range rows {
		groups[g.ID] = g
	}
	return groups, err
}

// changedAfter returns which of the groups somebody has changed after a snapshot. The object
// is compared, not equated, as in strip.first: PostgreSQL would otherwise read all lines
// after the snapshot, which are those of this very job.
func (s *BulkChanges) changedAfter(tx *gorm.DB, snapshot string, objects []jobs.Object) (map[string]bool, error) {
	each, list := s.store.DB.Dialect.Each(idsOf(objects))
	ids, err := db.Collect(s.store.DB.ReadIn(tx), "SELECT value FROM "+each+" WHERE EXISTS (SELECT 1 FROM audit_lines"+
		" WHERE (object_id, id) > (value, ?) AND object_id <= value)", false, []any{list, snapshot}, db.OneColumn[string])
	changed := make(map[string]bool, len(ids))
	for _, id := range ids {
		changed[id] = true
	}
	return changed, err
}

func idsOf(objects []jobs.Object) []string {
	ids := make([]string, len(objects))
	for i, o := range objects {
		ids[i] = o.ID
	}
	return ids
}

// do makes a bulk change of one group.
func (p *bulkPart) do(spec bulkSpec, contacts []Contact, g Group) error {
	p.rule = spec.Rule
	switch BulkAction(p.job.Kind) {
	case BulkDelete:
		return p.delete(g, p.s.Holds.until(spec.Hold))
	case BulkAddContacts:
		return p.addMembers(g, contacts)
	case BulkRemoveContacts:
		return p.removeMembers(g, contactIDs(contacts))
	case BulkArchive:
		return p.change(g, archivedAt(&p.now), AlreadyArchived)
	case BulkRestore:
		return p.change(g, archivedAt(nil), NotArchived)
	}
	c := GroupChange{Description: spec.Description, AvatarURL: spec.AvatarURL}
	if spec.Append != "" {
		c.Description = new(strings.TrimPrefix(text.Deref(g.Description)+"\n\n"+spec.Append, "\n\n"))
	}
	c, problems := c.check(p.now)
	if len(problems) > 0 {
		p.add(jobs.Result{ObjectID: g.ID, Result: jobs.Unfit, Reason: DescriptionTooLong})
		return nil
	}
	return p.change(g, c, NothingToChange)
}

// archivedAt returns the change that archives a group at a time, or restores it.
func archivedAt(at *time.Time) GroupChange {
	if at == nil {
		return GroupChange{ArchivedAt: &sql.Null[int64]{}}
	}
	return GroupChange{ArchivedAt: &sql.Null[int64]{V: at.Unix(), Valid: true}}
}

// change makes a checked change of a group's own values. without is the reason to skip it
// if that changes nothing.
func (p *bulkPart) change(g Group, c GroupChange, without string) error {
	after, said := g.underived(c, p.by.Ref())
	if len(said) == 0 {
		p.skip(g.ID, without)
		return nil
	}
	after.UpdatedAt = p.now.Unix()
	p.changed = append(p.changed, changedGroup{after, c.action(), said})
	return nil
}

// addMembers adds contacts to a group.
func (p *bulkPart) addMembers(g Group, contacts []Contact) error {
	added, said, err := p.s.Members.addMembers(p.tx, &g, contacts)
	if err != nil || len(added) == 0 {
		p.skip(g.ID, NothingToChange)
		return err
	}
	return p.did(g, audit.AddedMembers, said, membersUndo{Added: contactIDs(added)})
}

// removeMembers removes contacts from a group.
func (p *bulkPart) removeMembers(g Group, contacts []string) error {
	gone, said, err := p.s.Members.removeMembers(p.tx, &g, contacts)
	if err != nil || len(gone) == 0 {
		p.skip(g.ID, NothingToChange)
		return err
	}
	return p.did(g, audit.RemovedMember, said, membersUndo{Removed: contactIDs(gone)})
}

// delete deletes a group for good, or puts it on hold until a time.
func (p *bulkPart) delete(g Group, until int64) error {
	line := p.s.Audit.NewLine(p.by, audit.DeletedGroup)
	rest, err := p.s.deleteLocked(p.tx, &line, p.by, g, until)
	if err == nil {
		err = p.clear(line, rest)
	}
	result := jobs.Result{ObjectID: g.ID, Result: jobs.Changed}
	if rest.Held {
		result.Undo = heldUndo
	}
	p.add(result)
	return err
}

// clear adds the audit line of a deletion, and clears the first of what it left.
func (p *bulkPart) clear(line audit.Line, rest clearing) error {
	var said map[string]audit.Change
	if err := json.Unmarshal([]byte(line.Changes), &said); err != nil {
		return err
	}
	if err := p.note(line.Action, line.ObjectKind, line.ObjectID, line.ObjectName, said); err != nil {
		return err
	}
	p.lines[len(p.lines)-1].Shown = line.Shown
	done, err := p.s.clearFirst(p.tx, rest)
	if !done {
		p.s.Deletions.requestPurge()
	}
	return err
}

// did adds the audit line and the result of a change; undo is what undoing it needs.
func (p *bulkPart) did(g Group, action audit.Action, said map[string]audit.Change, undo any) error {
	if err := p.note(action, "group", g.ID, g.Name, said); err != nil {
		return err
	}
	result := jobs.Result{ObjectID: g.ID, Result: jobs.Changed}
	if undo != nil {
		kept, err := json.Marshal(undo)
		if err != nil {
			return err
		}
		result.Undo = string(kept)
	}
	p.add(result)
	return nil
}

// note adds an audit line about an object.
func (p *bulkPart) note(action audit.Action, kind, id, name string, said map[string]audit.Change) error {
	line := p.s.Audit.NewLine(p.by, action)
	line.SetObject(kind, id, name)
	all := map[string]any{audit.JobField: p.job.ID}
	if p.rule != nil {
		all[audit.RuleField] = *p.rule
	}
	for field, change := range said {
		all[field] = change
	}
	p.lines = append(p.lines, line)
	return p.lines[len(p.lines)-1].SetChanges(all)
}

func (p *bulkPart) skip(id, reason string) {
	p.add(jobs.Result{ObjectID: id, Result: jobs.Skipped, Reason: reason})
}

func (p *bulkPart) add(r jobs.Result) { p.results = append(p.results, r) }

// save stores the groups whose own values changed, and says so. Their rows are the most work for
// the database, which does it while this prepares what comes next.
func (p *bulkPart) save() error {
	shown := make([]Group, len(p.changed))
	for i, c := range p.changed {
		shown[i] = c.Group
	}
	// Their events would read the members again.
	err := p.s.Members.addContacts(p.s.DB.ReadIn(p.tx), shown)
	if err == nil {
		err = p.saveValues()
	}
	if err := cmp.Or(err, db.Send(p.tx)); err != nil {
		return err
	}
	for i, c := range p.changed {
		if err := p.did(c.Group, c.action, c.said, c.said); err != nil {
			return err
		}
		p.lines[len(p.lines)-1].Shown = shown[i].Object()
	}
	return nil
}

// saveValues stores groups one by one if they are to be found by other words now, and all that got
// the same values by one statement.
func (p *bulkPart) saveValues() error {
	alike := map[string][]changedGroup{}
	for _, g := range p.changed {
		if searchable(g.said) {
			g.derive()
			if err := db.Later(p.tx).Select(groupWritten).Updates(&g.Group).Error; err != nil {
				return err
			}
			continue
		}
		var key strings.Builder
		for _, column := range columnsOf(g.said) {
			value, err := json.Marshal(g.said[column].After)
			if err != nil {
				return err
			}
			fmt.Fprintf(&key, "%s=%s ", column, value)
		}
		alike[key.String()] = append(alike[key.String()], g)
	}
	for _, groups := range alike {
		if err := p.saveAlike(groups); err != nil {
			return err
		}
	}
	return nil
}

// searchable reports whether a change is of a value that groups are searched by.
func searchable(said map[string]audit.Change) bool {
	return slices.ContainsFunc(groupFields.searched(), func(field string) bool { _, ok := said[field]; return ok })
}

// columnsOf returns the changed columns, in order.
func columnsOf(said map[string]audit.Change) []string {
	columns := make([]string, 0, len(said))
	for column := range said {
		columns = append(columns, column)
	}
	slices.Sort(columns)
	return columns
}

// saveAlike stores groups that got the same values.
func (p *bulkPart) saveAlike(groups []changedGroup) error {
	set, args := "updated_at = ?", []any{p.now.Unix()}
	for _, column := range columnsOf(groups[0].said) {
		set += ", " + column + " = ?"
		args = append(args, groups[0].said[column].After)
		if column == "archived_at" {
			set += ", archived_by_kind = ?, archived_by_id = ?, archived_by_name = ?"
			by := groups[0].ArchivedBy
			args = append(args, by.Kind, by.ID, by.Name)
		}
	}
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	condition, list := p.s.DB.Dialect.Among("id", ids)
	_, err := p.s.DB.ExecIn(db.Later(p.tx), "UPDATE groups SET "+set+" WHERE "+condition, append(args, list)...)
	return err
}
