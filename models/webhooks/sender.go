package webhooks

import (
	"context"
	"errors"
	"strconv"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

const (
	// atOnce is how many requests one webhook gets at once, queued how many deliveries are
	// read ahead.
	atOnce = 16
	queued = 4 * atOnce
	// drainTime is how long requests have to be answered when the program ends.
	drainTime = 1500 * time.Millisecond
)

// sender sends to one webhook, whose lease this program holds. Only run touches its fields,
// except answers.
type sender struct {
	*Store
	id      string
	webhook Webhook
	secrets []string
	queue   []parcel        // read, and not sent yet
	flying  map[string]bool // those in queue and those that are being sent, by id
	open    int             // how many are being sent
	answers chan sent
	unsaved []sent
	more    bool // whether there may be others to read
}

// parcel is a delivery to be sent.
type parcel struct {
	Delivery
	payload string
}

// sent is a delivery that was sent, and what came of it.
type sent struct {
	parcel
	at      time.Time
	headers string
	answer
}

// run sends until nothing is due, the webhook is off, or ctx ends.
func (s *sender) run(ctx context.Context) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drainTime, cancel) })()
	// Before others may take over, requests end.
	lease := time.AfterFunc(s.LeaseTime*5/beats, cancel)
	defer lease.Stop()
	tick := time.NewTicker(s.LeaseTime / beats)
	defer tick.Stop()
	var err error
	for s.more = true; ; {
		if s.more && len(s.queue) < atOnce && ctx.Err() == nil {
			if err = s.read(ctx); errors.Is(err, access.ErrNotFound) || errors.Is(err, errLost) {
				return err
			}
		}
		if ctx.Err() != nil || err != nil || !s.mayGoOn() {
			s.drop()
		}
		s.launch(requests)
		if s.open == 0 && len(s.unsaved) == 0 {
			return err
		}
		ticked := s.wait(tick.C)
		if err = s.save(context.WithoutCancel(ctx), ticked); err == nil {
			lease.Reset(s.LeaseTime * 5 / beats)
		}
		if errors.Is(err, access.ErrNotFound) || errors.Is(err, errLost) || err != nil && requests.Err() != nil {
			return err // unsaved deliveries are sent again
		}
		s.more = s.more || ticked
	}
}

// mayGoOn reports whether the next delivery may be sent. After some failures in a row there is one
// at a time, and a pause after each.
func (s *sender) mayGoOn() bool {
	return s.webhook.State == Enabled && s.webhook.ResumeAt <= s.db.Now().Unix()
}

// drop forgets what was read and not sent.
func (s *sender) drop() {
	for _, p := range s.queue {
		delete(s.flying, p.ID)
	}
	s.queue, s.more = nil, false
}

// read reads the webhook as it is now, and what is due.
func (s *sender) read(ctx context.Context) error {
	w, err := webhookIn(s.db.Reader.WithContext(ctx), s.id)
	if err != nil {
		return s.db.Failed(ctx, err)
	}
	s.webhook = w
	now := s.db.Now()
	if s.secrets, err = s.Store.secrets(w, now); err != nil {
		return err
	}
	query := db.SelectFrom("webhook_deliveries AS d", deliveryColumns+", coalesce(d.payload, events.payload, '')", "d.webhook_id = ? AND d.next_at <= ?", s.id, now.Unix())
	query.Joins = " LEFT JOIN events ON events.id = d.event_id"
	query.Tail = " ORDER BY d.next_at, d.number"
	limit := queued + len(s.flying)
	due, err := db.First(s.db.Read(ctx), query, limit, func(p *parcel) []any { return append(p.columns(), &p.payload) })
	if err != nil {
		return s.db.Failed(ctx, err)
	}
	s.more = len(due) == limit
	for _, p := range due {
		if !s.flying[p.ID] {
			s.flying[p.ID] = true
			s.queue = append(s.queue, p)
		}
	}
	return nil
}

// launch sends as many as may be sent at once.
func (s *sender) launch(ctx context.Context) {
	most := atOnce
	if s.webhook.Failures >= cautiousAfter {
		most = 1
	}
	for len(s.queue) > 0 && s.open < most {
		p := s.queue[0]
		s.queue = s.queue[1:]
		s.open++
		url, secrets := s.webhook.URL, s.secrets
		go func() { s.answers <- s.post(ctx, url, secrets, p) }()
	}
}

// post makes one request.
func (s *sender) post(ctx context.Context, url string, secrets []string, p parcel) sent {
	done := sent{parcel: p, at: s.db.Now()}
	if p.payload == "" {
		done.answer = answer{err: expired}
		return done
	}
	b := body(p.EventID, string(p.Type), p.payload)
	headers, err := signed(secrets, p.EventID, done.at, b)
	if err != nil {
		done.answer = answer{err: BadResponse}
		return done
	}
	done.headers = headerLines(headers) + "Content-Length: " + strconv.Itoa(len(b)) + "\n"
	done.answer = s.client.post(ctx, url, headers, b)
	if ctx.Err() != nil && done.err != "" {
		done.answer.err = cut
	}
	return done
}

// Answers that are none: the event is not kept any more; the request was ended by this
// program.
const (
	expired = "expired"
	cut     = "cut"
)

// wait waits for answers or the next beat, which it reports.
func (s *sender) wait(tick <-chan time.Time) (ticked bool) {
	select {
	case a := <-s.answers:
		s.take(a)
	case <-tick:
		ticked = true
	}
	for { // with it all that are there, so that one transaction has them all
		select {
		case a := <-s.answers:
			s.take(a)
		default:
			return ticked
		}
	}
}

func (s *sender) take(a sent) {
	s.open--
	if a.err == cut {
		delete(s.flying, a.ID)
		return
	}
	s.unsaved = append(s.unsaved, a)
}

// save stores what was sent, or else, on a beat, keeps the lease.
func (s *sender) save(ctx context.Context, ticked bool) error {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	if len(s.unsaved) == 0 {
		if !ticked {
			return nil
		}
		return s.keep(ctx, s.id)
	}
	w, next, err := s.record(ctx, s.id, s.unsaved)
	if err != nil {
		return err
	}
	for _, a := range s.unsaved {
		delete(s.flying, a.ID)
	}
	s.webhook, s.more, s.unsaved = w, s.more || next > 0, nil
	return s.stopIfDue(ctx, &s.webhook)
}
