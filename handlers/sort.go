package handlers

import "strings"

// sortKeys are the orders of lists as addresses and the API name them, by the store's names. A "-" before one
// means from the newest, from the most, or from the end of the alphabet.
var sortKeys = map[string]string{
	"created": "created_at", "name": "name", "members": "contacts_count", "archived": "archived_at",
	"updated": "updated_at", "active": "last_active_at", "added": "added_at",
}

// sort reads the parameter sort, which is one of some orders of the store, and returns it with that order
// and whether it is the reverse of the store's, which begins with A, the newest or the most. Older addresses have the
// store's names, and a "-" for the reverse: they still work.
func (a *address) sort(orders ...string) (at, order string, reverse bool) {
	name, down := strings.CutPrefix(a.get("sort"), "-")
	for _, order := range orders {
		key := sortKeys[order]
		if name == order && order != key {
			name, down = key, !down
		}
		if name == key && down {
			return "-" + key, order, order == "name"
		}
		if name == key {
			return key, order, order != "name"
		}
	}
	return a.one("sort"), "", false // which is "", and noted if it was given
}
