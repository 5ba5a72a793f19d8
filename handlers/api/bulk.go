package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// manyCalls are the calls that change many groups: a bulk change does one thing to a set of
// them, as a job; a batch does a few different things at once (batch.go).
type manyCalls struct{ groupCalls }

func (a manyCalls) bulk(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	b, note, err := a.bulkOf(r.Context(), in)
	if err != nil {
		return result{}, err
	}
	if callOf(r).dryRun {
		p, err := a.Store.BulkChanges.PreviewBulk(r.Context(), by, b)
		return result{status: http.StatusOK, body: previewOf(p)}, placed(err)
	}
	j, err := a.Store.BulkChanges.StartBulk(r.Context(), by, b, note)
	return accepted(j, b.Key), placed(err)
}

// bulkOf reads a bulk change and its note.
func (a manyCalls) bulkOf(ctx context.Context, in *input) (b models.Bulk, note string, err error) {
	b = models.Bulk{Action: models.BulkAction("groups." + in.plain("action")), All: in.boolean("all"), Key: in.key}
	if refs := in.contacts("contacts"); refs != nil {
		b.Contacts = *refs
	}
	changes := in.object("changes")
	b.Description, b.AvatarURL = changes.text("description"), changes.text("avatar_url")
	in.adopt("changes", changes)
	if len(in.problems) == 0 && b.Action != models.BulkUpdate && (b.Description != nil || b.AvatarURL != nil) {
		in.invalid("changes", "Only update takes changes.")
	}
	note, problems := jobs.CheckNote(in.plain("note"))
	in.problems = in.problems.And(problems)

	filter := in.object("filter")
	b.IDs = filter.ids("ids")
	q := filter.query(groupFilters)
	b.Query = q.groups()
	if len(q.problems) == 0 {
		err = a.checkContacts(ctx, q, b.Query)
	}
	filter.problems = append(filter.problems, q.problems...)
	in.adopt("filter", filter)
	b.Query.Problems = in.check()
	return b, note, err
}

// ids returns an attribute that is an array of ids; nil if it was not given.
func (in *input) ids(key string) []string {
	list, given := in.list(key)
	if !given {
		return nil
	}
	ids := make([]string, len(list))
	for i, value := range list {
		ids[i], _ = value.(string)
		if !text.ValidID(ids[i]) {
			in.invalid(fmt.Sprintf("%s[%d]", key, i), "An ID has 16 characters: digits and letters.")
		}
	}
	return ids
}

// query returns those attributes that a list takes as query parameters, in their form there.
func (in *input) query(known []string) *query {
	q := &query{values: map[string]string{}, also: map[string][]string{}}
	for _, key := range slices.Sorted(maps.Keys(in.values)) {
		if !slices.Contains(known, key) {
			continue
		}
		value, _, _ := in.pop(key)
		if list, ok := value.([]any); ok && slices.Contains(repeatable, key) && len(list) > 0 {
			value = list[0]
			for _, other := range list[1:] {
				s, _ := other.(string)
				q.also[key] = append(q.also[key], s) // what isn't text is refused as no ID
			}
		}
		switch v := value.(type) {
		case string:
			q.values[key] = v
		case bool:
			q.values[key] = strconv.FormatBool(v)
		case json.Number:
			q.values[key] = v.String()
		default:
			q.invalid(key, "“%s” takes the same values as the parameter of the list.", key)
		}
	}
	return q
}

// adopt takes over the problems of an input that is the attribute key of this one.
func (in *input) adopt(key string, nested *input) {
	for _, p := range nested.check() {
		name, rest, deeper := strings.Cut(p.Field, "[")
		if p.Field = key + "[" + name + "]"; deeper {
			p.Field += "[" + rest
		}
		in.problems = append(in.problems, p)
	}
}

// placed returns an error of a bulk change with each field where the body has it.
func placed(err error) error {
	invalid, ok := errors.AsType[access.Invalid](err)
	if !ok {
		return err
	}
	places := map[string]string{
		"ids": "filter[ids]", "group": "filter[group]",
		"description": "changes[description]", "avatar_url": "changes[avatar_url]",
	}
	for _, filter := range groupFilters {
		places[filter] = "filter[" + filter + "]"
	}
	for i, p := range invalid {
		if place, nested := places[p.Field]; nested {
			invalid[i].Field = place
		}
	}
	return invalid
}

// figuresObject is how many objects a bulk change would change.
type figuresObject struct {
	Matched  int             `json:"matched"`
	ToChange int             `json:"to_change"`
	Skipped  []skippedObject `json:"skipped"`
	// Events is how many events whoever reads all would get, at most.
	Events int `json:"events"`
	// Relation says how the numbers are to be read, as that of a list's total.
	Relation string `json:"relation"`
}

type skippedObject struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

func figuresOf(f models.Figures) figuresObject {
	return figuresObject{
		Matched: f.Matched.N, ToChange: f.ToChange.N, Relation: relationOf(f.Matched, f.ToChange),
		Skipped: each(f.Skipped, func(s models.SkippedCount) skippedObject { return skippedObject{s.Reason, s.Count.N} }),
		Events:  f.Events.Made.N,
	}
}

// previewObject is what a bulk change of groups would do.
type previewObject struct {
	figuresObject
	Sample []models.GroupObject `json:"sample"`
}

func previewOf(p models.Preview) previewObject {
	return previewObject{figuresOf(p.Figures), each(p.Sample, models.Group.Object)}
}
