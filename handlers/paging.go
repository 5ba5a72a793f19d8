package handlers

import (
	"protocol.chat/console/models/db"
)

// total is how many rows a list has. It is counted only where the page is not all, and
// finding it did not tell.
func total(r db.Range, more bool, rows int, known *db.Count, count func() (db.Count, error)) (*db.Count, error) {
	if !more && r.After.IsZero() && r.Before.IsZero() {
		return &db.Count{N: rows}, nil
	}
	if known != nil {
		return known, nil
	}
	n, err := count()
	return &n, err
}

func listTitle(q, section string) string {
	if q != "" {
		return q
	}
	return section
}

// neighbours are the cursors of the pages before and after one, "" where it is at
// an end of the list. first and last are the places of its rows.
func neighbours(r db.Range, more bool, first, last string) (previous, next string) {
	if !r.After.IsZero() || !r.Before.IsZero() && more {
		previous = first
	}
	if !r.Before.IsZero() || more {
		next = last
	}
	return previous, next
}

// partialNote is told where a search for contacts had to stop.
const partialNote = "Too many contacts match, so some may be missing here. Use a more specific search."
