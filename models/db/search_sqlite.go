package db

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"protocol.chat/console/models/text"
)

const (
	// sqliteCollected is how many matches of the full-text index SQLite collects.
	sqliteCollected = 3000
	// sqliteMemberGroups is how many groups of a contact it looks at, which takes less.
	sqliteMemberGroups = 10_000
)

func (sqliteDialect) contains(table, term string) (c Clauses) {
	c.Where("instr("+table+".search, ?) > 0", term)
	return c
}

func (sqliteDialect) lacks(table, term string) (c Clauses) {
	c.Where("instr("+table+".search, ?) = 0", term)
	return c
}

// memberGroups returns the ids of the members' groups.
func (d sqliteDialect) memberGroups(l *SearchSpec) Selection {
	is, ids := d.Among("contact_id", l.Members)
	return SelectFrom("memberships", "group_id", is, ids)
}

func (d sqliteDialect) scan(l *SearchSpec, a strategy, down bool) (rows Selection, most int, from string) {
	switch {
	case a == indexScan:
		index := l.Table + "_fts"
		rows = Selection{Columns: index + ".rowid AS seq", From: index, Clauses: d.match(l)}
		rows.Tail = " ORDER BY " + Keyset{Columns: []string{index + ".rowid"}}.order(down) + " LIMIT " + strconv.Itoa(sqliteCollected)
		most = sqliteCollected
	case l.OrderTable != l.Table:
		return l.orderRange("memberships.contact_id", down), maxScanned,
			"(%s) AS memberships CROSS JOIN contacts ON contacts.id = memberships.contact_id"
	default:
		rows, most = l.orderRange(l.Table+".seq", down), maxScanned // which the order's index has
	}
	return rows, most, "(%s) AS walked CROSS JOIN " + l.Table + " ON " + l.Table + ".seq = walked.seq"
}

// scanOrderBy is "": CROSS JOIN keeps the order, but SQLite doesn't know, and would sort.
func (sqliteDialect) scanOrderBy(string) string { return "" }

// collect returns the newest matches of the full-text index, the members' groups, or
// whatever another index finds.
func (d sqliteDialect) collect(l *SearchSpec, a strategy) (rows Selection, kept Clauses, most int) {
	switch {
	case a == membershipScan:
		rows = l.except(func(l *SearchSpec) { l.Without, l.Members, l.Tests = nil, nil, Clauses{} }).All(d)
		groups := d.memberGroups(l)
		rows.Where("groups.id IN ("+groups.SQL()+")", groups.Args...)
		return rows, kept, sqliteMemberGroups
	case len(l.Terms) == 0:
		// Without the status, whose index SQLite might choose over the better one.
		return l.except(func(l *SearchSpec) { l.Without, l.Scope, l.Tests = nil, Clauses{}, Clauses{} }).All(d), l.Scope, maxScanned
	}
	index := l.Table + "_fts"
	rows = Selection{From: index + " CROSS JOIN " + l.Table + " ON " + l.Table + ".seq = " + index + ".rowid", Clauses: d.match(l)}
	rows.Tail = " ORDER BY " + index + ".rowid DESC"
	kept = l.otherConds(d)
	for _, term := range l.unmatched() {
		kept.Add(d.contains(l.Table, term))
	}
	return rows, kept, sqliteCollected
}

// match returns the query of the full-text index. It limits the row numbers as the ids are
// limited, or else the index would be read from its end.
func (sqliteDialect) match(l *SearchSpec) (c Clauses) {
	index := l.Table + "_fts"
	var match []string
	for _, term := range l.Terms {
		for _, phrase := range phrases(term) {
			match = append(match, `"`+strings.ReplaceAll(phrase, `"`, `""`)+`"`)
		}
	}
	c.Where(index+" MATCH ?", strings.Join(match, " AND "))
	for _, limit := range l.IDs {
		compare, way := ">=", ""
		if limit.Sign == "<" {
			compare, way = "<=", " DESC"
		}
		c.Where(index+".rowid "+compare+" (SELECT seq FROM "+l.Table+" WHERE id "+limit.Sign+" ? ORDER BY id"+way+" LIMIT 1)", limit.ID)
	}
	return c
}

// phrases returns what to ask the full-text index for a term. SQLite reads the rows of all
// trigrams of a phrase; in text without word gaps those that end in a space are in nearly
// every row. So for a pair of characters, which is a word of its own, it returns the one
// trigram that has both.
func phrases(term string) []string {
	if !strings.ContainsFunc(term, text.IsGapless) {
		return []string{term}
	}
	var all []string
	for _, word := range text.TermWords(term) {
		if trimmed := []rune(word)[1:]; len(trimmed) == 3 && text.IsGapless(trimmed[1]) {
			word = string(trimmed)
		}
		if utf8.RuneCountInString(word) >= 3 { // else it has no trigram
			all = append(all, word)
		}
	}
	return all
}

// EndingIn asks the full-text index for each value, which must have three characters.
func (d sqliteDialect) EndingIn(table string, values []string) (from string, arg any) {
	each, arg := d.Each(values)
	index := table + "_fts"
	return each + " CROSS JOIN " + index + " ON " + index + ` MATCH '"' || replace(each.value, '"', '""') || '"'` +
		" CROSS JOIN " + table + " ON " + table + ".seq = " + index + ".rowid AND substr(" + table + ".search, -length(each.value)) = each.value", arg
}

// unmatched returns the terms that the full-text index is asked for in part only.
func (l *SearchSpec) unmatched() []string {
	return slices.DeleteFunc(slices.Clone(l.Terms), func(term string) bool {
		return len(text.TermWords(term)) == 1 || !strings.ContainsFunc(term, text.IsGapless)
	})
}
