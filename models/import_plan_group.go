package models

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

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
		_, changes := row.group.with(row.change, p.by.Ref())
		row.decide(row.group.ID, len(changes)+len(row.added)+len(row.removed) > 0)
	}
	return nil
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
		if words, given := of[row]; given {
			p.setMembers(row, words, find)
		}
	}
	return nil
}

// setMembers sets the contacts that the words in a row's cell name, each once.
func (p *importPlan) setMembers(row *plannedRow, words []string, find func(word string) (Contact, bool)) {
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
