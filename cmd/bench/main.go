// Bench prints how long the console takes to answer each kind of request, one
// client at a time, on a database that console seed has filled:
//
//	bench -database sqlite:data/bench.db -calls 1000
//
// It asks a whole console over HTTP, on loopback. It asserts nothing: figures
// depend on the machine.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
)

func main() {
	database := flag.String("database", "sqlite:data/bench.db", "the `URL` of a seeded database")
	calls := flag.Int("calls", 1000, "how many requests of each kind")
	only := flag.String("only", "", "only kinds that contain this `text`")
	flag.Parse()
	if err := run(context.Background(), *database, *calls, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, database string, calls int, only string) error {
	store, err := models.Open(ctx, database)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	server.Config.Handler = handlers.New(handlers.Config{
		Store: store, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), PublicURL: url, Version: "bench",
	})
	server.Start()
	defer server.Close()
	b := &bench{store: store, url: url, random: rand.New(rand.NewPCG(1, 2))}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "kind\tp50 ms\tp99 ms\tworst ms\tKB\t")
	for _, k := range b.kinds() {
		if !strings.Contains(k.name, only) {
			continue
		}
		if err := b.measure(ctx, out, k, calls); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		out.Flush()
	}
	return nil
}

// kind is a kind of request. Its path and body are made anew for each call.
type kind struct {
	name, method string
	path         func() string
	body         func() string
	status       int
}

// bench is a client that is signed in, and what it knows of the database.
type bench struct {
	store           *models.Store
	url             string
	random          *rand.Rand
	session, token  string
	groups, members []string // ids: any groups, and some of the largest
	contacts        []string
	made            []string // ids of groups that were made here
}

// prepare signs in as the first owner, whom it makes where there is none, and
// looks ids up.
func (b *bench) prepare(ctx context.Context) error {
	owner, err := b.store.FirstOwner(ctx)
	if err != nil {
		owner, err = b.store.CreateUser(ctx, models.System("bench"), models.NewUser{
			Email: "bench@example.com", Name: "Bench", Role: models.Owner, Password: "only for measuring things",
		})
	}
	if err != nil {
		return err
	}
	if b.session, err = b.store.StartSession(ctx, owner.Actor(), owner, true); err != nil {
		return err
	}
	if _, b.token, err = b.store.CreateToken(ctx, owner.Actor(), models.NewToken{Name: "Bench", Scope: models.WriteScope}, nil); err != nil {
		return err
	}
	return b.lookUp(ctx)
}

func (b *bench) lookUp(ctx context.Context) error {
	large, err := b.store.Groups(ctx, models.GroupQuery{Sort: models.ByMembers, Range: models.Range{Limit: 3}})
	if err != nil {
		return err
	}
	for _, g := range large.Groups {
		b.members = append(b.members, g.ID)
	}
	newest, err := b.store.Groups(ctx, models.GroupQuery{Range: models.Range{Limit: 1}})
	oldest, err2 := b.store.Groups(ctx, models.GroupQuery{Reverse: true, Range: models.Range{Limit: 1}})
	if err := cmp.Or(err, err2); err != nil {
		return err
	}
	if len(newest.Groups) == 0 {
		return fmt.Errorf("the database is empty; fill it with: console seed -groups 100000 -contacts 20000")
	}
	from, to := oldest.Groups[0].CreatedAt, newest.Groups[0].CreatedAt
	for range 200 {
		at := models.Cursor{ID: models.FirstID(time.Unix(from+b.random.Int64N(to-from+1), 0))}
		page, err := b.store.Groups(ctx, models.GroupQuery{Range: models.Range{After: at, Limit: 5}})
		if err != nil {
			return err
		}
		for _, g := range page.Groups {
			b.groups = append(b.groups, g.ID)
		}
	}
	contacts, err := b.store.Contacts(ctx, models.ContactQuery{Range: models.Range{Limit: 100}})
	for _, c := range contacts.Contacts {
		b.contacts = append(b.contacts, c.ID)
	}
	return err
}

// measure makes the calls of one kind, and prints a line.
func (b *bench) measure(ctx context.Context, out io.Writer, k kind, calls int) error {
	took := make([]time.Duration, calls)
	size := 0
	for i := range took {
		path, body := k.path(), ""
		if k.body != nil {
			body = k.body()
		}
		start := time.Now()
		status, n, location, err := b.call(ctx, k.method, path, body)
		if err != nil {
			return err
		}
		took[i] = time.Since(start)
		size += n
		if want := cmp.Or(k.status, http.StatusOK); status != want {
			return fmt.Errorf("%s %s answers %d, not %d", k.method, path, status, want)
		}
		if location != "" && status == http.StatusCreated {
			b.made = append(b.made, location[strings.LastIndexByte(location, '/')+1:])
		}
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	_, err := fmt.Fprintf(out, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t\n", k.name, ms(took[calls/2]), ms(took[calls*99/100]), ms(took[calls-1]), float64(size/calls)/1024)
	return err
}

var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (b *bench) call(ctx context.Context, method, path, body string) (status, size int, location string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, b.url+path, strings.NewReader(body))
	if err != nil {
		return 0, 0, "", err
	}
	if strings.HasPrefix(path, "/v1/") {
		r.Header.Set("Authorization", "Bearer "+b.token)
	} else {
		r.AddCookie(&http.Cookie{Name: "console", Value: b.session})
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, 0, "", err
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, int(n), answer.Header.Get("Location"), err
}
