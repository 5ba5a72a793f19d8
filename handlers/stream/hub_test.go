package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/events"
)

func subscribe(t *testing.T, h *Hub, session string, w Watch) *Page {
	t.Helper()
	p, err := h.Subscribe(session, w)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func said(p *Page) bool {
	select {
	case <-p.Ready():
		return true
	default:
		return false
	}
}

func TestPagesHearOfWhatTheyShow(t *testing.T) {
	h := NewHub(10, 10)
	if from, open := h.Skip(7); from != 7 || open || !h.Started() {
		t.Errorf("a hub without pages is at %d (open: %v)", from, open)
	}
	list := subscribe(t, h, "s", Watch{Kind: "group", IDs: []string{"a", "b"}, New: true, Position: 100})
	one := subscribe(t, h, "s", Watch{Kind: "group", IDs: []string{"b"}})
	job := subscribe(t, h, "s", Watch{Kind: "job", IDs: []string{"j"}})
	h.Publish([]events.Head{
		{Number: 7, Position: 101, Type: events.GroupUpdated, ObjectID: "b"}, // published before
		{Number: 8, Position: 99, Type: events.GroupUpdated, ObjectID: "a"},  // the list shows it
		{Number: 9, Position: 102, Type: events.GroupUpdated, ObjectID: "a"},
		{Number: 10, Position: 103, Type: events.GroupUpdated, ObjectID: "a"},
		{Number: 11, Position: 104, Type: events.GroupCreated, ObjectID: "c"},
		{Number: 12, Position: 105, Type: events.GroupDeleted, ObjectID: "b"},
		{Number: 13, Position: 106, Type: events.ContactUpdated, ObjectID: "a"},
	})
	if got, want := list.Take(), (News{At: 13, New: 1, Changed: []string{"a"}, Gone: []string{"b"}}); !said(list) || !reflect.DeepEqual(got, want) {
		t.Errorf("the list hears %+v, want %+v", got, want)
	}
	if got, want := one.Take(), (News{At: 13, Gone: []string{"b"}}); !said(one) || !reflect.DeepEqual(got, want) {
		t.Errorf("the page of b hears %+v, want %+v", got, want)
	}
	if said(job) {
		t.Errorf("the job's page hears %+v", job.Take())
	}
	if got := list.Take(); !got.empty() {
		t.Errorf("the list hears again of %+v", got)
	}
	h.Changed("job", []string{"i", "j"})
	if got := job.Take(); !said(job) || !reflect.DeepEqual(got.Changed, []string{"j"}) {
		t.Errorf("the job's page hears %+v", got)
	}
	if got := h.Watched("job"); !reflect.DeepEqual(got, []string{"j"}) {
		t.Errorf("the jobs that pages show are %q", got)
	}
}

// TestPagesThatReadNothingHoldNothingUp, and take no more memory.
func TestPagesThatReadNothingHoldNothingUp(t *testing.T) {
	h := NewHub(10, 10)
	h.Skip(0)
	p := subscribe(t, h, "s", Watch{Kind: "group", IDs: []string{"a"}, New: true})
	var list []events.Head
	for i := range 3 * MaxNew {
		n := int64(i + 1)
		list = append(list, events.Head{Number: n, Position: n, Type: events.GroupCreated, ObjectID: fmt.Sprint("new", i)},
			events.Head{Number: n, Position: n, Type: events.GroupUpdated, ObjectID: "a"})
	}
	h.Publish(list)
	if got, want := p.Take(), (News{At: 3 * MaxNew, New: MaxNew, Changed: nil}); got.New != want.New || got.At != want.At || len(got.Changed) > 1 {
		t.Errorf("the page hears %+v", got)
	}
}

func TestPagesAreLimitedAndEnd(t *testing.T) {
	h := NewHub(3, 2)
	first := subscribe(t, h, "s", Watch{Kind: "group"})
	subscribe(t, h, "s", Watch{Kind: "contact"})
	if _, err := h.Subscribe("s", Watch{}); !errors.Is(err, ErrFull) {
		t.Errorf("a third page of a session: %v", err)
	}
	other := subscribe(t, h, "other", Watch{})
	if _, err := h.Subscribe("third", Watch{}); !errors.Is(err, ErrFull) {
		t.Errorf("a fourth page: %v", err)
	}
	first.End()
	first.End()
	subscribe(t, h, "s", Watch{})
	h.EndPages(func(session, _ string) bool { return session == "other" })
	if _, ended := <-other.Ended(); ended {
		t.Error("the other page goes on")
	}
	if got := h.Sessions(); !reflect.DeepEqual(got, []string{"s"}) {
		t.Errorf("the sessions are %q", got)
	}
	h.Close()
	if _, err := h.Subscribe("s", Watch{}); !errors.Is(err, ErrClosed) || len(h.Sessions()) > 0 {
		t.Errorf("after its end: %v, and there are %q", err, h.Sessions())
	}
}

func TestFeed(t *testing.T) {
	w := &timed{ResponseRecorder: httptest.NewRecorder(), read: time.Now()}
	f, err := NewFeed(w, 3*time.Second)
	if err = errors.Join(err, f.Send(12, News{At: 12, New: 1}), f.Beat()); err != nil {
		t.Fatal(err)
	}
	if want := "retry: 3000\n\nid: 12\ndata: {\"at\":12,\"new\":1}\n\n:\n\n"; w.Body.String() != want || !w.Flushed {
		t.Errorf("it sends %q (flushed: %v), want %q", w.Body, w.Flushed, want)
	}
	if !soon(w.write) || !w.read.IsZero() {
		t.Errorf("the client has until %v, and its request until %v", w.write, w.read)
	}
	for name, value := range map[string]string{"X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"} {
		if w.Header().Get(name) != value || !strings.Contains(w.Header().Get("Cache-Control"), "no-store") {
			t.Errorf("the header is %v", w.Header())
		}
	}
}

// TestFeedOfARealConnection is taken from the server, and ends with the client.
func TestFeedOfARealConnection(t *testing.T) {
	ended := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Request-Id", "abc")
		f, err := NewFeed(w, time.Second)
		if err != nil {
			t.Error(err)
			return
		}
		f.Serve(r, time.Minute, func(ctx context.Context) {
			if err := f.Send(1, News{At: 1}); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			ended <- ctx.Err()
		})
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	want := "retry: 1000\n\nid: 1\ndata: {\"at\":1}\n\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(answer.Body, got); err != nil || string(got) != want {
		t.Errorf("it reads %q: %v", got, err)
	}
	if answer.StatusCode != 200 || answer.Header.Get("Request-Id") != "abc" || !answer.Close {
		t.Errorf("the answer is %s, %v", answer.Status, answer.Header)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
}
