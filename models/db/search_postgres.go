package db

import (
	"strings"
	"unicode"

	"protocol.chat/console/models/text"
)

// contains finds terms of symbols only, which have no trigrams, by the symbols.
func (*postgresDialect) contains(table, term string) (c Clauses) {
	c.Where(table+".search LIKE ?", containing(term))
	if symbols := strings.Join(strings.Fields(term), ""); !strings.ContainsFunc(symbols, maybeAlnum) {
		c.Where(table+".symbols @> string_to_array(?, NULL)", symbols)
	}
	return c
}

func (*postgresDialect) lacks(table, term string) (c Clauses) {
	c.Where(table+".search NOT LIKE ?", containing(term))
	return c
}

func (*postgresDialect) scan(l *SearchSpec, _ strategy, down bool) (rows Selection, most int, from string) {
	if l.OrderTable != l.Table {
		return l.orderRange("memberships.contact_id", down), maxScanned,
			"(%s) AS memberships JOIN contacts ON contacts.id = memberships.contact_id"
	}
	return l.orderRange(l.Table+".*", down), maxScanned, "(%s) AS " + l.Table
}

func (*postgresDialect) scanOrderBy(order string) string { return " ORDER BY " + order }

// postgresCollected is how many matches PostgreSQL collects, in 25 ms.
const postgresCollected = 20_000

// collect leaves the planner one index for words, because it might take another and test
// most rows for their words. The index has only the words of a phrase, so rows are
// collected by these and tested for the phrase afterwards.
func (d *postgresDialect) collect(l *SearchSpec, a strategy) (rows Selection, kept Clauses, most int) {
	if a == membershipScan || len(l.Terms) == 0 {
		for _, term := range l.Terms {
			kept.Add(d.contains(l.Table, term))
		}
		return l.except(func(l *SearchSpec) { l.Without, l.Terms, l.Tests = nil, nil, Clauses{} }).All(d), kept, postgresCollected
	}
	rows.From, kept = l.Table, l.otherConds(d)
	for _, term := range l.Terms {
		words := text.TermWords(term)
		for _, word := range words {
			rows.Add(d.contains(l.Table, word))
		}
		if len(words) > 1 {
			kept.Add(d.contains(l.Table, term))
		}
	}
	return rows, kept, postgresCollected
}

func (d *postgresDialect) EndingIn(table string, values []string) (from string, arg any) {
	patterns := make([]string, len(values))
	for i, value := range values {
		patterns[i] = "%" + likeEscaper.Replace(value)
	}
	each, arg := d.Each(patterns)
	return each + " JOIN " + table + " ON " + table + ".search LIKE each.value", arg
}

// maybeAlnum reports whether PostgreSQL may take a character for a letter or a digit.
func maybeAlnum(r rune) bool { return text.IsWord(r) || unicode.Is(unicode.Other_Alphabetic, r) }

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// containing returns the LIKE pattern of all that contains a term.
func containing(term string) string { return "%" + likeEscaper.Replace(term) + "%" }
