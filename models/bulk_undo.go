package models

import (
	"context"
	"database/sql"
	"encoding/json"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// A result of a bulk change keeps what undoing it needs: for a group's own values, both
// values of every changed field, as its audit line has them; for members, a membersUndo,
// because an audit line names only the first of many; for a deletion on hold, a heldUndo.

// membersUndo are the ids of all members that a job added to a group, or removed.
type membersUndo struct {
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// heldUndo says that a job put a group on hold.
type heldUndo struct {
	Held bool `json:"held"`
}

// gatherUndo finds the groups that a job changed.
func (s *BulkChanges) gatherUndo(ctx context.Context, job jobs.Job, after string, limit int) ([]jobs.Object, string, error) {
	return s.store.Jobs.GatherFrom(ctx, text.Deref(job.UndoOf), jobs.Changed, after, limit)
}

// changeUndo takes back what a job changed about some groups.
func (s *BulkChanges) changeUndo(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object) ([]jobs.Result, error) {
	done, err := s.store.Jobs.ResultsAmong(tx, text.Deref(job.UndoOf), objects)
	if err != nil {
		return nil, err
	}
	if len(objects) > 0 {
		var first heldUndo
		if err := json.Unmarshal([]byte(done[objects[0].ID].Undo), &first); err != nil {
			return nil, err
		}
		if first.Held {
			return s.putBack(tx, job, by, objects)
		}
	}
	return s.changeEach(tx, job, by, objects, func(p *bulkPart, g Group) error {
		undo := []byte(done[g.ID].Undo)
		var members membersUndo
		if err := json.Unmarshal(undo, &members); err != nil {
			return err
		}
		switch {
		case len(members.Added) > 0:
			return p.removeMembers(g, members.Added)
		case len(members.Removed) > 0:
			contacts, _, err := s.store.Members.findRefs(s.store.DB.ReadIn(tx), Refs(members.Removed...), s.store.DB.Dialect.KeyShare())
			if err != nil {
				return err
			}
			return p.addMembers(g, contacts)
		}
		c, untouched, err := takenBack(undo, g)
		if err != nil {
			return err
		}
		if !untouched {
			p.skip(g.ID, ChangedMeanwhile)
			return nil
		}
		return p.change(g, c, NothingToChange)
	})
}

// putBack puts groups back that a job put on hold.
func (s *BulkChanges) putBack(tx *gorm.DB, job jobs.Job, by access.Actor, objects []jobs.Object) ([]jobs.Result, error) {
	held, err := s.store.Holds.putBack(tx, idsOf(objects))
	if err != nil {
		return nil, err
	}
	back := map[string]bool{}
	for _, h := range held {
		back[h.ID] = true
	}
	return s.changeEach(tx, job, by, objects, func(p *bulkPart, g Group) error {
		if !back[g.ID] { // somebody has put it back already
			p.skip(g.ID, NothingToChange)
			return nil
		}
		return p.did(g, audit.UndeletedGroup, nil, nil)
	})
}

// takenBack returns the change that gives a group its values of before a change, and
// whether it still has those of after.
func takenBack(undo []byte, g Group) (c GroupChange, untouched bool, err error) {
	var archived struct {
		At *struct{ Before, After *int64 } `json:"archived_at"`
	}
	var fields map[string]struct{ Before, After json.RawMessage }
	if err := json.Unmarshal(undo, &archived); err != nil {
		return c, false, err
	}
	if err := json.Unmarshal(undo, &fields); err != nil {
		return c, false, err
	}
	untouched = true
	c = groupFields.newChange(func(name string) *string {
		f, changed := fields[name]
		if !changed {
			return nil
		}
		var before, after *string
		if err = json.Unmarshal(f.Before, &before); err == nil {
			err = json.Unmarshal(f.After, &after)
		}
		untouched = untouched && groupFields.present(&g)[name].Is(fieldValue(after))
		return new(text.Deref(before))
	})
	if at := archived.At; at != nil {
		untouched = untouched && len(audit.Changes([]audit.Difference{{Field: "archived_at", Before: g.ArchivedAt, After: at.After}})) == 0
		c.ArchivedAt = &sql.Null[int64]{V: text.Deref(at.Before), Valid: at.Before != nil}
	}
	return c, untouched, err
}
