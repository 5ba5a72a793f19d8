package identity

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// The recorded use of tokens: the last calls of each, hourly counts for some weeks and, in
// memory between two writes, single calls of at most maxRecordedTokens tokens; the calls of
// other tokens are only counted.
const (
	KeptRequests      = 100
	keepHours         = 31 * 24 * time.Hour
	maxRecordedTokens = 1000
)

// TokenRequest is one call of the API with a token.
type TokenRequest struct {
	ID      string
	TokenID string
	Method  string
	// Path is without its parameters, which may hold search terms.
	Path   string
	Status int
	// MS is how long the response took, in milliseconds.
	MS int64 `gorm:"column:ms"`
	// IP is where the call came from.
	IP        string
	RequestID string
	// CreatedAt is in Unix seconds.
	CreatedAt int64

	// Refused reports whether the token may not be used from that address.
	Refused bool `gorm:"-"`
}

// TokenHour is how often a token was used in an hour.
type TokenHour struct {
	TokenID string `gorm:"primaryKey"`
	// Hour is its first second, in Unix seconds.
	Hour int64 `gorm:"primaryKey"`
	// Requests counts all calls, Errors those with status 400 or more.
	Requests, Errors int
}

// uses are the calls since the last flush, in memory only: a killed process loses its last
// seconds.
type uses struct {
	mu    sync.Mutex
	hours map[hourOf]TokenHour
	calls map[string][]TokenRequest // by token, at most KeptRequests
	newer map[string]int            // where the next one goes, once there are as many
}

type hourOf struct {
	token string
	hour  int64
}

// maxPath is how many characters of a path are kept.
const maxPath = 200

// RecordUse records a call with a token in memory, for FlushUses. It is on the path of
// every call, so it does no more than that.
func (s *Tokens) RecordUse(use TokenRequest) {
	use.CreatedAt = s.db.Now().Unix()
	use.Path = text.Cut(use.Path, maxPath)
	s.uses.note(use)
}

func (u *uses) note(use TokenRequest) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.hours == nil {
		u.hours, u.calls, u.newer = map[hourOf]TokenHour{}, map[string][]TokenRequest{}, map[string]int{}
	}
	key := hourOf{use.TokenID, use.CreatedAt - use.CreatedAt%int64(time.Hour.Seconds())}
	hour := u.hours[key]
	hour.TokenID, hour.Hour = key.token, key.hour
	hour.Requests++
	if use.Status >= 400 {
		hour.Errors++
	}
	u.hours[key] = hour
	calls, known := u.calls[use.TokenID]
	switch {
	case len(calls) == KeptRequests:
		at := u.newer[use.TokenID]
		calls[at] = use
		u.newer[use.TokenID] = (at + 1) % KeptRequests
	case known || len(u.calls) < maxRecordedTokens:
		u.calls[use.TokenID] = append(calls, use)
	}
}

// drain empties the notes, and returns hours, and calls in the order in which they came.
func (u *uses) drain() (hours []TokenHour, calls map[string][]TokenRequest) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, hour := range u.hours {
		hours = append(hours, hour)
	}
	for token, at := range u.newer {
		u.calls[token] = append(u.calls[token][at:len(u.calls[token]):len(u.calls[token])], u.calls[token][:at]...)
	}
	slices.SortFunc(hours, func(a, b TokenHour) int {
		return cmp.Or(cmp.Compare(a.TokenID, b.TokenID), cmp.Compare(a.Hour, b.Hour))
	})
	calls = u.calls
	u.hours, u.calls, u.newer = nil, nil, nil
	return hours, calls
}

// FlushUses writes what RecordUse recorded. What can't be written is dropped.
func (s *Tokens) FlushUses(ctx context.Context) error {
	hours, calls := s.uses.drain()
	if len(hours) == 0 {
		return nil
	}
	return s.db.Transaction(ctx, func(tx *gorm.DB) error {
		if err := addHours(tx, hours); err != nil {
			return err
		}
		for _, token := range slices.Sorted(maps.Keys(calls)) { // in the same order on all instances, so that they can't deadlock
			if err := s.saveCalls(tx, token, calls[token]); err != nil {
				return err
			}
		}
		return nil
	})
}

// addHours adds to what other instances and earlier writes counted.
func addHours(tx *gorm.DB, hours []TokenHour) error {
	return tx.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "token_id"}, {Name: "hour"}},
		DoUpdates: clause.Assignments(map[string]any{
			"requests": gorm.Expr("token_hours.requests + excluded.requests"),
			"errors":   gorm.Expr("token_hours.errors + excluded.errors"),
		}),
	}).CreateInBatches(hours, 100).Error
}

// saveCalls writes a token's calls, and deletes all but the newest KeptRequests.
func (s *Tokens) saveCalls(tx *gorm.DB, token string, calls []TokenRequest) error {
	for i := range calls {
		calls[i].ID = s.db.IDs.Next(s.db.Now(), "")
		if calls[i].Refused {
			refused := map[string]any{"refused_at": calls[i].CreatedAt, "refused_ip": calls[i].IP}
			if err := tx.Model(&Token{}).Where("id = ?", token).Updates(refused).Error; err != nil {
				return err
			}
		}
	}
	if err := tx.CreateInBatches(calls, KeptRequests).Error; err != nil {
		return err
	}
	newest := tx.Model(&TokenRequest{}).Select("id").Where("token_id = ?", token).Order("id DESC").Limit(KeptRequests)
	return tx.Where("token_id = ? AND id NOT IN (?)", token, newest).Delete(&TokenRequest{}).Error
}

// TokenUse is the recent use of a token.
type TokenUse struct {
	// Hours are the last 24, the oldest first, also those without any call.
	Hours []TokenHour
	// Requests are the last calls, the newest first.
	Requests []TokenRequest
}

// usedHours is how many hours TokenUse and Hours have.
const usedHours = 24

// TokenUse returns what a token was used for: what FlushUses has written, which is some
// seconds late. Errors: as Token.
func (s *Tokens) TokenUse(ctx context.Context, by access.Actor, id string) (TokenUse, error) {
	if _, err := s.Token(ctx, by, id); err != nil {
		return TokenUse{}, err
	}
	var use TokenUse
	var err error
	if use.Hours, err = s.lastHours(ctx, func(query *db.Selection) { query.Where("token_id = ?", id) }); err != nil {
		return use, err
	}
	err = s.db.Reader.WithContext(ctx).Where("token_id = ?", id).Order("id DESC").Limit(KeptRequests).Find(&use.Requests).Error
	return use, s.db.Failed(ctx, err)
}

// Hours returns how many requests were made in each of the last 24 hours with the tokens that the
// actor may see. Errors: Denied.
func (s *Tokens) Hours(ctx context.Context, by access.Actor) ([]TokenHour, error) {
	if err := by.Check(access.CreateTokens); err != nil {
		return nil, err
	}
	return s.lastHours(ctx, func(query *db.Selection) {
		if !by.May(access.ManageTokens) {
			query.Where("token_id IN (SELECT id FROM tokens WHERE user_id = ?)", by.UserID)
		}
	})
}

// lastHours adds up the last 24 hours of some tokens.
func (s *Tokens) lastHours(ctx context.Context, limit func(*db.Selection)) ([]TokenHour, error) {
	const hour = int64(time.Hour / time.Second)
	first := s.db.Now().Unix()/hour*hour - (usedHours-1)*hour
	query := db.SelectFrom("token_hours", "hour, sum(requests), sum(errors)", "hour >= ?", first)
	limit(&query)
	query.Tail = " GROUP BY hour"
	counted, err := db.Collect(s.db.Read(ctx), query.SQL(), false, query.Args, func(h *TokenHour) []any { return []any{&h.Hour, &h.Requests, &h.Errors} })
	hours := make([]TokenHour, usedHours)
	for i := range hours {
		hours[i].Hour = first + int64(i)*hour
	}
	for _, h := range counted {
		if i := (h.Hour - first) / hour; i < usedHours {
			hours[i] = h
		}
	}
	return hours, s.db.Failed(ctx, err)
}
