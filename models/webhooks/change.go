package webhooks

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// Overlap is how long the secret from before a roll signs too.
const Overlap = 24 * time.Hour

// Create makes a webhook, and returns it with its secret. Errors: Invalid, Denied, Conflict if
// there are too many or the key was used for another request.
func (s *Store) Create(ctx context.Context, by access.Actor, c Change, key *audit.IdempotencyKey) (Webhook, string, error) {
	if err := by.Check(access.Webhooks); err != nil {
		return Webhook{}, "", err
	}
	now := s.db.Now()
	w := Webhook{ID: s.db.IDs.Next(now, ""), State: Enabled, CreatedAt: now.Unix(), UpdatedAt: now.Unix()}
	c.Name, c.URL = cmp.Or(c.Name, new("")), cmp.Or(c.URL, new(""))
	c.Events = cmp.Or(c.Events, &[]string{})
	if err := s.apply(c, &w).OrNil(); err != nil {
		return w, "", err
	}
	w.Secret = s.log.Keyring.Encrypt(newSecret(), w.ID)
	id, err := audit.WriteOnce(ctx, s.log, by, access.Webhooks, CreatedWebhook, key, func(tx *gorm.DB, line *audit.Line) (string, error) {
		var others int64
		if err := cmp.Or(s.db.Dialect.Lock(tx, "webhooks"), tx.Model(&Webhook{}).Count(&others).Error); err != nil {
			return "", err
		}
		if others >= MaxWebhooks {
			return "", access.Conflict{Message: "There are " + strconv.Itoa(MaxWebhooks) + " webhooks already. Delete one first."}
		}
		line.SetObject(webhookObject, w.ID, w.Name)
		return w.ID, cmp.Or(tx.Create(&w).Error, line.SetChanges(changes(Webhook{}, w)))
	})
	if err != nil {
		return w, "", s.db.Failed(ctx, err)
	}
	if w, err = webhookIn(s.db.ReaderFor(ctx), id); err != nil {
		return w, "", s.db.Failed(ctx, err)
	}
	secret, err := s.log.Keyring.Decrypt(w.Secret, w.ID)
	return w, secret, err
}

// Update changes a webhook. One that is enabled again sends what waits at once, and so does one
// with a new URL. Errors: Invalid, Denied, ErrNotFound, ErrChanged.
func (s *Store) Update(ctx context.Context, by access.Actor, id string, c Change) (Webhook, error) {
	var w Webhook
	err := s.change(ctx, by, UpdatedWebhook, id, func(tx *gorm.DB, line *audit.Line, was Webhook) error {
		w = was
		if c.IfMatch != nil && !c.IfMatch(was) {
			return access.ErrChanged
		}
		if problems := s.apply(c, &w); len(problems) > 0 {
			return problems
		}
		changed := changes(was, w)
		if len(changed) == 0 {
			return audit.ErrNothing
		}
		w.UpdatedAt = s.db.Now().Unix()
		line.SetObject(webhookObject, w.ID, w.Name)
		columns := map[string]any{"name": w.Name, "url": w.URL, "events": w.Names, "state": w.State, "reason": w.Reason, "updated_at": w.UpdatedAt}
		if w.State == Enabled && (was.State != Enabled || was.URL != w.URL) {
			columns["failures"], columns["failing_at"], columns["resume_at"] = 0, nil, 0
			retry := tx.Exec("UPDATE webhook_deliveries SET next_at = ? WHERE webhook_id = ? AND next_at > ?", w.UpdatedAt, w.ID, w.UpdatedAt)
			if retry.Error != nil {
				return retry.Error
			}
		}
		return cmp.Or(tx.Model(&Webhook{}).Where("id = ?", id).Updates(columns).Error, line.SetChanges(changed))
	})
	s.Wake()
	return w, err
}

// Delete deletes a webhook, if it is as ifMatch requires it to be unless that is nil; Sweep
// deletes its deliveries. Errors: Denied, ErrNotFound, ErrChanged.
func (s *Store) Delete(ctx context.Context, by access.Actor, id string, ifMatch func(Webhook) bool) error {
	return s.change(ctx, by, DeletedWebhook, id, func(tx *gorm.DB, line *audit.Line, w Webhook) error {
		if ifMatch != nil && !ifMatch(w) {
			return access.ErrChanged
		}
		return cmp.Or(tx.Where("id = ?", id).Delete(&Webhook{}).Error, line.SetChanges(changes(w, Webhook{})))
	})
}

// Roll gives a webhook a new secret, which it returns. The current one signs too for Overlap;
// the one before it no longer. Errors: Denied, ErrNotFound, Conflict if the key was used for
// another request.
func (s *Store) Roll(ctx context.Context, by access.Actor, id string, key *audit.IdempotencyKey) (Webhook, string, error) {
	_, err := audit.WriteOnce(ctx, s.log, by, access.Webhooks, RolledWebhook, key, func(tx *gorm.DB, line *audit.Line) (string, error) {
		w, err := locked(tx, id)
		if err != nil {
			return "", err
		}
		line.SetObject(webhookObject, w.ID, w.Name)
		now := s.db.Now()
		until := now.Add(Overlap).Unix()
		rolled := map[string]any{
			"secret": s.log.Keyring.Encrypt(newSecret(), id), "old_secret": w.Secret, "old_until": until, "updated_at": now.Unix(),
		}
		changed := map[string]audit.Change{"old_until": {Before: w.OldUntil, After: until}}
		return id, cmp.Or(tx.Model(&Webhook{}).Where("id = ?", id).Updates(rolled).Error, line.SetChanges(changed))
	})
	if err != nil {
		return Webhook{}, "", s.db.Failed(ctx, err)
	}
	w, err := webhookIn(s.db.ReaderFor(ctx), id)
	if err != nil {
		return w, "", s.db.Failed(ctx, err)
	}
	secret, err := s.log.Keyring.Decrypt(w.Secret, id)
	return w, secret, err
}

// Secret returns the secret of a webhook, which the activity records. Errors: Denied,
// ErrNotFound.
func (s *Store) Secret(ctx context.Context, by access.Actor, id string) (secret string, err error) {
	err = s.change(ctx, by, RevealedSecret, id, func(_ *gorm.DB, _ *audit.Line, w Webhook) (err error) {
		secret, err = s.log.Keyring.Decrypt(w.Secret, w.ID)
		return err
	})
	return secret, err
}

// change writes something about a webhook, which is locked.
func (s *Store) change(ctx context.Context, by access.Actor, action audit.Action, id string, fn func(tx *gorm.DB, line *audit.Line, w Webhook) error) error {
	defer s.paused.Forget()
	return s.db.Failed(ctx, s.log.Write(ctx, by, access.Webhooks, action, func(tx *gorm.DB, line *audit.Line) error {
		w, err := locked(tx, id)
		if err != nil {
			return err
		}
		line.SetObject(webhookObject, w.ID, w.Name)
		return fn(tx, line, w)
	}))
}

// changes returns what differs between two webhooks for the audit line; those of one that is
// created or deleted differ from the zero Webhook.
func changes(was, is Webhook) map[string]audit.Change {
	return audit.Changes([]audit.Difference{
		{Field: "name", Before: text.OrNil(was.Name), After: text.OrNil(is.Name)},
		{Field: "url", Before: text.OrNil(was.URL), After: text.OrNil(is.URL)},
		{Field: "events", Before: text.OrNil(strings.Join(was.Events(), ", ")), After: text.OrNil(strings.Join(is.Events(), ", "))},
		{Field: "state", Before: text.OrNil(string(was.State)), After: text.OrNil(string(is.State))},
	})
}

// secrets returns the secrets that sign at a time, the current one first.
func (s *Store) secrets(w Webhook, now time.Time) ([]string, error) {
	current, err := s.log.Keyring.Decrypt(w.Secret, w.ID)
	if err != nil || !w.OldSigns(now) || w.OldSecret == nil {
		return []string{current}, err
	}
	old, err := s.log.Keyring.Decrypt(*w.OldSecret, w.ID)
	return []string{current, old}, err
}

// Reencrypt encrypts all secrets with the current key, and returns how many had another.
func (s *Store) Reencrypt(ctx context.Context) (n int, err error) {
	err = s.db.Transaction(ctx, func(tx *gorm.DB) error {
		n = 0
		var all []Webhook
		if err := tx.Order("id").Find(&all).Error; err != nil {
			return err
		}
		for _, w := range all {
			columns := map[string]any{}
			for column, stored := range map[string]string{"secret": w.Secret, "old_secret": text.Deref(w.OldSecret)} {
				if stored == "" || strings.HasPrefix(stored, s.log.Keyring.Now().Current()+":") {
					continue
				}
				secret, err := s.log.Keyring.Decrypt(stored, w.ID)
				if err != nil {
					return err
				}
				columns[column] = s.log.Keyring.Encrypt(secret, w.ID)
			}
			if len(columns) == 0 {
				continue
			}
			n += len(columns)
			if err := tx.Model(&Webhook{}).Where("id = ? AND secret = ?", w.ID, w.Secret).Updates(columns).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
