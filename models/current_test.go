package models_test

import (
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// TestWhatIsCurrentIsNeverOutOfDate, whoever changes the database. Without a change SQLite isn't asked
// again; PostgreSQL is asked each time.
func TestWhatIsCurrentIsNeverOutOfDate(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Exec(t, store, "CREATE TABLE noticed (n integer)")
		var current db.Current[string, int]
		asked := 0
		rows := func() int {
			n, err := current.Get(t.Context(), store.DB, "rows", func() (int, error) {
				asked++
				found, err := db.Collect(store.DB.Read(t.Context()), "SELECT count(*) FROM noticed", false, nil, db.OneColumn[int])
				if err != nil {
					return 0, err
				}
				return found[0], nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		want := func(n int) {
			t.Helper()
			for range 2 {
				if got := rows(); got != n {
					t.Errorf("%d rows, want %d", got, n)
				}
			}
		}
		want(0)
		modelstest.Exec(t, store, "INSERT INTO noticed VALUES (1)") // as another program does
		want(1)
		if err := store.DB.Writer.WithContext(t.Context()).Exec("INSERT INTO noticed VALUES (2)").Error; err != nil {
			t.Fatal(err)
		}
		want(2)
		if times := map[string]int{"sqlite": 3, "postgres": 6}[store.DB.Dialect.Name()]; asked != times {
			t.Errorf("asked %d times, want %d", asked, times)
		}
	})
}
