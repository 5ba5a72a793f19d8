package handlers

import (
	"net/http"
	"net/url"

	"protocol.chat/console/models"
)

// Patterns are the routes of all pages, so that tests can ask each of them.
func (c *Console) Patterns() []string {
	var patterns []string
	for _, r := range c.routes {
		patterns = append(patterns, r.pattern)
	}
	return patterns
}

// Asks tells which right a page asks for, whether it is open to anybody, and whether
// there is one.
func (c *Console) Asks(method, address string) (right models.Right, open, known bool) {
	u, err := url.Parse(address)
	if err != nil {
		return "", false, false
	}
	_, pattern := c.mux.Handler(&http.Request{Method: method, URL: u})
	for _, r := range c.routes {
		if r.pattern == pattern {
			return r.right, r.open, true
		}
	}
	return "", false, false
}
