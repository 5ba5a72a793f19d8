package identity

import (
	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// reloadActor returns the actor with their current rights, and locks these until the
// transaction ends. It returns the zero Actor if they are disabled or their token has
// ended.
func (s *Users) reloadActor(tx *gorm.DB, by access.Actor) (access.Actor, error) {
	if by.Kind != access.UserActor && by.Kind != access.TokenActor {
		return by, nil
	}
	query := db.Selection{Columns: "users.role, ''", From: "users"}
	if by.Kind == access.TokenActor {
		query = db.Selection{Columns: "users.role, tokens.scopes", From: "users", Joins: " JOIN tokens ON tokens.user_id = users.id"}
		query.Where("tokens.id = ? AND tokens.revoked_at IS NULL AND (tokens.expires_at IS NULL OR tokens.expires_at > ?)", by.ID, s.db.Now().Unix())
	}
	query.Where("users.id = ? AND users.disabled_at IS NULL", by.UserID)
	found, err := db.Collect(s.db.ReadIn(tx), query.SQL()+s.db.Dialect.KeyShare(), true, query.Args, func(a *access.Actor) []any { return []any{&a.Role, &a.Scopes} })
	if err != nil || len(found) == 0 {
		return access.Actor{}, err
	}
	by.Role, by.Scopes = found[0].Role, found[0].Scopes
	return by, nil
}
