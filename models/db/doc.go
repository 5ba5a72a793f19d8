// Package db is the database: one open SQLite file or PostgreSQL database, its schema, its
// transactions, and the reads that every page waits for. It is the only package that tells
// the two engines apart (Dialect; the files named after an engine).
//
// Changes go through GORM, in Transaction; on SQLite, those that wait for one another are
// committed together (sqlite_turns.go). Lists, searches and single rows are written as SQL and
// scanned column by column (read.go). Lists are read by keyset (page.go).
//
// # Searches
//
// A search is bounded: it must not look at more rows than there is time for, whatever is
// searched and in whatever order. There are six strategies to find its rows (strategy.go):
//
//	strategy         what it looks at                        when it is complete
//	unbounded        whatever the engine's plan says         always; only if little matches
//	orderScan        rows in the order of the list           the page is full, or the order ends
//	indexScan        matches of an index, by id              the page is full, or the index ends
//	collectSort      whatever matches, then sorts it         there were fewer than the bound
//	membershipScan   matches of all but the words, sorted    there were fewer than the bound
//	filterScan       matches of one filter, sorted           there were fewer than the bound
//
// An engine can walk an order and stop when the page is full, or collect what matches and
// sort it. The one takes long if matches are rare or far down the order, the other if they
// are many. So the engine says which to try, by what it can tell of the search: SQLite
// counts (explain_sqlite.go), PostgreSQL has a planner (explain_postgres.go).
//
//	a search
//	   │
//	   ├─ for a list as it is ─────────▶ no strategy: its index has the page
//	   │
//	   ▼ the engine's choice, kept for a minute
//	   ├─ so few matches that it's sure ▶ unbounded                                 (PostgreSQL)
//	   ├─ filters without words ───────▶ filterScan   orderScan    or the other way round
//	   ├─ few groups of a contact ─────▶ membershipScan                            (SQLite)
//	   ├─ few members of a group ──────▶ orderScan                                 (SQLite)
//	   ├─ words, in the order of ids ──▶ indexScan    orderScan                    (SQLite)
//	   ├─ matches seem frequent ───────▶ orderScan    collectSort  membershipScan
//	   ├─ matches seem rare ───────────▶ collectSort  orderScan    membershipScan
//	   └─ other conditions find fewer ─▶ membershipScan collectSort orderScan      (PostgreSQL)
//	   │
//	   ▼ one after the other, until one is complete
//	   the page; if none is complete, the most that one has found, marked as partial
//
// A filter is a condition with an index of its own, such as that groups have no description.
// How many rows each filter has is counted, up to the bound. The one that has the fewest is
// collected, and its rows tested by all other conditions; if even that one has too many, only
// the order of the list is scanned. With words, filterScan is tried last.
package db
