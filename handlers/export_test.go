package handlers

// Patterns are the routes of all pages, so that tests can ask each of them.
func (c *Console) Patterns() []string { return c.patterns }
