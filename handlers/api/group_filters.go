package api

import (
	"context"
	"maps"
	"slices"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// groupFilters are the parameters that say which groups of a list, or of a bulk change.
var groupFilters = []string{
	"q", "archived", "contact", "created_after", "created_before", "archived_after", "archived_before",
	"updated_after", "updated_before", "contacts_min", "contacts_max", "described", "name",
}

// groups returns the groups that the filters of a query ask for.
func (q *query) groups() models.GroupQuery {
	contact, ofContact := q.values["contact"]
	others := q.also["contact"]
	for _, id := range append([]string{contact}, others...) {
		if ofContact && !text.ValidID(id) {
			q.noContact("contact", id)
		}
	}
	limits := models.Limits{
		Created: q.period("created"), Archived: q.period("archived"), Updated: q.period("updated"),
		Described: q.boolean("described"), MaxMembers: q.count("contacts_max"),
	}
	if least := q.count("contacts_min"); least != nil {
		limits.MinMembers = *least
	}
	if name, given := q.values["name"]; given {
		if limits.Name = text.StripInvisible(name); strings.TrimSpace(limits.Name) == "" {
			q.invalid("name", "“name” must be the name of a group.")
		}
	}
	return models.GroupQuery{Text: q.values["q"], Status: q.status(), Contact: contact, AlsoContacts: others, Limits: limits}
}

// period returns the time from the parameter KEY_after up to KEY_before.
func (q *query) period(key string) models.Period {
	return models.Period{From: q.moment(key + "_after"), To: q.moment(key + "_before")}
}

// boolean returns a parameter that is true or false; nil if it isn't given.
func (q *query) boolean(key string) *bool {
	switch value, given := q.values[key]; {
	case !given:
	case value == "true", value == "false":
		return new(value == "true")
	default:
		q.invalid(key, "“%s” must be true or false.", key)
	}
	return nil
}

// maxCount is greater than any number of members.
const maxCount = 1<<31 - 1

// count returns a parameter that is a number of things; nil if it isn't given.
func (q *query) count(key string) *int {
	value, given := q.values[key]
	if !given {
		return nil
	}
	n, ok := integer(value)
	if !ok || n < 0 || n > maxCount {
		q.invalid(key, "“%s” must be a whole number from 0 to %d.", key, maxCount)
		return nil
	}
	return new(int(n))
}

// groupSorts are the orders of a list of groups.
var groupSorts = map[string]models.GroupSort{
	"created_at": models.ByCreated, "name": models.ByName, "contacts_count": models.ByMembers,
	"archived_at": models.ByArchived, "updated_at": models.ByUpdated,
}

// sort sets the order of a list of groups.
func (q *query) sort(groups *models.GroupQuery) {
	value, given := q.values["sort"]
	if !given {
		return
	}
	name, down := strings.CutPrefix(value, "-")
	sort, known := groupSorts[name]
	switch {
	case !known:
		q.invalid("sort", "“sort” must be one of %s, each with a “-” before it for the reverse order.", strings.Join(slices.Sorted(maps.Keys(groupSorts)), ", "))
	case sort == models.ByArchived && groups.Shown() != models.Archived:
		q.invalid("sort", "Only archived groups can be sorted by “archived_at”. Add archived=true.")
	default:
		groups.Sort, groups.Reverse = sort, down != (sort != models.ByName)
	}
}

// included reports whether the parameter include[] asks for a part of the answer, the only one
// that there is.
func (q *query) included(part string) bool {
	value, given := q.values["include[]"]
	if given && value != part {
		q.invalid("include[]", "“include[]” can only be %s.", part)
	}
	return given && value == part
}

// places completes the cursors of a list, which are ids, by where those groups are in its order.
func (a groupCalls) places(ctx context.Context, q *query, groups *models.GroupQuery) error {
	for key, cursor := range map[string]*db.Cursor{"starting_after": &groups.After, "ending_before": &groups.Before} {
		if cursor.IsZero() || groups.Sort == "" || groups.Sort == models.ByCreated {
			continue
		}
		found, ok, err := a.Store.GroupCursor(ctx, *groups, cursor.ID)
		if err != nil {
			return err
		}
		if *cursor = found; !ok {
			q.invalid(key, "“%s” must be the ID of a group from the list, and “%s” isn't one, or no longer.", key, shorten(q.values[key]))
		}
	}
	return nil
}

// total is how many objects a list has.
type total struct {
	Value int `json:"value"`
	// Relation is exact, about, or at_least if not all were counted.
	Relation string `json:"relation"`
}

func totalOf(n db.Count) *total { return &total{n.N, relationOf(n)} }

// relationOf says how counts are to be read.
func relationOf(counts ...db.Count) string {
	relation := "exact"
	for _, n := range counts {
		switch {
		case n.More || n.AtLeast:
			return "at_least"
		case n.About:
			relation = "about"
		}
	}
	return relation
}

// checkContacts notes the contacts of a query that don't exist.
func (a *api) checkContacts(ctx context.Context, q *query, groups models.GroupQuery) error {
	ids := append(slices.Clone(groups.AlsoContacts), groups.Contact)
	found, err := a.Store.ContactsByID(ctx, ids)
	for _, id := range ids {
		if err == nil && text.ValidID(id) && !slices.ContainsFunc(found, func(c models.Contact) bool { return c.ID == id }) {
			q.noContact("contact", id)
		}
	}
	return err
}

func (q *query) noContact(key, id string) {
	q.invalid(key, "There is no contact with the ID “%s”.", shorten(id))
}
