package handlers

import "time"

// Tests wait for the numbers in the menu.
func init() { menuLimit = time.Minute }

// Patterns are the routes of all pages, so that tests can ask each of them.
func (c *Console) Patterns() []string {
	var patterns []string
	for _, rt := range c.routes.rows {
		if rt.serve == nil {
			patterns = append(patterns, rt.pattern())
		}
	}
	return patterns
}

// Row is what tests look at in a row of the table of routes.
type Row struct {
	Method, Path, Purpose, Section string
	Open, OwnLimits                bool
}

// Rows are all rows of the table.
func (c *Console) Rows() []Row {
	var rows []Row
	for _, rt := range c.routes.rows {
		rows = append(rows, Row{rt.method, rt.path, rt.stepUp, rt.section, rt.right == anybody, rt.limits != limits{}})
	}
	return rows
}
