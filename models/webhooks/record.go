package webhooks

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

const (
	// mostFailures is how many requests in a row may fail before the webhook is paused.
	mostFailures = 100
	// cautiousAfter is after how many of them it gets one request at a time, with caution in
	// between, so that a receiver that is down for a minute is not paused.
	cautiousAfter = 10
	caution       = time.Second
	// triedFor is how long a delivery is tried.
	triedFor = 72 * time.Hour
)

// delays are those before the next tries; the last is that before all others.
var delays = []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}

// delay returns how long to wait after a number of tries, with up to a fifth more, so that not
// all come back at once.
func delay(tries int) time.Duration {
	d := delays[min(tries, len(delays))-1]
	return d + rand.N(d/5+1)
}

// record stores what came of deliveries, in order, and returns the webhook after that, and how
// many other deliveries are due because of it. It returns errLost if the lease is lost.
func (s *Store) record(ctx context.Context, id string, all []sent) (w Webhook, next int, err error) {
	err = s.db.Transaction(ctx, func(tx *gorm.DB) error {
		if w, err = locked(tx, id); err != nil {
			return err
		}
		if w.LeaseOwner != s.owner {
			return errLost
		}
		var requests []Attempt
		var objects []string
		for _, a := range all {
			w.count(a)
			d := a.after()
			// A delivery was given up, and nothing else was accepted all that time.
			w.late = w.FailingAt != nil && (w.late || d.State == Failed && a.err != expired && *w.FailingAt <= *d.FirstAt)
			if d.State != Pending {
				objects = append(objects, a.ObjectID)
			}
			if a.err != expired {
				requests = append(requests, a.request())
			}
			if err := saveDelivery(tx, d); err != nil {
				return err
			}
		}
		if err := tx.CreateInBatches(&requests, insertedAtOnce).Error; err != nil {
			return err
		}
		if len(objects) > 0 {
			if next, err = s.promote(tx, id, objects); err != nil {
				return err
			}
		}
		return s.beat(tx, id, map[string]any{"failures": w.Failures, "failing_at": w.FailingAt, "resume_at": w.ResumeAt})
	})
	if err == nil {
		s.tally(all)
	}
	return w, next, err
}

// tally counts requests for Attempts.
func (s *Store) tally(all []sent) {
	for _, a := range all {
		switch a.err {
		case "":
			s.accepted.Add(1)
		case expired: // nothing was sent
		default:
			s.failed.Add(1)
		}
	}
}

// count counts a request among those that failed in a row, or begins anew.
func (w *Webhook) count(a sent) {
	if a.err == "" {
		w.Failures, w.FailingAt, w.ResumeAt = 0, nil, 0
		return
	}
	if a.err == expired {
		return
	}
	w.gone = w.gone || a.status == http.StatusGone
	w.Failures++
	if w.FailingAt == nil {
		w.FailingAt = new(a.at.Unix())
	}
	if w.Failures >= cautiousAfter {
		w.ResumeAt = a.at.Add(a.took + caution).Unix()
	}
}

// after returns the delivery after the request.
func (a sent) after() Delivery {
	d := a.Delivery
	d.Status, d.Error, d.Millis, d.NextAt = a.status, a.err, a.took.Milliseconds(), nil
	d.LastAt = new(a.at.Unix())
	d.FirstAt = cmp.Or(d.FirstAt, d.LastAt)
	if a.err == expired {
		d.State = Failed
		return d
	}
	d.Attempts++
	d.Tries++
	next := a.at.Add(delay(d.Tries))
	switch {
	case a.err == "":
		d.State = Delivered
	case a.status == http.StatusGone || next.Sub(time.Unix(*d.FirstAt, 0)) > triedFor:
		d.State = Failed
	default:
		d.NextAt = new(next.Unix())
	}
	return d
}

// request returns the request as it is stored.
func (a sent) request() Attempt {
	return Attempt{
		DeliveryID: a.ID, N: a.Attempts + 1, At: a.at.Unix(), Millis: a.took.Milliseconds(), Status: a.status, Error: a.err,
		RequestHeaders: a.headers, ResponseHeaders: a.answer.headers, ResponseBody: a.body, Truncated: a.truncated,
	}
}

func saveDelivery(tx *gorm.DB, d Delivery) error {
	return tx.Exec("UPDATE webhook_deliveries SET state = ?, attempts = ?, tries = ?, first_at = ?, last_at = ?, next_at = ?, status = ?, error = ?, millis = ? WHERE id = ?",
		d.State, d.Attempts, d.Tries, d.FirstAt, d.LastAt, d.NextAt, d.Status, d.Error, d.Millis, d.ID).Error
}

// stopIfDue pauses a webhook that fails again and again, and disables one that is gone.
func (s *Store) stopIfDue(ctx context.Context, w *Webhook) error {
	state, reason := Paused, Failing
	switch {
	case w.State != Enabled:
		return nil
	case w.gone:
		state, reason = Disabled, Gone
	case w.Failures >= mostFailures:
	case w.late:
		reason = TooLate
	default:
		return nil
	}
	return s.change(ctx, access.System("webhooks"), StoppedWebhook, w.ID, func(tx *gorm.DB, line *audit.Line, now Webhook) error {
		if now.State != Enabled {
			return audit.ErrNothing
		}
		w.State, w.Reason = state, reason
		stopped := map[string]any{"state": state, "reason": reason, "updated_at": s.db.Now().Unix()}
		return cmp.Or(tx.Model(&Webhook{}).Where("id = ?", w.ID).Updates(stopped).Error,
			line.SetChanges(map[string]audit.Change{"state": {Before: now.State, After: state}, "reason": {After: reason}}))
	})
}
