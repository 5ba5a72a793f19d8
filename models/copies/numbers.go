package copies

import "protocol.chat/console/models/db"

// numbers are row numbers for SQLite, in the order of the ids. Groups and groups on hold share
// one sequence, and contacts have their own.
type numbers struct {
	held   []string // the ids of groups on hold
	sum    sum      // of those
	places []int64  // the row number of each
	at     int      // how many of them have one
	last   map[string]int64
}

// readNumbers reads which groups are on hold.
func readNumbers(r db.Reader) (n numbers, err error) {
	n.held, err = db.Collect(r, "SELECT id FROM held_groups ORDER BY id", false, nil, db.OneColumn[string])
	var p part
	for _, id := range n.held {
		hash, _ := rowHash([]any{id}, nil)
		p = p.add(hash)
	}
	n.sum, n.places = p.Sum, make([]int64, len(n.held))
	n.restart()
	return n, err
}

// restart begins the sequences anew.
func (n *numbers) restart() { n.at, n.last = 0, map[string]int64{} }

// next returns the number of the next row of a table.
func (n *numbers) next(table, id string) int64 {
	if table == "groups" {
		for n.at < len(n.held) && n.held[n.at] < id {
			n.hold()
		}
	}
	n.last[table]++
	if table == "held_groups" {
		return n.places[n.last[table]-1]
	}
	return n.last[table]
}

// hold gives the next group on hold a number of groups.
func (n *numbers) hold() {
	n.last["groups"]++
	n.places[n.at] = n.last["groups"]
	n.at++
}

// rest gives the groups on hold after the last group their numbers.
func (n *numbers) rest() {
	for n.at < len(n.held) {
		n.hold()
	}
}
