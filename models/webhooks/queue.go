package webhooks

import (
	"context"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/events"
)

// Wanted returns how many webhooks get each type of events, unless it is none.
func (s *Store) Wanted(ctx context.Context) (map[events.Type]int, error) {
	var all []Webhook
	if err := s.db.ReaderFor(ctx).Where("state <> ?", Disabled).Find(&all).Error; err != nil {
		return nil, s.db.Failed(ctx, err)
	}
	wanted := map[events.Type]int{}
	for _, w := range all {
		for _, t := range w.wants() {
			wanted[t]++
		}
	}
	return wanted, nil
}

// Deliver makes a delivery of each event to each webhook that wants it, in the transaction
// that numbers the events. Call Wake once it is committed.
func (s *Store) Deliver(tx *gorm.DB, numbered []events.Event) error {
	// The rows are locked as for writing results, because both decide what is next of an
	// object: see promote.
	var all []Webhook
	lock := clause.Locking{Strength: "UPDATE"}
	if err := tx.Clauses(lock).Where("state <> ?", Disabled).Order("id").Find(&all).Error; err != nil {
		return err
	}
	for _, w := range all {
		if err := s.deliverTo(tx, w, numbered); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) deliverTo(tx *gorm.DB, w Webhook, numbered []events.Event) error {
	now, wanted := s.db.Now(), w.wants()
	var made []Delivery
	var objects []string
	for _, e := range numbered {
		if !slices.Contains(wanted, e.Type) {
			continue
		}
		made = append(made, Delivery{
			ID: s.db.IDs.Next(now, ""), WebhookID: w.ID, EventID: e.ID, Number: e.Number, Type: e.Type,
			ObjectID: e.ObjectID, RequestID: e.RequestID, State: Pending, CreatedAt: now.Unix(),
		})
		objects = append(objects, e.ObjectID)
	}
	if len(made) == 0 {
		return nil
	}
	if err := insert(tx, made); err != nil {
		return err
	}
	_, err := s.promote(tx, w.ID, objects)
	return err
}

// insertedAtOnce is how many rows one statement inserts.
const insertedAtOnce = 50

func insert(tx *gorm.DB, made []Delivery) error {
	return tx.Omit("webhook_name").CreateInBatches(&made, insertedAtOnce).Error
}

// promote makes the first pending delivery of each object due, unless it has its time
// already, and returns how many. The caller holds the lock of the webhook's row.
func (s *Store) promote(tx *gorm.DB, webhookID string, objects []string) (int, error) {
	slices.Sort(objects)
	each, arg := s.db.Dialect.Each(slices.Compact(objects))
	const first = "(SELECT f.id FROM webhook_deliveries AS f WHERE f.webhook_id = ? AND f.object_id = each.value AND f.state = 'pending'" +
		" ORDER BY f.number LIMIT 1)"
	sql := "UPDATE webhook_deliveries SET next_at = ? WHERE state = 'pending' AND next_at IS NULL AND id IN (SELECT " + first + " FROM " + each + ") RETURNING id"
	promoted, err := db.Collect(s.db.ReadIn(tx), sql, false, []any{s.db.Now().Unix(), webhookID, arg}, db.OneColumn[string])
	return len(promoted), err
}
