package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/static"
)

func TestMetrics(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		store := modelstest.OpenURL(t, database)
		manyGroups(t, store, 1)
		replica := store.DB.Dialect.Name() == "postgres"
		if err := store.DB.UseReplica(database); (err == nil) != replica {
			t.Errorf("a replica: %v", err)
		}
		var log bytes.Buffer
		c := command{metricsAddress: "127.0.0.1:0"}
		console, err := c.newConsole(t.Context(), handlers.Config{
			Store: store, Log: slog.New(slog.NewTextHandler(&log, nil)), PublicURL: "http://localhost", Version: "1.2.3",
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range []string{"GET /groups", "GET /groups", "GET /groups/0Tz5hM4Xm2CqL9sB", "GET /v1/groups/0Tz5hM4Xm2CqL9sB", "DANCE /nowhere/secret", "POST /login"} {
			method, path, _ := strings.Cut(call, " ")
			console.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "http://localhost"+path, nil))
		}
		at := regexp.MustCompile(`url=(\S+/metrics)`).FindStringSubmatch(log.String())
		if at == nil {
			t.Fatalf("no address in %s", log.String())
		}
		answer, err := http.Get(at[1])
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{
			`console_request_duration_seconds_count{method="GET",route="/groups",status="303"} 2`,
			`console_request_duration_seconds_count{method="GET",route="/groups/{id}",status="303"} 1`,
			`console_request_duration_seconds_count{method="GET",route="/v1/groups/{id}",status="401"} 1`,
			`console_request_duration_seconds_count{method="other",route="",status="404"} 1`,
			`console_backlog{queue="unsealed_entries"} 1`,
			`console_backlog{queue="deliveries"} 0`,
			`console_database_up 1`,
			`console_database_connections_in_use{pool="read"} 0`,
			`console_info{version="1.2.3"} 1`,
			`console_open_pages 0`,
			`console_sign_ins_total{result="ok"} 0`,
			`console_rate_limited_total{limit="attempts"} 0`,
			`console_webhook_attempts_total{result="failed"} 0`,
		} {
			if !strings.Contains(string(text), "\n"+line+"\n") {
				t.Errorf("%s is missing", line)
			}
		}
		if strings.Contains(string(text), "0Tz5hM4Xm2CqL9sB") || strings.Contains(string(text), "secret") {
			t.Error("a label has what a user chose")
		}
		for name, rules := range map[string]string{"alerts": static.Alerts, "dashboard": static.Dashboard} {
			for _, metric := range regexp.MustCompile(`\b(console|go|process)_[a-z_]+`).FindAllString(rules, -1) {
				found := strings.Contains(string(text), "\n"+metric+"{") || strings.Contains(string(text), "\n"+metric+" ")
				found = found || strings.HasPrefix(metric, "console_replica_") || metric == "console_list_reads_total" // only with one
				if !found && (metric != "console_sqlite_size_bytes" && metric != "console_database_errors_total" || store.DB.Dialect.Name() == "sqlite" && metric == "console_sqlite_size_bytes") {
					t.Errorf("the %s ask for %s, which there isn't", name, metric)
				}
			}
		}
		for _, line := range []string{"console_replica_up 0", `console_list_reads_total{database="primary"} 0`} {
			if strings.Contains(string(text), "\n"+line+"\n") != replica {
				t.Errorf("%s is there: %v", line, !replica)
			}
		}
		if sizes := strings.Contains(string(text), `console_sqlite_size_bytes{file="database"}`); sizes != strings.HasPrefix(database, "sqlite:") {
			t.Errorf("SQLite's size is there: %v", sizes)
		}
	})
}
