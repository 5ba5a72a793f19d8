package models

import (
	"context"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// maxCreators is how many users and tokens can be told apart by Creators: each takes two
// looks into an index.
const maxCreators = 1000

// creatorsSQL reads who created groups, by id: from one id in the index to the next greater
// one. The name is that of the newest group.
const creatorsSQL = `WITH RECURSIVE found (id, n) AS (
	SELECT (SELECT created_by_id FROM groups WHERE created_by_id > '' ORDER BY created_by_id LIMIT 1), 1
	UNION ALL
	SELECT (SELECT created_by_id FROM groups WHERE created_by_id > found.id ORDER BY created_by_id LIMIT 1), n + 1
	FROM found WHERE found.id IS NOT NULL AND n < ?
)
SELECT newest.created_by_kind, newest.created_by_id, newest.created_by_name FROM found
JOIN groups AS newest ON newest.id = (SELECT id FROM groups WHERE created_by_id = found.id ORDER BY id DESC LIMIT 1)
WHERE found.id IS NOT NULL`

// OfGroup returns who created a group; the zero ActorRef if no one knows.
func (s *Creators) OfGroup(ctx context.Context, groupID string) (access.ActorRef, error) {
	query := db.SelectFrom("groups", "created_by_kind, created_by_id, created_by_name", "id = ?", groupID)
	found, err := db.First(s.store.DB.Read(ctx), query, 1, actorColumns)
	if err != nil || len(found) == 0 {
		return access.ActorRef{}, s.store.DB.Failed(ctx, err)
	}
	return found[0], nil
}

// OfGroups returns who created groups, by the groups' ids.
func (s *Creators) OfGroups(ctx context.Context, groups []GroupHit) (map[string]access.ActorRef, error) {
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	query := db.Selection{Columns: "id, created_by_kind, created_by_id, created_by_name", From: "groups"}
	query.Where(s.store.DB.Dialect.Among("id", ids))
	type created struct {
		id string
		by access.ActorRef
	}
	found, err := db.Collect(s.store.DB.Read(ctx), query.SQL(), false, query.Args, func(c *created) []any {
		return append([]any{&c.id}, actorColumns(&c.by)...)
	})
	creators := map[string]access.ActorRef{}
	for _, c := range found {
		creators[c.id] = c.by
	}
	return creators, s.store.DB.Failed(ctx, err)
}

// All returns the users and tokens that have created groups, also those that are
// deleted, by name.
func (s *Creators) All(ctx context.Context) ([]access.ActorRef, error) {
	all, err := s.all(s.store.DB.Read(ctx))
	text.SortByName(all, func(a access.ActorRef) string { return a.Name })
	return all, s.store.DB.Failed(ctx, err)
}

func (s *Creators) all(r db.Reader) ([]access.ActorRef, error) {
	return db.Collect(r, creatorsSQL, false, []any{maxCreators}, actorColumns)
}

func actorColumns(a *access.ActorRef) []any { return []any{&a.Kind, &a.ID, &a.Name} }

// creators is the condition that one of some users and tokens created a group.
type creators struct {
	condition string
	ids       any
}

// find returns those whose id is typed, or whose name has the typed text somewhere.
func (s *Creators) find(r db.Reader, typed string) (*creators, error) {
	all, err := s.all(r)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range all {
		if a.ID == typed || strings.Contains(text.Fold(a.Name), text.Fold(typed)) {
			ids = append(ids, a.ID)
		}
	}
	condition, list := s.store.DB.Dialect.Among("groups.created_by_id", ids)
	return &creators{condition, list}, nil
}
