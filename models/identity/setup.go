package identity

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// SetupLimit is how long a setup code is valid.
const SetupLimit = time.Hour

// setupCode is a code that lets its holder become the first owner.
type setupCode struct {
	Hash      string `gorm:"primaryKey"`
	ExpiresAt int64
}

// NewSetupCode returns a code with which the first owner can be created, once, within
// SetupLimit. Only its hash is stored.
func (s *Users) NewSetupCode(ctx context.Context) (string, error) {
	code := text.RandomDigits(24)
	row := setupCode{Hash: hashSecret(code), ExpiresAt: s.db.Now().Add(SetupLimit).Unix()}
	return code, s.db.Failed(ctx, s.db.Writer.WithContext(ctx).Create(&row).Error)
}

// Setup is what the setup page asks for.
type Setup struct {
	Code      string
	Workspace string
	Owner     NewUser
}

// SetUp creates the first owner and names the workspace. where is the caller. Errors:
// Invalid, and ErrNotFound if there is an owner already, also for the later of two
// concurrent calls.
func (s *Users) SetUp(ctx context.Context, where access.Actor, setup Setup) (User, error) {
	setup.Owner.Role = access.Owner
	u, problems := setup.Owner.check()
	workspace := *problems.Require("workspace", &setup.Workspace, workspaceMissing, workspaceName)
	wrong, err := s.CheckSetupCode(ctx, setup.Code)
	if err != nil {
		return User{}, err
	}
	problems = append(wrong, problems...) // in the order of the form
	if err := problems.OrNil(); err != nil {
		return User{}, err
	}
	if u.PasswordHash, err = hashPassword(ctx, setup.Owner.Password); err != nil {
		return User{}, err
	}
	where.Kind, where.Name = access.SystemActor, SetupName
	err = s.log.Record(ctx, where, audit.CreatedUser, func(tx *gorm.DB, line *audit.Line) error {
		return s.setUp(tx, line, &u, workspace)
	})
	s.general.Forget()
	return u, err
}

// SetupName is the actor who creates the first owner.
const SetupName = "setup"

// setUp is the transaction of SetUp. Only one of them runs at a time.
func (s *Users) setUp(tx *gorm.DB, line *audit.Line, u *User, workspace string) error {
	if err := s.db.Dialect.Lock(tx, "setup"); err != nil {
		return err
	}
	var owners int64
	if err := tx.Model(&User{}).Where("role = ?", access.Owner).Count(&owners).Error; err != nil {
		return err
	}
	if owners > 0 {
		return access.ErrNotFound
	}
	if err := tx.Where("1 = 1").Delete(&setupCode{}).Error; err != nil {
		return err
	}
	named := db.Setting{Key: WorkspaceField, Value: workspace}
	if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&named).Error; err != nil {
		return err
	}
	return s.insertUser(tx, u, line)
}

// CheckSetupCode returns what is wrong with a setup code, or nil.
func (s *Users) CheckSetupCode(ctx context.Context, code string) (access.Invalid, error) {
	if code == "" {
		return access.MissingField("code", "Enter the setup code that the console printed when it started."), nil
	}
	var known int64
	err := s.db.Reader.WithContext(ctx).Model(&setupCode{}).
		Where("hash = ? AND expires_at > ?", hashSecret(plainSecret(code)), s.db.Now().Unix()).Count(&known).Error
	if err != nil || known > 0 {
		return nil, s.db.Failed(ctx, err)
	}
	return access.Refused("code", "This setup code is incorrect or has expired. Restart the console to get a new one."), nil
}
