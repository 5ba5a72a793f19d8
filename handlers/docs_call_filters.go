package handlers

import (
	"cmp"
	"strings"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
	"protocol.chat/console/views/reference"
)

// listGroups adds the call that returns the groups of a list.
func (c *pageCalls) listGroups(query models.GroupQuery) {
	request := c.add("listGroups")
	request.Query = append(c.groupFilter(query), c.order(string(query.Sort), query.Reverse)...)
	request.Query = append(request.Query, placed(query.Range)...)
}

// order returns the parameter for the order of a list.
func (c *pageCalls) order(name string, reverse bool) reference.Members {
	if name == string(models.ByActive) { // of which the API knows nothing
		c.missing = append(c.missing, "sort:"+name)
		return nil
	}
	sort := sortKeys[cmp.Or(name, string(models.ByCreated))]
	if reverse == (name == string(models.ByName)) {
		sort = "-" + sort
	}
	if views.OwnSort(sort) == "" {
		return nil // which it is without the parameter
	}
	return reference.Members{{Key: "sort", Value: sort}}
}

// placed returns the parameters for a part of a list.
func placed(r db.Range) reference.Members {
	params := reference.Members{{Key: "limit", Value: r.Limit}}
	switch {
	case r.After.ID != "":
		params = append(params, reference.Member{Key: "starting_after", Value: r.After.ID})
	case r.Before.ID != "":
		params = append(params, reference.Member{Key: "ending_before", Value: r.Before.ID})
	}
	return params
}

// groupFilter returns the parameters that limit groups as a list on a page is limited.
func (c *pageCalls) groupFilter(query models.GroupQuery) reference.Members {
	var f filter
	search := query.Search
	f.text("q", strings.Join(search.Words, " "))
	switch query.Shown() {
	case models.Archived:
		f.add("archived", true)
	case models.Active:
		f.add("archived", false)
	}
	contact := query.Contact
	for _, member := range append([]string{search.Member}, search.AlsoMembers...) {
		switch {
		case member == "":
		case text.ValidID(member) && contact == "":
			contact = member
		default: // a client's query has each parameter once
			f.missing = append(f.missing, "member:")
		}
	}
	f.text("contact", contact)
	if len(search.Without) > 0 {
		f.missing = append(f.missing, "-"+search.Without[0])
	}
	f.limits(search.Limits)
	f.period("created", query.Limits.Created)
	c.missing = append(c.missing, f.missing...)
	return f.params
}

// filter is the parameters for a filter, and what has none.
type filter struct {
	params  reference.Members
	missing []string
}

func (f *filter) add(name string, value any) {
	f.params = append(f.params, reference.Member{Key: name, Value: value})
}

func (f *filter) text(name, value string) {
	if value != "" {
		f.add(name, value)
	}
}

// period adds the parameters for a period: from its beginning to before its end.
func (f *filter) period(name string, p models.Period) {
	for _, end := range []struct {
		name string
		at   time.Time
	}{{name + "_after", p.From}, {name + "_before", p.To}} {
		if !end.at.IsZero() {
			f.add(end.name, end.at.Unix())
		}
	}
}

func (f *filter) limits(l models.Limits) {
	f.period("created", l.Created)
	f.period("archived", l.Archived)
	f.period("updated", l.Updated)
	if l.MinMembers > 0 {
		f.add("contacts_min", l.MinMembers)
	}
	if l.MaxMembers != nil {
		f.add("contacts_max", *l.MaxMembers)
	}
	if l.Described != nil {
		f.add("described", *l.Described)
	}
	f.text("name", l.Name)
	for _, other := range []struct {
		given bool
		name  string
	}{
		{!l.Active.IsZero(), "active:"},
		{l.Avatar != nil, "has:avatar"},
		{l.Creator != "", "by:"},
		{l.Duplicate, "is:duplicate"},
		{l.Exempt != nil, "is:exempt"},
		{l.Scheduled, "is:scheduled"},
	} {
		if other.given {
			f.missing = append(f.missing, other.name)
		}
	}
}

// bulkGroups adds the call that changes the groups that match a list.
func (c *pageCalls) bulkGroups(a *address) {
	_, query := readGroupsAt(a)
	request := c.add("bulkGroups")
	filter := c.groupFilter(query)
	if len(c.missing) > 0 { // without them, the call would change more
		filter = nil
	}
	request.Body = bulkBody(a, filter)
}

// bulkContacts adds the call that changes the contacts that match a list.
func (c *pageCalls) bulkContacts(a *address) {
	_, query := readContactsAt(a)
	var f filter
	f.text("q", query.Text)
	request := c.add("bulkContacts")
	if f.params == nil {
		f.params = reference.Members{} // all
	}
	request.Body = bulkBody(a, f.params)
}

// bulkBody returns the body of a bulk change: the action that the address has, with the filter of its
// list, or with a place for IDs if rows were selected, which no address has, or if there is no filter.
func bulkBody(a *address, filter reference.Members) reference.Members {
	body, action := reference.Members{}, a.get("action")
	if a.get("select") != "all" || filter == nil {
		filter = reference.Members{{Key: "ids", Value: []any{"{id}"}}}
	}
	if len(filter) == 0 {
		body = append(body, reference.Member{Key: "all", Value: true})
	} else {
		body = append(body, reference.Member{Key: "filter", Value: filter})
	}
	if action == "" {
		action = "delete"
	}
	return append(body, reference.Member{Key: "action", Value: action})
}

// listMembers adds the calls that list members and change who is one.
func (c *pageCalls) listMembers(a *address) {
	request := c.add("listMembers")
	var f filter
	f.text("q", a.search())
	request.Query = append(f.params, reference.Member{Key: "limit", Value: a.pageSize})
	if sort := a.get("sort"); sort != "" {
		c.missing = append(c.missing, "sort:"+sort)
	}
	c.addAll("addMembers", "removeMember")
}

// listContacts adds the call that returns the contacts of a list.
func (c *pageCalls) listContacts(query models.ContactQuery) {
	request := c.add("listContacts")
	var f filter
	f.text("q", query.Text)
	request.Query = append(f.params, c.order(string(query.Sort), query.Reverse)...)
	request.Query = append(request.Query, placed(query.Range)...)
}

// listActivity adds the call that returns the entries of a list.
func (c *pageCalls) listActivity(query audit.ActivityQuery) {
	var f filter
	f.text("who", query.Who)
	f.text("action", query.Action)
	f.text("object", query.Object)
	f.text("request_id", query.Request)
	f.period("created", models.Period{From: query.From, To: query.To})
	c.add("listActivity").Query = append(f.params, placed(query.Range)...)
}
