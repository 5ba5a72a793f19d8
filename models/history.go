package models

import (
	"context"
	"errors"
	"strconv"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// History knows what groups were like at an earlier time: their values and those of their members
// out of the activity, read backwards from the present ones, and who the members were out of
// memberships and past_memberships. It reads what is there before what says that it came later,
// and the latter before what says that some of it is missing: a change meanwhile is none of then.
type History struct{ store *Store }

// BeforeRecords is an ErrConflict: what is recorded begins at Since, in Unix seconds, after the
// time that was asked for.
type BeforeRecords struct{ Since int64 }

func (e BeforeRecords) Error() string {
	return "What was before " + time.Unix(e.Since, 0).UTC().Format(time.RFC3339) + " isn't recorded, or its records were deleted."
}

// Unwrap makes errors.Is(err, access.ErrConflict) true.
func (e BeforeRecords) Unwrap() error { return access.ErrConflict }

// Group returns a group as it was at the end of a second, with its first members and when they
// joined; when it was last active isn't known. Errors: Denied; Invalid about "at" if that is in the
// future; ErrNotFound if the group didn't exist at that time; BeforeRecords.
func (s *History) Group(ctx context.Context, by access.Actor, id string, at int64) (Group, error) {
	if err := by.CheckAll(access.ReadGroups, access.ReadActivity); err != nil {
		return Group{}, err
	}
	if at > s.store.DB.Now().Unix() {
		return Group{}, access.Refused("at", "The time must not be in the future.")
	}
	if !text.ValidID(id) {
		return Group{}, access.ErrNotFound
	}
	r := s.store.DB.Read(ctx)
	g, existed, err := s.valuesOf(r, id, at)
	if err == nil && existed {
		err = s.addMembers(r, &g, at)
	}
	var since int64
	if err == nil {
		since, err = s.since(r)
	}
	switch {
	case err != nil:
		return Group{}, s.store.DB.Failed(ctx, err)
	case g.CreatedAt > at:
		return Group{}, access.ErrNotFound
	case at < since:
		return Group{}, BeforeRecords{since}
	case !existed:
		return Group{}, access.ErrNotFound
	}
	return g, nil
}

// Since returns from when on there are records of everything, in Unix seconds.
func (s *History) Since(ctx context.Context) (int64, error) {
	since, err := s.since(s.store.DB.Read(ctx))
	return since, s.store.DB.Failed(ctx, err)
}

func (s *History) since(r db.Reader) (int64, error) {
	stored, err := db.Take(r, db.SelectFrom("settings", "value", "key = ?", "past_memberships_since"), db.OneColumn[string])
	if err != nil {
		return 0, err
	}
	members, err := strconv.ParseInt(stored, 10, 64)
	if err != nil {
		return 0, err
	}
	activity, err := s.store.Audit.Retention.DeletedBefore(r.Ctx)
	return max(members, activity), err
}

// aboutMembers are the actions whose lines say nothing of a group's values.
var aboutMembers = []audit.Action{audit.AddedMembers, audit.RemovedMember, audit.RevertedMembers, audit.ExportedGroup, audit.ExportedMembers}

// valuesOf returns a group without its members, and whether it existed. CreatedAt is set also if it
// existed at another time only, as far as the activity knows. Errors: ErrNoRow if there never was
// one.
func (s *History) valuesOf(r db.Reader, id string, at int64) (g Group, existed bool, err error) {
	query := selectGroups()
	query.Where("id = ?", id)
	g, err = db.Take(r, query, (*Group).columns)
	if existed = err == nil; !existed && !errors.Is(err, db.ErrNoRow) {
		return g, false, err
	}
	later, err := s.store.Audit.LinesFrom(r, []string{id}, endOf(at), aboutMembers...)
	if err == nil && !existed && len(later) == 0 {
		_, err = db.Take(r, db.SelectFrom("tombstones", "group_id", "group_id = ?", id), db.OneColumn[string])
	}
	if err != nil {
		return g, false, err
	}
	g.ID = id
	for _, l := range later {
		switch l.Action {
		case audit.DeletedGroup:
			existed = true
		case audit.CreatedGroup, audit.UndeletedGroup:
			existed = false
		}
		takeBack(groupFields, &g, l, map[string]func(v audit.FieldValue){
			"archived_at":     func(v audit.FieldValue) { g.ArchivedAt = optionalTime(v) },
			"created_at":      func(v audit.FieldValue) { g.CreatedAt = text.Deref(optionalTime(v)) },
			"conversation_id": func(v audit.FieldValue) { g.ConversationID = v.Text },
		})
	}
	if existed && (g.UpdatedAt > at || g.UpdatedAt == 0) {
		g.UpdatedAt, err = s.lastUpdate(r, g, at)
	}
	return g, existed, err
}

// takeBack gives an object the values that it had before a line. others sets values that have no
// field of their own. The line of a creation has none: what was before it is nothing.
func takeBack[O, C, V any](table fields[O, C, V], o *O, l audit.Line, others map[string]func(audit.FieldValue)) {
	if l.Action == audit.CreatedGroup || l.Action == audit.CreatedContact {
		return
	}
	for _, changed := range l.Fields() {
		if set, ok := others[changed.Name]; ok {
			set(changed.Before)
		}
		for _, f := range table {
			if f.name == changed.Name {
				f.set(o, changed.Before.Text)
			}
		}
	}
}

// optionalTime returns a time in Unix seconds out of a line; nil if it has none.
func optionalTime(v audit.FieldValue) *int64 {
	at, err := strconv.ParseInt(v.Text, 10, 64)
	if v.None || err != nil {
		return nil
	}
	return &at
}

// endOf returns the id that begins what came after a second.
func endOf(at int64) string { return text.FirstID(time.Unix(at+1, 0)) }

// lastUpdate returns when a group was last changed before the end of a second, as far as that is
// recorded: by a line, or because a member was deleted.
func (s *History) lastUpdate(r db.Reader, g Group, at int64) (int64, error) {
	line, err := s.store.Audit.LastLineBefore(r, g.ID, endOf(at), audit.DeletedGroup, audit.UndeletedGroup, audit.ExportedGroup, audit.ExportedMembers)
	if err != nil {
		return 0, err
	}
	left, err := db.Take(r, db.SelectFrom("past_memberships", "coalesce(max(left_at), 0)", "group_id = ? AND left_at <= ?", g.ID, at), db.OneColumn[int64])
	return max(g.CreatedAt, line.CreatedAt, left), err
}
