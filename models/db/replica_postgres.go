package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"

	"protocol.chat/console/models/access"
)

// UseReplica sets the replica that ReadList and SnapshotList read from. It needs not be there: it
// is read once FollowReplica has reached it. Call it before the first use of the database.
func (s *DB) UseReplica(url string) error {
	if s.Dialect.Name() != "postgres" {
		return errors.New("only PostgreSQL can have a replica to read from")
	}
	settings, err := pgxpool.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("the replica's address can't be read: %w", err)
	}
	for _, other := range settings.ConnConfig.Fallbacks {
		if other.Host != settings.ConnConfig.Host {
			// Connections to several servers couldn't be compared with the primary by one of them.
			return errors.New("the replica's address must have one host: several replicas need a console each")
		}
	}
	p := &replica{dialect: &postgresDialect{url: url, reading: true}}
	p.counts.TTL = CacheTTL
	p.state.Address = addressOf(settings.ConnConfig)
	p.state.Problem = "it hasn't been reached yet"
	s.replica = p
	return nil
}

// ReplicaInterval is how often FollowReplica should be called.
const ReplicaInterval = 250 * time.Millisecond

// replicaWait is how long the replica may take to tell how far it is.
const replicaWait = time.Second

// FollowReplica compares the replica with the primary, and connects to it first if necessary. It
// returns why the replica can't be read, which is so until the next call returns nil.
func (s *DB) FollowReplica(ctx context.Context) error {
	p := s.replica
	if p == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*replicaWait)
	defer cancel()
	err := s.compareReplica(ctx, p)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err != nil:
		p.state.Problem = err.Error()
		return fmt.Errorf("the replica isn't read: %w", err)
	case p.state.CaughtUp.IsZero():
		p.state.Problem = "it hasn't caught up with the primary yet"
		return errors.New("the replica isn't read: " + p.state.Problem)
	case s.Now().Sub(p.state.CaughtUp) > maxLag:
		p.state.Problem = fmt.Sprintf("it is more than %d seconds behind", int(maxLag.Seconds()))
		return errors.New("the replica isn't read: " + p.state.Problem)
	}
	p.state.Problem = ""
	return nil
}

func (s *DB) compareReplica(ctx context.Context, p *replica) error {
	h, err := p.connect(ctx, s)
	if err != nil {
		return err
	}
	now := s.Now()
	primary, err := s.primaryPosition(ctx)
	if err != nil {
		return fmt.Errorf("the primary doesn't say how far it is: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, replicaWait)
	defer cancel()
	at, err := readPosition(Reader{limited, sqlSource{h.check, numbered}}, replicaPosition)
	if err != nil {
		h.reads.reset()
		return fmt.Errorf("it can't be reached: %w", err)
	}
	switch {
	case at.system != primary.system:
		return errors.New("it is no replica of this database: give the address of one, in DATABASE_READ_URL")
	case !at.standby:
		return errors.New("it is a primary itself: give the address of a standby, in DATABASE_READ_URL")
	case at.timeline != primary.timeline:
		p.forget()
		return errors.New("it doesn't follow the primary, perhaps not yet since another one was promoted")
	}
	p.reached(position{now, primary.lsn, primary.timeline}, at.lsn)
	return nil
}

// connect returns the handles of the replica, which it opens if it was not reached before.
func (p *replica) connect(ctx context.Context, s *DB) (*handles, error) {
	p.mu.Lock()
	known, closed := p.handles, p.closed
	p.mu.Unlock()
	if known != nil || closed {
		return known, closedErr(closed)
	}
	h, err := p.dialect.open(ctx, &gorm.Config{SkipDefaultTransaction: true, TranslateError: true, Logger: s.Reader.Logger})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.Join(errClosed, h.close())
	}
	p.handles = &h
	return p.handles, nil
}

func closedErr(closed bool) error {
	if closed {
		return errClosed
	}
	return nil
}

// maxPositions is how many positions are remembered.
const maxPositions = 64

// reached notes where the primary is and how far the replica has come.
func (p *replica) reached(primary position, lsn int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.positions); n > 0 && p.positions[n-1].timeline != primary.timeline || n == maxPositions {
		p.positions = p.positions[:0]
	}
	p.positions = append(p.positions, primary)
	for len(p.positions) > 0 && p.positions[0].lsn <= lsn {
		p.state.CaughtUp = p.positions[0].at
		p.positions = p.positions[1:]
	}
}

// forget drops the positions, of a primary that is none any more.
func (p *replica) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.positions, p.state.CaughtUp = nil, time.Time{}
}

// serverPosition is how far a server's changes go.
type serverPosition struct {
	standby  bool
	lsn      int64
	timeline int
	system   int64
}

// The position of the primary is where the next change will be written, so that it is after all
// that were acknowledged. That of the replica is what can be seen there. A standby that followed
// another primary before may be further than this one, and have changes that this one lacks: so
// it must be in the same timeline. What it has received tells that first, but not to every user.
const (
	primaryPosition = `SELECT false, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
		('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int, system_identifier FROM pg_control_system()`
	replicaPosition = `SELECT pg_is_in_recovery(), coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint, 0),
		greatest((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()),
			(SELECT min_recovery_end_timeline FROM pg_control_recovery())), system_identifier FROM pg_control_system()`
)

func readPosition(r Reader, statement string) (serverPosition, error) {
	found, err := Collect(r, statement, false, nil, func(p *serverPosition) []any { return []any{&p.standby, &p.lsn, &p.timeline, &p.system} })
	if err != nil {
		return serverPosition{}, err
	}
	return found[0], nil
}

// primaryPosition returns how far the primary is. At the beginning of a page of its log it counts
// the page's header, of 24 or 40 bytes, which a standby doesn't before there is something behind it.
func (s *DB) primaryPosition(ctx context.Context) (serverPosition, error) {
	limited, cancel := context.WithTimeout(ctx, replicaWait)
	defer cancel()
	p, err := readPosition(s.Read(limited), primaryPosition)
	if header := p.lsn % walPage; header == 24 || header == 40 {
		p.lsn -= header
	}
	return p, err
}

// walPage is how large a page of PostgreSQL's log is.
const walPage = 8192

// unreached reports whether an error means that a server can't be reached, or not in time.
func unreached(d Dialect, err error) bool {
	outage := d.Outage(err)
	return outage == access.Gone || errors.Is(err, context.DeadlineExceeded)
}
