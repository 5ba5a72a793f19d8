package identity

import (
	"context"
	"errors"
)

// SweepSignIns deletes what has expired: sessions, drafts, open forms, setup codes, invitations,
// challenges, devices, throttles and the hours of tokens.
func (s *Store) SweepSignIns(ctx context.Context) error {
	at, err := s.log.TrustedTime(ctx)
	if err != nil {
		return err
	}
	now := at.Unix()
	db := s.db.Writer.WithContext(ctx)
	return s.db.Failed(ctx, errors.Join(
		db.Where("expires_at <= ?", now).Delete(&Session{}).Error,
		db.Where("expires_at <= ?", now).Delete(&setupCode{}).Error,
		db.Where("expires_at <= ?", now-int64(keepInvitations.Seconds())).Delete(&Invitation{}).Error,
		db.Where("expires_at <= ?", now).Delete(&challenge{}).Error,
		db.Where("last_at <= ?", now-int64(keepDevices.Seconds())).Delete(&Device{}).Error,
		db.Where("updated_at <= ?", now-int64(keepDrafts.Seconds())).Delete(&draft{}).Error,
		db.Where("opened_at <= ?", now-int64(formOpen.Seconds())).Delete(&openForm{}).Error,
		db.Where("last_at <= ?", now-int64(forgetFailures.Seconds())).Delete(&throttle{}).Error,
		db.Where("hour <= ?", now-int64(keepHours.Seconds())).Delete(&TokenHour{}).Error,
	))
}
