package webhooks

import (
	"context"
	"errors"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// lookEvery is how often Run looks for webhooks that have something to send, while others
// send.
const lookEvery = 250 * time.Millisecond

// Wake makes Run look soon: something is due.
func (s *Store) Wake() {
	select {
	case s.woken <- struct{}{}:
	default: // it will look anyway
	}
}

// Woken is where Wake is heard.
func (s *Store) Woken() <-chan struct{} { return s.woken }

// served is a webhook for which nothing is sent any more.
type served struct {
	id  string
	err error
}

// Run sends what is due, until nothing is. Any number of programs may call it at once. When ctx
// ends, requests have a moment to be answered.
func (s *Store) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	busy, done := map[string]bool{}, make(chan served)
	var failed error
	for look := true; ; {
		if look && ctx.Err() == nil {
			due, err := s.due(ctx)
			if failed = errors.Join(failed, err); err != nil {
				stop()
			}
			for _, id := range due {
				if !busy[id] {
					busy[id] = true
					go func() { done <- served{id, s.serve(ctx, id)} }()
				}
			}
		}
		if len(busy) == 0 {
			return failed
		}
		select {
		case was := <-done:
			delete(busy, was.id)
			if look = false; was.err != nil && ctx.Err() == nil {
				failed = errors.Join(failed, was.err)
				stop() // errors are those of the database
			}
		case <-tick.C:
			look = true
		case <-s.woken:
			look = true
		}
	}
}

// due returns the webhooks to which something is to be sent now, and that no other program
// sends to.
func (s *Store) due(ctx context.Context) (ids []string, err error) {
	now := s.db.Now().Unix()
	query := db.SelectFrom("webhooks", "id, lease_owner, lease_beat", "state = 'enabled' AND resume_at <= ?"+
		" AND EXISTS (SELECT 1 FROM webhook_deliveries AS d WHERE d.webhook_id = webhooks.id AND d.next_at <= ?)", now, now)
	found, err := db.First(s.db.Read(ctx), query, MaxWebhooks, func(w *Webhook) []any { return []any{&w.ID, &w.LeaseOwner, &w.LeaseBeat} })
	for _, w := range found {
		if s.free(w) {
			ids = append(ids, w.ID)
		}
	}
	return ids, s.db.Failed(ctx, err)
}

// serve sends to a webhook until nothing is due, if this program gets its lease.
func (s *Store) serve(ctx context.Context, id string) error {
	held, err := s.acquire(ctx, id)
	if err != nil || !held {
		return known(err)
	}
	err = (&sender{Store: s, id: id, answers: make(chan sent, atOnce), flying: map[string]bool{}}).run(ctx)
	return errors.Join(known(err), s.release(ctx, id))
}

// errLost says that another program has the lease.
var errLost = errors.New("the lease is another program's")

// known returns the error unless it is one that happens: the webhook was deleted, or its lease
// lost.
func known(err error) error {
	if errors.Is(err, access.ErrNotFound) || errors.Is(err, errLost) {
		return nil
	}
	return err
}
