package text

import "strings"

// Spreadsheets take a cell that begins with certain characters for a formula, but show one that
// begins with an apostrophe as text, without it.

// ForCell returns a text for a cell of a CSV file that no spreadsheet takes for a formula.
func ForCell(s string) string {
	if formula(s) {
		return "'" + s
	}
	return s
}

// FromCell returns the text of which ForCell makes a cell.
func FromCell(cell string) string {
	if rest, quoted := strings.CutPrefix(cell, "'"); quoted && formula(rest) {
		return rest
	}
	return cell
}

// formula reports whether a cell is a formula, after any apostrophes: those are kept apart from
// the one that ForCell adds.
func formula(cell string) bool {
	rest := strings.TrimLeft(cell, "'")
	return rest != "" && strings.ContainsRune("=+-@\t\r", rune(rest[0]))
}
