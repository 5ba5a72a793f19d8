package handlers

// Patterns are the routes of all pages, so that tests can ask each of them.
func (c *Console) Patterns() []string {
	var patterns []string
	for _, r := range c.routes {
		patterns = append(patterns, r.pattern)
	}
	return patterns
}
