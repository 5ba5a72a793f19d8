package identity

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// formOpen is for how long others see that somebody has opened a form.
const formOpen = 15 * time.Minute

// maxOpeners is how many of those who have opened a form are named.
const maxOpeners = 3

// openForm says that somebody has opened the edit form of an object.
type openForm struct {
	ObjectID string `gorm:"primaryKey"`
	UserID   string `gorm:"primaryKey"`
	OpenedAt int64
}

// Opener is somebody who has opened a form, and when, in Unix seconds.
type Opener struct {
	Name string
	At   int64
}

// Opened returns who else has lately opened the edit form of an object, the latest first; at most
// maxOpeners. It is advice: whoever saves it locks nobody out.
func (s *OpenForms) Opened(ctx context.Context, by access.Actor, objectID string) ([]Opener, error) {
	query := db.Selection{From: "open_forms", Joins: " JOIN users ON users.id = open_forms.user_id", Columns: "users.name, open_forms.opened_at"}
	query.Where("open_forms.object_id = ? AND open_forms.user_id <> ? AND open_forms.opened_at > ? AND users.disabled_at IS NULL",
		objectID, by.UserID, s.db.Now().Add(-formOpen).Unix())
	query.Tail = " ORDER BY open_forms.opened_at DESC, users.id"
	found, err := db.First(s.db.Read(ctx), query, maxOpeners, func(o *Opener) []any { return []any{&o.Name, &o.At} })
	return found, s.db.Failed(ctx, err)
}

// Open remembers that the actor has opened the edit form of an object.
func (s *OpenForms) Open(ctx context.Context, by access.Actor, objectID string) error {
	row := openForm{ObjectID: objectID, UserID: by.UserID, OpenedAt: s.db.Now().Unix()}
	return s.db.Failed(ctx, s.db.Writer.WithContext(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error)
}

// Close forgets that the actor has opened the edit form of an object, which is saved.
func (s *OpenForms) Close(ctx context.Context, by access.Actor, objectID string) error {
	closed := s.db.Writer.WithContext(ctx).Where("object_id = ? AND user_id = ?", objectID, by.UserID).Delete(&openForm{})
	return s.db.Failed(ctx, closed.Error)
}
