package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
	"protocol.chat/console/models/text"
)

// metrics are what Prometheus reads from a console. None has a label that users can choose,
// such as a path with an id.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

// requestBuckets are in seconds: from a page that only reads to the longest that is waited.
var requestBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

func newMetrics(release string) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "console_request_duration_seconds", Help: "Time until a request was answered, by its route.", Buckets: requestBuckets,
	}, []string{"method", "route", "status"})
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "console_info", Help: "Version of the console; always 1."}, []string{"version"})
	info.WithLabelValues(release).Set(1)
	m.registry.MustRegister(m.requests, info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// newConsole makes the console and, if they are wanted, serves its metrics.
func (c *command) newConsole(ctx context.Context, config handlers.Config) (*handlers.Console, error) {
	if c.metricsAddress == "" {
		return handlers.New(config), nil
	}
	m := newMetrics(config.Version)
	config.Observe = m.observe
	console := handlers.New(config)
	m.registry.MustRegister(&storeCollector{store: config.Store, console: console, log: config.Log})
	return console, m.serve(ctx, c.metricsAddress, config.Log)
}

// observe counts an answered request.
func (m *metrics) observe(s handlers.Served) {
	m.requests.WithLabelValues(s.Method, s.Route, strconv.Itoa(s.Status)).Observe(s.Took.Seconds())
}

// serve serves the metrics at address until ctx ends. They need no sign-in, so they have an
// address of their own.
func (m *metrics) serve(ctx context.Context, address string, log *slog.Logger) error {
	listener, err := listen(ctx, address)
	if err != nil {
		return explainListen(address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // until it is closed
	log.Info("serving metrics", "url", "http://"+listener.Addr().String()+"/metrics")
	return nil
}

// storeCollector asks the store at each scrape.
type storeCollector struct {
	store   *models.Store
	console *handlers.Console
	log     *slog.Logger
}

var (
	poolLabels   = []string{"pool"}
	poolMax      = prometheus.NewDesc("console_database_connections_max", "Connections that a pool may have.", poolLabels, nil)
	poolOpen     = prometheus.NewDesc("console_database_connections_open", "Connections that a pool has.", poolLabels, nil)
	poolInUse    = prometheus.NewDesc("console_database_connections_in_use", "Connections that are in use.", poolLabels, nil)
	poolWaits    = prometheus.NewDesc("console_database_waits_total", "How often a request waited for a connection.", poolLabels, nil)
	poolWaited   = prometheus.NewDesc("console_database_wait_seconds_total", "How long requests waited for a connection.", poolLabels, nil)
	outages      = prometheus.NewDesc("console_database_errors_total", "Errors by which the database was unavailable, by kind.", []string{"kind"}, nil)
	databaseUp   = prometheus.NewDesc("console_database_up", "Whether the database answered this scrape.", nil, nil)
	backlog      = prometheus.NewDesc("console_backlog", "What waits for a task in the background, counted up to 10,000.", []string{"queue"}, nil)
	attempts     = prometheus.NewDesc("console_webhook_attempts_total", "Requests to webhooks, by what came of them.", []string{"result"}, nil)
	signIns      = prometheus.NewDesc("console_sign_ins_total", "Attempts to sign in, by what came of them.", []string{"result"}, nil)
	rateLimited  = prometheus.NewDesc("console_rate_limited_total", "Requests that a rate limit refused.", []string{"limit"}, nil)
	sealLag      = prometheus.NewDesc("console_seal_lag_seconds", "How long the oldest entry of the activity has waited to be sealed.", nil, nil)
	replicaUp    = prometheus.NewDesc("console_replica_up", "Whether lists are read from the replica.", nil, nil)
	replicaLag   = prometheus.NewDesc("console_replica_lag_seconds", "How far the replica is behind at most.", nil, nil)
	listReads    = prometheus.NewDesc("console_list_reads_total", "Lists that could come from the replica, by where they came from.", []string{"database"}, nil)
	openPages    = prometheus.NewDesc("console_open_pages", "Pages that hear of changes.", nil, nil)
	databaseSize = prometheus.NewDesc("console_sqlite_size_bytes", "Size of SQLite's files.", []string{"file"}, nil)
)

// Describe sends the descriptions of the metrics.
func (s *storeCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolMax, poolOpen, poolInUse, poolWaits, poolWaited, outages, databaseUp, backlog, attempts, signIns, rateLimited, sealLag, replicaUp, replicaLag, listReads, openPages, databaseSize} {
		to <- d
	}
}

// scrapeLimit is how long the database may take, so that one that hangs doesn't hide the rest.
const scrapeLimit = 2 * time.Second

// Collect sends the metrics. Without the database there is no backlog.
func (s *storeCollector) Collect(to chan<- prometheus.Metric) {
	for name, pool := range s.store.DB.Pools() {
		collectPool(to, name, pool)
	}
	for kind, n := range s.store.DB.Health.Outages() {
		to <- prometheus.MustNewConstMetric(outages, prometheus.CounterValue, float64(n), string(kind))
	}
	accepted, failed := s.store.Webhooks.Attempts()
	to <- prometheus.MustNewConstMetric(attempts, prometheus.CounterValue, float64(accepted), "accepted")
	to <- prometheus.MustNewConstMetric(attempts, prometheus.CounterValue, float64(failed), "failed")
	to <- prometheus.MustNewConstMetric(openPages, prometheus.GaugeValue, float64(s.console.OpenPages()))
	s.collectSignIns(to)
	s.collectReplica(to)
	s.collectSize(to)
	if err := s.collectBacklog(to); err != nil {
		s.log.Warn("count the backlog for metrics", "err", err)
		to <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, 0)
		return
	}
	to <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, 1)
}

// collectSignIns sends how sign-ins went, and what the rate limits refused.
func (s *storeCollector) collectSignIns(to chan<- prometheus.Metric) {
	n := s.store.Identity.SignIns.Counts()
	for result, count := range map[string]uint64{
		"ok": n.SignedIn, "wrong": n.Refused, "throttled": n.Throttled, "second_factor": n.SecondFactor, "expired": n.Expired,
	} {
		to <- prometheus.MustNewConstMetric(signIns, prometheus.CounterValue, float64(count), result)
	}
	for limit, count := range s.console.RateLimited() {
		to <- prometheus.MustNewConstMetric(rateLimited, prometheus.CounterValue, float64(count), limit)
	}
}

// collectReplica sends what is known of the replica, if there is one. It has no lag before it was
// reached.
func (s *storeCollector) collectReplica(to chan<- prometheus.Metric) {
	state, used := s.store.DB.Replica()
	if !used {
		return
	}
	up := 0.0
	if state.Problem == "" {
		up = 1
	}
	to <- prometheus.MustNewConstMetric(replicaUp, prometheus.GaugeValue, up)
	to <- prometheus.MustNewConstMetric(listReads, prometheus.CounterValue, float64(state.Replica), "replica")
	to <- prometheus.MustNewConstMetric(listReads, prometheus.CounterValue, float64(state.Primary), "primary")
	if !state.CaughtUp.IsZero() {
		to <- prometheus.MustNewConstMetric(replicaLag, prometheus.GaugeValue, state.Lag(time.Now()).Seconds())
	}
}

// collectBacklog sends what waits for tasks in the background, and for how long entries wait for
// their seal.
func (s *storeCollector) collectBacklog(to chan<- prometheus.Metric) error {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeLimit)
	defer cancel()
	waiting, err := s.store.Backlog(ctx)
	if err != nil {
		return err
	}
	oldest, err := s.store.Audit.OldestUnsealed(ctx)
	if err != nil {
		return err
	}
	lag := 0.0
	if oldest != "" {
		lag = max(0, s.store.DB.Now().Sub(text.IDTime(oldest)).Seconds())
	}
	to <- prometheus.MustNewConstMetric(sealLag, prometheus.GaugeValue, lag)
	for queue, n := range map[string]int{
		"unsealed_entries": waiting.Unsealed, "events": waiting.Events, "deliveries": waiting.Deliveries,
		"jobs": waiting.Jobs, "clearings": waiting.Clearings,
	} {
		to <- prometheus.MustNewConstMetric(backlog, prometheus.GaugeValue, float64(n), queue)
	}
	return nil
}

func collectPool(to chan<- prometheus.Metric, name string, pool sql.DBStats) {
	to <- prometheus.MustNewConstMetric(poolMax, prometheus.GaugeValue, float64(pool.MaxOpenConnections), name)
	to <- prometheus.MustNewConstMetric(poolOpen, prometheus.GaugeValue, float64(pool.OpenConnections), name)
	to <- prometheus.MustNewConstMetric(poolInUse, prometheus.GaugeValue, float64(pool.InUse), name)
	to <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, float64(pool.WaitCount), name)
	to <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, pool.WaitDuration.Seconds(), name)
}

// collectSize sends the sizes of SQLite's files; PostgreSQL's are the server's.
func (s *storeCollector) collectSize(to chan<- prometheus.Metric) {
	path, isSQLite := strings.CutPrefix(s.store.DB.Address(), "sqlite:")
	if !isSQLite {
		return
	}
	for name, suffix := range map[string]string{"database": "", "log": "-wal"} {
		info, err := os.Stat(path + suffix)
		switch {
		case err == nil:
			to <- prometheus.MustNewConstMetric(databaseSize, prometheus.GaugeValue, float64(info.Size()), name)
		case !errors.Is(err, os.ErrNotExist):
			s.log.Warn("measure the database file for metrics", "err", err)
		}
	}
}
