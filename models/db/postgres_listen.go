package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

func (*postgresDialect) Notify(tx *gorm.DB, channel string) error {
	return tx.Exec("SELECT pg_notify(?, '')", channel).Error
}

// Listen has a connection of its own. A pooler would give it to others after the first statement.
func (d *postgresDialect) Listen(ctx context.Context, channel string, heard func()) error {
	if d.server.Pooled {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, d.conn.Copy())
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	for err == nil {
		heard() // also at first: it may have missed something
		_, err = conn.WaitForNotification(ctx)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}
