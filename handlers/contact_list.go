package handlers

import (
	"net/http"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// list shows the list of contacts.
func (p contactPages) list(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "q", "select", "sort", "after", "before", "limit")
	list, err := p.listAt(r, a)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: listTitle(list.At.Q, views.Contacts), Body: views.ContactsPage(list)})
}

// listAt returns what the list shows for an address.
func (p contactPages) listAt(r *http.Request, a *address) (views.ContactList, error) {
	at, query := readContactsAt(a)
	live, err := p.liveOf(r, "contact")
	if err != nil {
		return views.ContactList{}, err
	}
	page, err := fullPage(&query.Range, func() (page models.ContactPage, more bool, err error) {
		page, err = p.store.Contacts(r.Context(), query)
		return page, page.More, err
	})
	if err != nil {
		return views.ContactList{}, err
	}
	at.After, at.Before = query.After.String(), query.Before.String()
	list := views.ContactList{
		By: by(r), At: at, Rows: page.Contacts, Words: strings.Fields(at.Q), Notes: a.notes, PageSize: a.pageSize, Origin: p.publicURL, Live: live, Now: p.now(r),
		None: len(page.Contacts) == 0 && at.Q == "" && at.After == "",
	}
	if page.Partial {
		list.Notes = append(list.Notes, partialNote)
	}
	if n := len(page.Contacts); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More,
			query.Cursor(page.Contacts[0]).String(), query.Cursor(page.Contacts[n-1]).String())
	}
	list.Total, err = total(query.Range, page.More, len(page.Contacts), page.Count, func() (db.Count, error) {
		return p.store.ContactsCount(r.Context(), page)
	})
	return list, err
}

// readContactsAt reads the address of a list of contacts, and returns the query for it.
func readContactsAt(a *address) (views.ContactsAt, models.ContactQuery) {
	sort, order, reverse := a.sort("created", "name")
	at := views.ContactsAt{Q: a.search(), Sort: views.OwnSort(sort), Limit: a.limit(), Select: a.one("select", "all") != ""}
	query := models.ContactQuery{Text: at.Q, WithGroups: true, Reverse: reverse, Range: a.page(at.Limit)}
	if order == "name" {
		query.Sort = models.ContactsByName
	}
	query.After, query.Before = a.cursors(query.Fits)
	return at, query
}
