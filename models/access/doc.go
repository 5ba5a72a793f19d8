// Package access says who may do what: actors, rights, roles and the table that joins them,
// the networks that a token may be used from, and the errors that the store returns.
// Whoever shows an error maps each of them once.
package access
