package handlers

import "strings"

// Patterns are the routes of all pages, so that tests can ask each of them.
func (c *Console) Patterns() []string {
	var patterns []string
	for _, r := range c.routes {
		patterns = append(patterns, r.pattern)
	}
	return patterns
}

// Dangerous are the addresses that ask for a proof of who somebody is.
func (c *Console) Dangerous() []string {
	var addresses []string
	for _, r := range c.routes {
		if _, address, _ := strings.Cut(r.pattern, " "); r.dangerous {
			addresses = append(addresses, address)
		}
	}
	return addresses
}
