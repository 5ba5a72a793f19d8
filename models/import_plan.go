package models

import (
	"database/sql"
	"fmt"
	"slices"
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

// planGroups finds the groups that rows are about, and what changes about them.
func (p *importPlan) planGroups() error {
	if err := p.findGroups(); err != nil {
		return err
	}
	if err := p.findMembers(); err != nil {
		return err
	}
	for _, row := range p.rows {
		if row.open() {
			p.changeOf(row)
		}
	}
	if err := p.compareMembers(); err != nil {
		return err
	}
	for _, row := range p.rows {
		if !row.open() {
			continue
		}
		_, said := row.group.with(row.change, p.by.Ref())
		row.decide(row.group.ID, len(said)+len(row.added)+len(row.removed) > 0)
	}
	return nil
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

// findGroups finds the group of each row, and locks it.
func (p *importPlan) findGroups() error {
	if p.spec.Options.Match == MatchName {
		return p.findNamed()
	}
	keys := p.keys()
	ours, err := p.foreignIDs("group_id", keys)
	if err != nil {
		return err
	}
	groups, err := p.groupsAmong("id", withValues(keys, ours))
	if err != nil {
		return err
	}
	byID := make(map[string]Group, len(groups))
	for _, g := range groups {
		byID[g.ID] = g
	}
	for _, row := range p.rows {
		if g, own := byID[row.key]; own {
			row.group, row.foreign = g, ""
		} else {
			row.group = byID[ours[row.key]]
		}
	}
	return nil
}

// withValues returns keys, and the values of a map.
func withValues(keys []string, of map[string]string) []string {
	for _, v := range of {
		keys = append(keys, v)
	}
	return keys
}

// groupsAmong reads groups by a column, and locks them in the order of their ids.
func (p *importPlan) groupsAmong(column string, values []string) ([]Group, error) {
	query := selectGroups()
	query.Where(p.s.DB.Dialect.Among(column, values))
	query.Tail = " ORDER BY id" + p.forUpdate
	return db.Collect(p.r, query.SQL(), false, query.Args, (*Group).columns)
}

// findNamed is findGroups by name, which must be that of one group.
func (p *importPlan) findNamed() error {
	keys := p.keys()
	for i, name := range keys {
		keys[i] = text.SortKey(name)
	}
	groups, err := p.groupsAmong("name_key", keys)
	if err != nil {
		return err
	}
	byName := make(map[string][]Group, len(groups))
	for _, g := range groups {
		byName[g.Name] = append(byName[g.Name], g)
	}
	for _, row := range p.rows {
		switch same := byName[row.key]; {
		case !row.open():
		case len(same) > 1:
			p.fail(row, AmbiguousName, "name", fmt.Sprintf("There are %d groups with the name “%s”. Match rows by id.", len(same), text.Cut(row.key, 64)))
		case len(same) == 1:
			row.group = same[0]
			if row.foreign == row.group.ID {
				row.foreign = ""
			}
		}
	}
	return nil
}

// changeOf sets what a row changes about its group.
func (p *importPlan) changeOf(row *plannedRow) {
	row.change = NewGroupChange(row.given)
	if name := row.change.Name; name != nil && *name == row.group.Name && row.group.ID != "" {
		row.change.Name = nil // an older rule may have let it pass
	} else if name == nil && row.group.ID == "" {
		row.change.Name = new("")
	}
	if cell, given := row.values["archived_at"]; given {
		at, ok := archiveTime(cell, p.now)
		if !ok {
			p.fail(row, InvalidValue, "archived_at", "The archive time must be a date, a time such as 2026-01-31T12:00:00Z, Unix seconds, or true or false.")
			return
		}
		row.change.ArchivedAt = &sql.Null[int64]{V: text.Deref(at), Valid: at != nil}
	}
	change, problems := row.change.check(p.now)
	if row.change = change; len(problems) > 0 {
		p.fail(row, InvalidValue, problems[0].Field, problems[0].Message)
	}
}

// given returns the value of a field, or nil if the row does not have it.
func (row *plannedRow) given(field string) *string {
	if value, given := row.values[field]; given {
		return &value
	}
	return nil
}

// memberWords returns the ids and usernames in a cell, each once.
func memberWords(cell string) []string {
	words := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(";, \t\r\n", r) })
	slices.Sort(words)
	return slices.Compact(words)
}

// findMembers finds the contacts that rows name as members.
func (p *importPlan) findMembers() error {
	if !p.spec.maps("contacts") {
		return nil
	}
	of := map[*plannedRow][]string{}
	var all []string
	for _, row := range p.rows {
		if _, given := row.values["contacts"]; given && row.open() {
			of[row] = memberWords(row.values["contacts"])
			all = append(all, of[row]...)
		}
	}
	slices.Sort(all)
	find, err := p.contactFinder(slices.Compact(all))
	if err != nil {
		return err
	}
	for _, row := range p.rows {
		words, given := of[row]
		if !given {
			continue
		}
		row.members = []Contact{}
		seen := map[string]bool{}
		var unknown []string
		for _, word := range words {
			c, found := find(word)
			switch {
			case !found:
				unknown = append(unknown, "“"+text.Cut(word, 64)+"”")
			case !seen[c.ID]:
				seen[c.ID] = true
				row.members = append(row.members, c)
			}
		}
		switch {
		case len(unknown) > 0:
			p.fail(row, UnknownContact, "contacts", "There is no contact "+listed(unknown)+".")
		case len(row.members) > MaxContacts:
			p.fail(row, InvalidValue, "contacts", "At most "+text.Thousands(MaxContacts)+" members fit in one row.")
		}
	}
	return nil
}

// listed returns the first words, and how many there are besides.
func listed(words []string) string {
	const most = 3
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}

// contactFinder returns a function that finds the contact that one of words names: by id, by
// username, or by the id that it has elsewhere.
func (p *importPlan) contactFinder(words []string) (func(word string) (Contact, bool), error) {
	refs := make([]ContactRef, 0, 2*len(words))
	for _, word := range words {
		if refs = append(refs, ContactRef{Username: word}); text.ValidID(word) {
			refs = append(refs, ContactRef{ID: word})
		}
	}
	byID, byName, err := p.s.Members.lookUp(p.r, refs, p.keyShare)
	if err != nil {
		return nil, err
	}
	var unknown []string
	for _, word := range words {
		_, id := byID[word]
		if _, name := byName[text.UsernameKey(word)]; !id && !name {
			unknown = append(unknown, word)
		}
	}
	ours, err := p.foreignIDs("contact_id", unknown)
	if err != nil {
		return nil, err
	}
	mapped, _, err := p.s.Members.lookUp(p.r, Refs(withValues(nil, ours)...), p.keyShare)
	return func(word string) (Contact, bool) {
		if c, ok := byID[word]; ok {
			return c, true
		}
		if c, ok := byName[text.UsernameKey(word)]; ok {
			return c, true
		}
		c, ok := mapped[ours[word]]
		return c, ok
	}, err
}

// comparedAtOnce is how many members are read at once to be compared.
const comparedAtOnce = 20_000

// compareMembers finds out who joins and who leaves groups that exist.
func (p *importPlan) compareMembers() error {
	var rows []*plannedRow
	n := 0
	for i, row := range p.rows {
		if row.open() && row.members != nil {
			if row.group.ID == "" {
				row.added = contactIDs(row.members)
			} else {
				rows = append(rows, row)
				n += row.group.ContactsCount
			}
		}
		if len(rows) > 0 && (n > comparedAtOnce || i == len(p.rows)-1) {
			if err := p.compare(rows); err != nil {
				return err
			}
			rows, n = rows[:0], 0
		}
	}
	return nil
}

func (p *importPlan) compare(rows []*plannedRow) error {
	groups := make([]Group, len(rows))
	for i, row := range rows {
		groups[i] = row.group
	}
	stored, err := (&exporting{Store: p.s, r: p.r}).memberIDs(groups)
	if err != nil {
		return err
	}
	for _, row := range rows {
		wanted := contactIDs(row.members)
		slices.Sort(wanted)
		for _, id := range wanted {
			if _, in := slices.BinarySearch(stored[row.group.ID], id); !in {
				row.added = append(row.added, id)
			}
		}
		for _, id := range stored[row.group.ID] {
			if _, stays := slices.BinarySearch(wanted, id); !stays {
				row.removed = append(row.removed, id)
			}
		}
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
