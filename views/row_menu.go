package views

import "github.com/a-h/templ"

// The rows of a list share one menu: a template, of which app.js puts a copy into the row whose button
// opens it, with the row's own values in place of these words. See menuCell for what happens without scripts.
const (
	rowWord  = "ID"
	nextWord = "NEXT" // the row that gets the focus when this one is gone
	listWord = "LIST"
)

var (
	fromRow    = templ.SafeURL("?list=" + listWord)
	backToRow  = Next("?next=" + listWord).at(rowWord)
	backToList = Next("?next=" + listWord)
	backToNext = Next("?next=" + listWord).at(nextWord)
)
