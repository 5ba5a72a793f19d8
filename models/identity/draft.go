package identity

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
)

// keepDrafts is how long a form that was not sent is kept.
const keepDrafts = 7 * 24 * time.Hour

// maxDraft is how large a draft can be, in bytes: a little more than the longest
// description in the longest encoding.
const maxDraft = 256 << 10

// maxDrafts is how many drafts a user has at most; older ones are deleted.
const maxDrafts = 20

// draft is what someone typed into a form and has not sent.
type draft struct {
	UserID    string `gorm:"primaryKey"`
	Form      string `gorm:"primaryKey"`
	Fields    string
	UpdatedAt int64
}

// Draft is what someone typed into a form and has not sent, by the names of its fields.
type Draft struct {
	Fields map[string][]string
	// SavedAt is in Unix seconds.
	SavedAt int64
}

// Draft returns what the actor typed into a form within the last week, or ErrNotFound.
func (s *Drafts) Draft(ctx context.Context, by access.Actor, form string) (Draft, error) {
	var found draft
	since := s.db.Now().Add(-keepDrafts).Unix()
	err := s.db.Reader.WithContext(ctx).Where("user_id = ? AND form = ? AND updated_at > ?", by.UserID, form, since).Take(&found).Error
	if err != nil {
		return Draft{}, s.db.Failed(ctx, err)
	}
	d := Draft{SavedAt: found.UpdatedAt}
	return d, json.Unmarshal([]byte(found.Fields), &d.Fields)
}

// SaveDraft stores what the actor typed into a form. Errors: Invalid if it is too long.
func (s *Drafts) SaveDraft(ctx context.Context, by access.Actor, form string, fields map[string][]string) error {
	b, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	if len(b) > maxDraft {
		return access.Refused("", "This is too long to save as a draft.")
	}
	row := draft{UserID: by.UserID, Form: form, Fields: string(b), UpdatedAt: s.db.Now().Unix()}
	return s.db.Transaction(ctx, func(tx *gorm.DB) error {
		others := tx.Model(&draft{}).Select("form").Where("user_id = ? AND form <> ?", by.UserID, form).
			Order("updated_at DESC").Limit(maxDrafts - 1)
		if err := tx.Where("user_id = ? AND form <> ? AND form NOT IN (?)", by.UserID, form, others).Delete(&draft{}).Error; err != nil {
			return err
		}
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
	})
}

// DropDraft deletes what the actor typed into a form.
func (s *Drafts) DropDraft(ctx context.Context, by access.Actor, form string) error {
	return s.db.Failed(ctx, s.db.Writer.WithContext(ctx).Where("user_id = ? AND form = ?", by.UserID, form).Delete(&draft{}).Error)
}
