package handlers

import (
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// list shows the list of groups.
func (p groupPages) list(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, append(groupFilters, "select", "sort", "cols", "after", "before", "last", "jump", "limit")...)
	list, err := p.listAt(r, a)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: listTitle(list.At.Q, views.Groups), Body: views.GroupsPage(list)})
}

// groupFilters are the parameters that limit a list of groups.
var groupFilters = []string{"q", "status", "member", "created_after", "created_before"}

// listAt returns what the list shows for an address.
func (p groupPages) listAt(r *http.Request, a *address) (views.GroupList, error) {
	at, query := readGroupsAt(a)
	live, err := p.liveOf(r, "group")
	if err != nil {
		return views.GroupList{}, err
	}
	page, err := p.pageAt(r, a, &at, &query)
	if err == nil && len(page.Missing) > 0 && p.followMerge(r, a, &at, &query) {
		page, err = p.pageAt(r, a, &at, &query)
	}
	if err != nil {
		return views.GroupList{}, err
	}
	for _, typed := range page.NoContacts {
		a.note("No contact matches “%s”. The contact may have been renamed, merged or deleted.", clip(typed))
	}
	list := views.GroupList{
		By: by(r), At: at, Rows: page.Groups, Status: query.Shown(), Search: page.Search, Member: page.Contact,
		Notes: append(a.notes, views.SearchNotes(page.Search)...), Columns: signedInAs(r).user.GroupColumns, PageSize: a.pageSize, MembersLike: page.MembersLike, Origin: p.publicURL, Live: live, Now: p.now(r),
	}
	if query.First() {
		list.Exact = page.Exact
	}
	if n := len(page.Groups); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More,
			query.Cursor(page.Groups[0].Group).String(), query.Cursor(page.Groups[n-1].Group).String())
	}
	if list.ShowsColumn("by") && len(page.Groups) > 0 {
		if list.Creators, err = p.store.Creators.OfGroups(r.Context(), page.Groups); err != nil {
			return list, err
		}
	}
	return list, p.count(r, &list, query, page)
}

// pageAt returns the page of an address. If the list has none there, it is the one nearest to it, and
// at and query become those of that page.
func (p groupPages) pageAt(r *http.Request, a *address, at *views.GroupsAt, query *models.GroupQuery) (models.GroupPage, error) {
	page, err := fullPage(&query.Range, func() (page models.GroupPage, more bool, err error) {
		page, err = p.store.Groups(r.Context(), *query)
		return page, page.More, err
	})
	at.Before = query.Before.String()
	if beyond := a.get("jump") != "" && !query.After.IsZero() && len(page.Groups) == 0; err != nil || !beyond {
		return page, err
	}
	query.After, query.Last = db.Cursor{}, true
	at.After, at.Last = "", true
	return p.store.Groups(r.Context(), *query)
}

// followMerge makes at and query those of the contact into which theirs was merged, notes that, and
// reports whether it was: saved views and links keep the ID that the contact had.
func (p groupPages) followMerge(r *http.Request, a *address, at *views.GroupsAt, query *models.GroupQuery) bool {
	t, err := p.store.ContactTombstone(r.Context(), at.Member)
	if err != nil || t.Into == nil || !by(r).May(access.ReadContacts) {
		return false
	}
	a.note("“%s” was merged into “%s”, whose groups are shown.", clip(t.Name), clip(t.Into.Name()))
	at.Member, query.Contact = t.Into.ID, t.Into.ID
	return true
}

// count adds to a list how many groups it has, where in it the page is, and how many groups there are
// at all.
func (p groupPages) count(r *http.Request, list *views.GroupList, query models.GroupQuery, page models.GroupPage) (err error) {
	if list.First, err = p.firstRow(r, page); err != nil {
		return err
	}
	if len(page.Groups) == 0 && page.Exact == nil {
		if list.None, err = p.none(r); err != nil {
			return err
		}
	}
	if list.At.OnlyStatus() && !list.None {
		if list.Active, list.Archived, err = p.tabCounts(r); err != nil {
			return err
		}
	}
	list.Total, err = total(query.Range, page.More, len(page.Groups), page.Count, func() (db.Count, error) {
		return p.store.GroupsCount(r.Context(), page)
	})
	if err == nil && page.AtLeast {
		list.Total.AtLeast = true
	}
	return err
}

// tabCounts returns how many active and archived groups there are.
func (p groupPages) tabCounts(r *http.Request) (active, archived *db.Count, err error) {
	counts := make([]db.Count, 2)
	for i, status := range []models.Status{models.Active, models.Archived} {
		if counts[i], err = p.store.GroupsCountOf(r.Context(), models.GroupQuery{Status: status}); err != nil {
			return nil, nil, err
		}
	}
	return &counts[0], &counts[1], nil
}

// firstRow returns the number of a page's first row in its list; 0 if that is not known.
func (p groupPages) firstRow(r *http.Request, page models.GroupPage) (int, error) {
	before, err := p.store.GroupsBefore(r.Context(), page)
	if err != nil || before.More || len(page.Groups) == 0 {
		return 0, err
	}
	return before.N + 1, nil
}

// none reports whether there are no groups at all.
func (p groupPages) none(r *http.Request) (bool, error) {
	page, err := p.store.Groups(r.Context(), models.GroupQuery{Range: db.Range{Limit: 1}})
	return len(page.Groups) == 0, err
}

// readGroupsAt reads the address of a list of groups, and returns the query for it.
func readGroupsAt(a *address) (views.GroupsAt, models.GroupQuery) {
	at := views.GroupsAt{
		Q: a.search(), Status: a.one("status", "archived", "all", "active"),
		Limit: a.limit(), Member: text.Unquote(a.get("member")), Select: a.one("select", "all") != "",
		Cols: a.columns(),
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
		a.note("There's no contact with the ID “%s”, so that filter was ignored.", clip(at.Member))
		at.Member = ""
	}
	query.Contact = at.Member
	var order string
	at.Sort, order, query.Reverse = a.sort("created", "name", "members", "archived", "updated", "active")
	if query.Sort = models.GroupSort(order); query.Sort == models.ByArchived && query.Shown() != models.Archived {
		a.note("Only archived groups can be sorted by archive date.")
		at.Sort, query.Sort, query.Reverse = "", models.ByCreated, false
	}
	at.Sort = views.OwnSort(at.Sort)
	at.CreatedAfter, query.Limits.Created.From = a.day("created_after", 1)
	at.CreatedBefore, query.Limits.Created.To = a.day("created_before", 0)
	a.place(&query)
	at.After, at.Before, at.Last = query.After.String(), query.Before.String(), query.Last
	return at, query
}

// statusBySearch drops the address's status if the search asks for one, which takes precedence, and
// notes it if they differ.
func statusBySearch(a *address, search models.Search, at *views.GroupsAt) {
	asked, chosen := string(search.Status), at.Status
	if asked != "" || chosen == "active" {
		at.Status = ""
	}
	if asked != "" && chosen != "" && chosen != "all" && chosen != asked {
		a.note("Your search includes is:%s. Remove it to see %s groups.", asked, chosen)
	}
}
