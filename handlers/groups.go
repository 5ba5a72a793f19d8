package handlers

import (
	"net/http"
	"strings"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// groups shows the list of groups.
func (c *Console) groups(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "q", "status", "member", "created_after", "created_before", "sort", "after", "before", "limit")
	list, err := c.listGroups(r, a)
	if err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: listTitle(list.At.Q, views.Groups), Section: views.Groups, Body: views.GroupsPage(list)})
}

func listTitle(q, section string) string {
	if q != "" {
		return q
	}
	return section
}

// listGroups is what the list shows for an address.
func (c *Console) listGroups(r *http.Request, a *address) (views.GroupList, error) {
	at, query := readGroupsAt(a)
	page, err := c.store.Groups(r.Context(), query)
	if err != nil {
		return views.GroupList{}, err
	}
	if !query.Before.IsZero() && !page.More {
		// The walk back came to the start: show the first page, and show it full.
		query.Before, at.Before = db.Cursor{}, ""
		if page, err = c.store.Groups(r.Context(), query); err != nil {
			return views.GroupList{}, err
		}
	}
	list := views.GroupList{
		By: by(r), At: at, Rows: page.Groups, Status: query.Shown(), Search: page.Search, Member: page.Contact,
		Notes: append(a.notes, page.Search.Hints...), PageSize: a.pageSize, MembersLike: page.MembersLike, Origin: c.publicURL, Now: c.now(r),
	}
	if query.After.IsZero() && query.Before.IsZero() {
		list.Exact = page.Exact
	}
	if n := len(page.Groups); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More,
			query.Cursor(page.Groups[0].Group).String(), query.Cursor(page.Groups[n-1].Group).String())
	}
	if len(page.Groups) == 0 && page.Exact == nil {
		if list.None, err = c.noGroups(r); err != nil {
			return list, err
		}
	}
	list.Total, err = total(query.Range, page.More, len(page.Groups), page.Count, func() (db.Count, error) {
		return c.store.GroupsCount(r.Context(), page)
	})
	if err == nil && page.AtLeast {
		list.Total.AtLeast = true
	}
	return list, err
}

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

// noGroups reports whether there are no groups at all.
func (c *Console) noGroups(r *http.Request) (bool, error) {
	page, err := c.store.Groups(r.Context(), models.GroupQuery{Range: db.Range{Limit: 1}})
	return len(page.Groups) == 0, err
}

// readGroupsAt reads a place in the list, and the query that it stands for.
func readGroupsAt(a *address) (views.GroupsAt, models.GroupQuery) {
	at := views.GroupsAt{
		Q: a.search(), Status: a.one("status", "archived", "all", "active"),
		Sort:  a.one("sort", "created", "-created", "name", "-name", "members", "-members", "archived", "-archived"),
		Limit: a.limit(), Member: text.Unquote(a.get("member")),
	}
	search := models.ParseSearch(at.Q, a.zone)
	statusBySearch(a, search, &at)
	query := models.GroupQuery{Search: search, Status: models.Active, Range: a.page(at.Limit)}
	switch at.Status {
	case "archived":
		query.Status = models.Archived
	case "all":
		query.Status = models.AnyStatus
	}
	if at.Member != "" && !text.ValidID(at.Member) {
		a.note("There is no contact with the id “%s”, so that filter was ignored.", clip(at.Member))
		at.Member = ""
	}
	query.Contact = at.Member
	var name string
	name, query.Reverse = strings.CutPrefix(at.Sort, "-")
	if query.Sort = models.GroupSort(name); query.Sort == models.ByArchived && query.Shown() != models.Archived {
		a.note("Only archived groups can be sorted by the time of archiving.")
		at.Sort, query.Sort, query.Reverse = "", models.ByCreated, false
	}
	if at.Sort == "created" {
		at.Sort = ""
	}
	at.CreatedAfter, query.From = a.day("created_after", 1)
	at.CreatedBefore, query.To = a.day("created_before", 0)
	query.After, query.Before = a.cursors(query.Fits)
	at.After, at.Before = query.After.String(), query.Before.String()
	return at, query
}

// statusBySearch drops the address's status where the search asks for one, which has the last
// word, and says so where they differ.
func statusBySearch(a *address, search models.Search, at *views.GroupsAt) {
	asked, chosen := string(search.Status), at.Status
	if asked != "" || chosen == "active" {
		at.Status = ""
	}
	if asked != "" && chosen != "" && chosen != "all" && chosen != asked {
		a.note("The search asks for is:%s. Take that out of it to see the %s groups.", asked, chosen)
	}
}

// day is a day in the address, and the moment that begins the day so many later where the
// reader is.
func (a *address) day(name string, later int) (string, time.Time) {
	value := a.get(name)
	if value == "" {
		return "", time.Time{}
	}
	day, err := time.Parse(time.DateOnly, value)
	if err != nil || day.Year() < 1970 || day.Year() > 9998 {
		a.note("“%s=%s” in the address is no date like 2026-01-31 and was ignored.", name, clip(value))
		return "", time.Time{}
	}
	return value, text.StartOfDay(day.AddDate(0, 0, later), a.zone)
}
