package models

import (
	"fmt"
	"strings"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// importPlan is what an import does to some rows of its file, as r sees the database. The
// check and the writing both make it: what the check foresees is what happens, unless others
// change the same meanwhile.
type importPlan struct {
	s    *Store
	r    db.Reader
	spec importSpec
	now  time.Time
	by   access.Actor
	// forUpdate and keyShare end the SELECTs of what is changed, and of contacts that groups
	// get.
	forUpdate, keyShare string

	rows []*plannedRow
}

// plannedRow is what becomes of a row.
type plannedRow struct {
	importRow
	// does is one of ImportExpects, and reason why it is none of the first two.
	does, reason string
	// key is what the row is known by, of which there must be one in a file, and foreign the
	// id that it has elsewhere.
	key, foreign string

	// group is the one that is changed, or the zero Group.
	group  Group
	change GroupChange
	// members are all that the group is to have, if the file says, and added and removed the
	// ids of those that are different.
	members        []Contact
	added, removed []string

	contact       Contact
	contactChange ContactChange
}

// planned returns the row as an object of its job.
func (row *plannedRow) planned() jobs.Object {
	o := row.object
	o.Key, o.Detail, o.Expected = row.key, row.detail.String(), row.does
	switch row.does {
	case ImportFails:
		o.Result, o.Reason = jobs.Unfit, row.reason
	case ImportSkips:
		o.Result, o.Reason = jobs.Skipped, row.reason
	}
	return o
}

// fail says what is wrong with a row, in the column of a field.
func (p *importPlan) fail(row *plannedRow, reason, field, message string) {
	row.does, row.reason, row.detail.Message = ImportFails, reason, message
	if field != "" {
		row.detail.Column = p.spec.column(field)
	}
}

// open reports whether it is not decided yet what becomes of a row.
func (row *plannedRow) open() bool { return row.does == "" }

// plan finds out what becomes of rows.
func (p *importPlan) plan(rows []importRow) error {
	for _, r := range rows {
		row := &plannedRow{importRow: r}
		p.rows = append(p.rows, row)
		switch {
		case r.bad != nil:
			p.fail(row, string(r.bad.Code), "", r.bad.Message())
			row.detail.Column = r.bad.Column
		case r.blank:
			row.does, row.reason = ImportSkips, BlankRow
		default:
			p.identify(row)
		}
	}
	if p.spec.Type == ImportContacts {
		return p.planContacts()
	}
	return p.planGroups()
}

// identify sets the key of a row, and the id that it has elsewhere.
func (p *importPlan) identify(row *plannedRow) {
	row.foreign = strings.TrimSpace(row.values["id"])
	if text.Length(row.foreign) > maxForeignID || strings.ContainsRune(row.foreign, 0) {
		p.fail(row, InvalidValue, "id", fmt.Sprintf("The id must have at most %d characters.", maxForeignID))
		return
	}
	switch p.spec.Options.Match {
	case MatchID:
		if row.key = row.foreign; row.key == "" {
			p.fail(row, NoID, "id", "The row has no id, by which rows are matched.")
		}
	case MatchName:
		row.key, _ = groupName(row.values["name"])
	case MatchUsername:
		row.key = text.UsernameKey(strings.TrimSpace(row.values["username"]))
	}
}

// maxForeignID is how many characters an id from elsewhere can have.
const maxForeignID = 64

// repeated finds the rows whose keys earlier rows of the file have. id is that of the job,
// which has all rows before these.
func (p *importPlan) repeated(id string) error {
	keys := make([]string, 0, len(p.rows))
	for _, row := range p.rows {
		if row.key != "" {
			keys = append(keys, row.key)
		}
	}
	earlier, err := p.s.Jobs.KeysAmong(p.r, id, text.Valid(keys))
	if err != nil {
		return err
	}
	lines := make(map[string]int, len(keys))
	for key, detail := range earlier {
		lines[key] = RowDetailOf(detail).Line
	}
	for _, row := range p.rows {
		line, again := lines[row.key]
		switch {
		case row.key == "":
		case again:
			row.key = ""
			p.fail(row, RepeatedRow, string(p.spec.Options.Match), fmt.Sprintf("Line %d has the same %s.", line, p.spec.Type.fieldLabel(string(p.spec.Options.Match))))
		default:
			lines[row.key] = row.detail.Line
		}
	}
	return nil
}

// foreignIDs returns what ids from elsewhere stand for: column is group_id or contact_id.
func (p *importPlan) foreignIDs(column string, ids []string) (map[string]string, error) {
	found := map[string]string{}
	if len(ids) == 0 {
		return found, nil
	}
	query := db.SelectFrom("imported_ids", "foreign_id, "+column, column+" IS NOT NULL")
	query.Where(p.s.DB.Dialect.Among("foreign_id", text.Valid(ids)))
	type pair struct{ foreign, id string }
	rows, err := db.Collect(p.r, query.SQL(), false, query.Args, func(x *pair) []any { return []any{&x.foreign, &x.id} })
	for _, x := range rows {
		found[x.foreign] = x.id
	}
	return found, err
}

// decide sets what a row does: id is that of what exists, or "".
func (row *plannedRow) decide(id string, changes bool) {
	row.detail.ObjectID = id
	switch {
	case id == "":
		row.does = ImportCreates
	case changes:
		row.does = ImportUpdates
	default:
		row.does, row.reason = ImportUnchanged, NothingToChange
	}
}

// keys returns the keys of the rows that are open.
func (p *importPlan) keys() (keys []string) {
	for _, row := range p.rows {
		if row.open() && row.key != "" {
			keys = append(keys, row.key)
		}
	}
	return text.Valid(keys)
}

// withValues returns keys, and the values of a map.
func withValues(keys []string, of map[string]string) []string {
	for _, v := range of {
		keys = append(keys, v)
	}
	return keys
}

// given returns the value of a field, or nil if the row does not have it.
func (row *plannedRow) given(field string) *string {
	if value, given := row.values[field]; given {
		return &value
	}
	return nil
}

// planContacts finds the contacts that rows are about, and what changes about them.
func (p *importPlan) planContacts() error {
	if err := p.findContacts(); err != nil {
		return err
	}
	for _, row := range p.rows {
		if row.open() {
			p.contactChangeOf(row)
		}
	}
	if err := p.takenUsernames(); err != nil {
		return err
	}
	for _, row := range p.rows {
		if row.open() {
			after := row.contact
			after.apply(row.contactChange)
			row.decide(row.contact.ID, len(contactDifferences(row.contact, after)) > 0)
		}
	}
	return nil
}

// findContacts finds the contact of each row, and locks it.
func (p *importPlan) findContacts() error {
	keys := p.keys()
	if p.spec.Options.Match == MatchUsername {
		byKey, err := p.contactsAmong("username_key", keys)
		for _, row := range p.rows {
			if row.contact = byKey[row.key]; row.contact.ID == row.foreign {
				row.foreign = ""
			}
		}
		return err
	}
	ours, err := p.foreignIDs("contact_id", keys)
	if err != nil {
		return err
	}
	byID, err := p.contactsAmong("id", withValues(keys, ours))
	for _, row := range p.rows {
		if c, own := byID[row.key]; own {
			row.contact, row.foreign = c, ""
		} else {
			row.contact = byID[ours[row.key]]
		}
	}
	return err
}

// contactsAmong reads contacts by id or username_key, and locks them.
func (p *importPlan) contactsAmong(column string, values []string) (map[string]Contact, error) {
	query := selectContacts(p.s.DB.Dialect.Among(column, values))
	query.Tail = " ORDER BY id" + p.forUpdate
	rows, err := db.Collect(p.r, query.SQL(), true, query.Args, (*Contact).columns)
	found := make(map[string]Contact, len(rows))
	for _, c := range rows {
		if column == "id" {
			found[c.ID] = c
		} else {
			found[text.UsernameKey(c.Username)] = c
		}
	}
	return found, err
}

// contactChangeOf sets what a row changes about its contact.
func (p *importPlan) contactChangeOf(row *plannedRow) {
	c := NewContactChange(row.given)
	if c.Username == nil && row.contact.ID == "" {
		c.Username = new("")
	}
	if name := c.DisplayName; name != nil {
		shown := row.contact.DisplayName == nil && *name == text.Deref(c.Username)
		if *name == text.Deref(row.contact.DisplayName) || shown && row.contact.ID != "" {
			c.DisplayName = nil
		}
	}
	c, problems := c.check()
	if row.contactChange = c; len(problems) > 0 {
		p.fail(row, InvalidValue, problems[0].Field, problems[0].Message)
	}
}

// takenUsernames finds the rows whose usernames others have.
func (p *importPlan) takenUsernames() error {
	var refs []ContactRef
	for _, row := range p.rows {
		if row.open() && row.contactChange.Username != nil {
			refs = append(refs, ContactRef{Username: *row.contactChange.Username})
		}
	}
	_, byName, err := p.s.Members.lookUp(p.r, refs, "")
	if err != nil {
		return err
	}
	mine := map[string]bool{}
	for _, row := range p.rows {
		if !row.open() || row.contactChange.Username == nil {
			continue
		}
		username := *row.contactChange.Username
		key := text.UsernameKey(username)
		if other, taken := byName[key]; mine[key] || taken && other.ID != row.contact.ID {
			p.fail(row, UsernameTaken, "username", usernameTaken(username)[0].Message)
			continue
		}
		mine[key] = true
	}
	return nil
}
