package models_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// TestNobodyWaitsForAPreparedStatement: a transaction has the only writing connection of SQLite, and
// makes the statement for which somebody else waits outside.
func TestNobodyWaitsForAPreparedStatement(t *testing.T) {
	store := modelstest.Open(t, "sqlite")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	pool, err := store.DB.Writer.DB()
	if err != nil {
		t.Fatal(err)
	}
	save := func(conn *gorm.DB, key string) error { return conn.Save(&db.Setting{Key: key, Value: "x"}).Error }
	outside := make(chan error, 1)
	err = store.DB.Transaction(ctx, func(tx *gorm.DB) error {
		waiting := pool.Stats().WaitCount
		go func() { outside <- save(store.DB.Writer.WithContext(ctx), "outside") }()
		for pool.Stats().WaitCount == waiting && ctx.Err() == nil {
			runtime.Gosched()
		}
		return save(tx, "inside")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-outside; err != nil {
		t.Fatal(err)
	}
}
