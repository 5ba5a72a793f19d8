package handlers

import (
	"protocol.chat/console/models/db"
)

// fullPage returns the page in a range that find finds, and whether there are more. If going back has
// reached the start of the list, it is the first page, so that it is full, and r is its range.
func fullPage[P any](r *db.Range, find func() (page P, more bool, err error)) (P, error) {
	page, more, err := find()
	if err == nil && !r.Before.IsZero() && !more {
		r.Before = db.Cursor{}
		page, _, err = find()
	}
	return page, err
}

// total returns how many rows a list has. It counts them only if the page isn't all of them, and
// finding the page didn't tell.
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

// neighbours returns the cursors of the pages before and after one, "" at an end of the list. first
// and last are the cursors of its rows.
func neighbours(r db.Range, more bool, first, last string) (previous, next string) {
	if !r.After.IsZero() || (!r.Before.IsZero() || r.Last) && more {
		previous = first
	}
	if !r.Before.IsZero() || more && !r.Last {
		next = last
	}
	return previous, next
}

// partialNote is shown if a search for contacts had to stop.
const partialNote = "Too many contacts match, so some may be missing here. Use a more specific search."
