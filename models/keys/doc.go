// Package keys holds the keys of a console, which are never in its database. They encrypt
// secrets that must be readable again, and sign the lines of the audit log.
package keys
