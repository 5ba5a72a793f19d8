package webhooks

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/text"
)

// Store keeps webhooks and their deliveries, and sends them. It is safe for concurrent use.
type Store struct {
	// LeaseTime is how long a program that sends for a webhook must have been silent before
	// another one takes over. Tests may set it before the first use.
	LeaseTime time.Duration

	// Example returns the payload of a test event. Set it before the first use.
	Example func(kind events.Type, now time.Time) (string, error)

	db     *db.DB
	log    *audit.Log
	client *client
	owner  string // names this program in leases
	leases observed
	woken  chan struct{}
	paused db.Cache[string, []Webhook]
	hours  db.Cache[int64, []Hour]

	accepted, failed atomic.Uint64 // requests since the program started
}

// Attempts returns how many requests were accepted and how many failed since the program started.
func (s *Store) Attempts() (accepted, failed uint64) { return s.accepted.Load(), s.failed.Load() }

// New returns the webhooks of a database.
func New(d *db.DB, log *audit.Log) *Store {
	s := &Store{
		LeaseTime: 4 * time.Second,
		db:        d, log: log, client: newClient(Reach{}), owner: text.RandomDigits(text.IDLength), woken: make(chan struct{}, 1),
	}
	s.paused.TTL, s.hours.TTL = 5*time.Second, hoursTTL
	return s
}

// SetReach says how receivers are reached. Call it before the first use.
func (s *Store) SetReach(r Reach) { s.client = newClient(r) }

// State reports whether events are sent to a webhook.
type State string

// The states of webhooks. While one is paused its deliveries wait; for one that is disabled
// there are no new ones.
const (
	Enabled  State = "enabled"
	Disabled State = "disabled"
	Paused   State = "paused"
)

// Why a webhook is paused or disabled, other than by a user.
const (
	Failing = "failing"  // mostFailures requests failed in a row
	TooLate = "too_late" // nothing was accepted for as long as a delivery is tried
	Gone    = "gone"     // the receiver answered 410
)

// The actions on webhooks.
const (
	CreatedWebhook audit.Action = "webhook.create"
	UpdatedWebhook audit.Action = "webhook.update"
	DeletedWebhook audit.Action = "webhook.delete"
	RolledWebhook  audit.Action = "webhook.roll"
	RevealedSecret audit.Action = "webhook.reveal"
	TestedWebhook  audit.Action = "webhook.test"
	ResentDelivery audit.Action = "webhook.resend"
	StoppedWebhook audit.Action = "webhook.stop"
	webhookObject               = "webhook"
)

// MaxWebhooks is how many webhooks there can be.
const MaxWebhooks = 50

const maxName = 80

// Webhook is an address to which events are sent. Times are Unix seconds.
type Webhook struct {
	ID   string
	Name string
	URL  string
	// Names are the types and patterns of events that are sent, separated by spaces.
	Names string `gorm:"column:events"`
	State State
	// Reason is Failing, TooLate or Gone; "" if it was a user, or the webhook is enabled.
	Reason string
	// OldUntil is until when the secret from before the last rotation signs too.
	OldUntil *int64
	// Failures are the requests that failed since the last one that was accepted, FailingAt
	// when the first of them was made.
	Failures  int
	FailingAt *int64
	CreatedAt int64
	UpdatedAt int64

	// Secret and OldSecret are encrypted.
	Secret    string
	OldSecret *string

	ResumeAt   int64
	LeaseOwner string
	LeaseBeat  int64

	// gone and late say what was found while results were stored.
	gone, late bool
}

// Events returns the names of the types and patterns of events that are sent.
func (w Webhook) Events() []string { return strings.Fields(w.Names) }

// wants returns the types of events that are sent.
func (w Webhook) wants() []events.Type {
	types, _ := events.Matching(w.Events())
	return types
}

// OldSigns reports whether the secret from before the last rotation signs too.
func (w Webhook) OldSigns(now time.Time) bool { return w.OldUntil != nil && *w.OldUntil > now.Unix() }

// Change is what a new webhook gets or what to change about one; nil leaves a value as it is.
type Change struct {
	Name, URL *string
	Events    *[]string
	// State is Enabled or Disabled.
	State *State
	// IfMatch, unless nil, reports whether the webhook is as the caller requires it to be.
	IfMatch func(Webhook) bool
	// Problems were found while the change was read; they are returned with the others.
	Problems access.Invalid
}

// apply changes the webhook, and returns what is wrong with the change.
func (s *Store) apply(c Change, w *Webhook) access.Invalid {
	problems := slices.Clone(c.Problems)
	if name := problems.Require("name", c.Name, "Enter a name for the webhook.", checkName); name != nil {
		w.Name = *name
	}
	if url := problems.Require("url", c.URL, "Enter the URL of the receiver.", s.client.checkURL); url != nil {
		w.URL = *url
	}
	if c.Events != nil {
		names, wrong := checkEvents(*c.Events)
		w.Names, problems = strings.Join(names, " "), problems.And(wrong)
	}
	if c.State != nil && *c.State != w.State {
		if *c.State != Enabled && *c.State != Disabled {
			problems = problems.And(access.Refused("state", "The state must be enabled or disabled."))
		}
		w.State, w.Reason = *c.State, ""
	}
	return problems
}

func checkName(s string) (string, string) {
	name, problem := text.Visible(text.ProperName("The name", s))
	if problem == "" && text.Length(name) > maxName {
		problem = text.TooLong("The name", text.Length(name), maxName)
	}
	return name, problem
}

// checkEvents returns the names of events without repetition, and what is wrong with them.
func checkEvents(names []string) ([]string, access.Invalid) {
	var kept []string
	for _, name := range names {
		if !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	if len(kept) == 0 {
		return nil, access.MissingField("events", "Choose at least one event.")
	}
	if _, unknown := events.Matching(kept); unknown != "" {
		return kept, access.Refused("events", "“%s” isn't an event. Use * for all, or names like group.* and group.updated.", access.Clipped(unknown))
	}
	return kept, nil
}

// CheckURL returns what is wrong with the URL that a change has, if it has one: also if its
// name resolves to a private address, or its certificate can't be trusted. It makes requests, so
// call it before the transaction of the change. Errors: Invalid.
func (s *Store) CheckURL(ctx context.Context, c Change) error {
	if c.URL == nil {
		return nil
	}
	url, problem := s.client.checkURL(*c.URL)
	if url == "" || problem != "" {
		return nil // which Create and Update find, with what else is wrong
	}
	return s.client.probe(ctx, url).OrNil()
}

// List returns a page of the webhooks, the newest first, and reports whether the list goes on.
// Errors: Denied, Invalid for a bad range.
func (s *Store) List(ctx context.Context, by access.Actor, part db.Range) (found []Webhook, more bool, err error) {
	if err := by.Check(access.Webhooks); err != nil {
		return nil, false, err
	}
	if err := part.Check().OrNil(); err != nil {
		return nil, false, err
	}
	order := db.IDKeyset("webhooks")
	order.Desc = true
	query := db.Selection{Columns: webhookColumns, From: "webhooks"}
	found, more, err = db.Find(s.db.Read(ctx), query, order, part, func(c db.Cursor) []any { return []any{c.ID} }, (*Webhook).columns)
	return found, more, s.db.Failed(ctx, err)
}

const webhookColumns = "id, name, url, events, state, reason, old_until, failures, failing_at, created_at, updated_at"

// columns returns the destinations of webhookColumns.
func (w *Webhook) columns() []any {
	return []any{&w.ID, &w.Name, &w.URL, &w.Names, &w.State, &w.Reason, &w.OldUntil, &w.Failures, &w.FailingAt, &w.CreatedAt, &w.UpdatedAt}
}

// Webhook returns a webhook. Errors: Denied, ErrNotFound.
func (s *Store) Webhook(ctx context.Context, by access.Actor, id string) (Webhook, error) {
	if err := by.Check(access.Webhooks); err != nil {
		return Webhook{}, err
	}
	w, err := webhookIn(s.db.ReaderFor(ctx), id)
	return w, s.db.Failed(ctx, err)
}

func webhookIn(tx *gorm.DB, id string) (w Webhook, err error) {
	if !text.ValidID(id) {
		return w, access.ErrNotFound
	}
	return w, tx.Where("id = ?", id).Take(&w).Error
}

// locked returns a webhook whose row nobody else can change until the transaction ends.
func locked(tx *gorm.DB, id string) (Webhook, error) {
	return webhookIn(tx.Clauses(clause.Locking{Strength: "UPDATE"}), id)
}

// PausedWebhooks returns the webhooks that the console paused or disabled itself, as of some
// seconds ago; none for an actor who can't see webhooks.
func (s *Store) PausedWebhooks(ctx context.Context, by access.Actor) ([]Webhook, error) {
	if !by.May(access.Webhooks) {
		return nil, nil
	}
	return s.paused.Get("", s.db.Now(), func() (found []Webhook, err error) {
		err = s.db.Reader.WithContext(ctx).Where("reason <> ''").Order("id DESC").Limit(MaxWebhooks).Find(&found).Error
		return found, s.db.Failed(ctx, err)
	})
}
