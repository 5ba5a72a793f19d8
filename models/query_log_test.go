package models_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// TestQueriesAreLoggedWithoutValues checks that at debug level every statement of a request
// is logged, through GORM or not, and no value.
func TestQueriesAreLoggedWithoutValues(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		type requestKey struct{}
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		store.DB.LogQueries(log, func(ctx context.Context) string {
			id, _ := ctx.Value(requestKey{}).(string)
			return id
		})
		by := modelstest.Owner(t, store)
		out.Reset()
		if _, err := store.Groups(t.Context(), models.GroupQuery{}); err != nil || out.Len() > 0 {
			t.Fatalf("outside of a request: %v, %s", err, &out)
		}
		var times db.QueryTimes
		ctx := db.WithQueryTimes(context.WithValue(t.Context(), requestKey{}, "REQUEST1"), &times)
		group, err := store.CreateGroup(ctx, by, models.GroupChange{Name: ptr("Whispering Pines")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Groups(ctx, models.GroupQuery{Text: "whispering"}); err != nil {
			t.Fatal(err)
		}
		for _, words := range []string{"level=DEBUG", "msg=query", "INSERT INTO", "SELECT", "took=", "request_id=REQUEST1"} {
			if !strings.Contains(out.String(), words) {
				t.Errorf("the log lacks %q: %s", words, &out)
			}
		}
		logged := strings.Count(out.String(), "msg=query")
		out.Reset()
		log.LogAttrs(ctx, slog.LevelWarn, "request", times.Attrs()...)
		var n int
		if _, err := fmt.Sscanf(out.String()[strings.Index(out.String(), "queries="):], "queries=%d queries_ms=", &n); err != nil || n == 0 || n > logged {
			t.Errorf("%d statements were logged, and added up: %s %v", logged, &out, err)
		}
		for _, value := range []string{"hispering", group.ID} {
			if strings.Contains(out.String(), value) {
				t.Errorf("the log has %q: %s", value, &out)
			}
		}
	})
}
