// Package keys has the keys of a console, which are never in its database: what secrets
// are encrypted with that must be read again, and what proves that a line of the audit
// log is the console's own.
package keys
