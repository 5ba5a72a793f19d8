package views

import "protocol.chat/console/models/access"

// OutageWords describes an outage to users, on pages and in the API: what has happened, as a
// title, and what follows from it.
func OutageWords(o access.Outage) (title, sentence string) {
	switch o {
	case access.Busy:
		return "The database is too busy", "It didn't respond in time. Wait a moment and try again."
	case access.Full:
		return "The database is full", "Nothing can be saved until an administrator of this server frees up space. Stored data is safe."
	case access.Damaged:
		return "The database is damaged", "Some of it can't be read. An administrator of this server has to repair it or restore a backup."
	case access.ReadOnly:
		return "The database is read-only", "Everything can be viewed, but nothing can be changed until an administrator of this server allows it."
	}
	return "The database can't be reached", "Try again in a moment. If it still fails, the server's log says why."
}
