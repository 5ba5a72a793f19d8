// Package access decides who may do what. It has the actors, rights and roles and the table
// that joins them, the networks that a token may be used from, and the errors that the
// store returns, each of which a caller maps once.
package access
