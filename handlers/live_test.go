package handlers_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/handlers/stream"
	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// feed is a page's feed as a browser reads it.
type feed struct {
	site  *site
	lines chan string // closed with the feed
	close context.CancelFunc
}

// listen opens the feed of a page.
func (b *browser) listen(path string) *feed {
	s := b.site
	s.Helper()
	ctx, cancel := context.WithCancel(s.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Accept-Encoding", "gzip")
	answer, err := (&http.Client{Jar: b.client.Jar, Transport: uncompressed}).Do(r)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { cancel(); _ = answer.Body.Close() })
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || !strings.HasPrefix(kind, "text/event-stream") || answer.Header.Get("Content-Encoding") != "" {
		s.Fatalf("%s answers %s, %v", path, answer.Status, answer.Header)
	}
	f := &feed{s, make(chan string, 100), cancel}
	go func() {
		defer close(f.lines)
		for in := bufio.NewScanner(answer.Body); in.Scan(); {
			f.lines <- in.Text()
		}
	}()
	return f
}

// next returns the next news, after the first message that tells nothing; nothing if the feed has
// ended.
func (f *feed) next() (news stream.News, ended bool) {
	f.site.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case line, more := <-f.lines:
			if !more {
				return news, true
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				if err := json.Unmarshal([]byte(data), &news); err != nil {
					f.site.Fatal(err)
				}
				if news.New > 0 || len(news.Changed)+len(news.Gone) > 0 {
					return news, false
				}
			}
		case <-late:
			f.site.Fatal("nothing comes")
		}
	}
}

// relay hands on what has changed, as the background tasks do.
func (s *site) relay() {
	s.Helper()
	for _, task := range []func(context.Context) error{s.store.RelayEvents, s.console.FollowEvents, s.console.FollowJobs, s.console.EndFeeds} {
		if err := task(s.Context()); err != nil {
			s.Fatal(err)
		}
	}
}

func (s *site) position() string {
	n, err := s.store.Events.Position(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return strconv.FormatInt(n, 10)
}

func (s *site) rename(g models.Group, name string) {
	s.Helper()
	if _, err := s.store.UpdateGroup(s.Context(), s.by, g.ID, models.GroupChange{Name: &name}); err != nil {
		s.Fatal(err)
	}
}

// TestOpenPagesHearOfChanges: of what they show, after they were made, and nothing but that.
func TestOpenPagesHearOfChanges(t *testing.T) {
	each(t, func(s *site) {
		shown, other := s.group("Shown"), s.group("Other")
		path := "/live?on=group&new=1&at=" + s.position() + "&ids=" + shown.ID
		s.rename(shown, "Renamed before the feed") // is not numbered before the feed begins
		page := s.listen(path)
		s.relay()
		first, _ := page.next()
		if !reflect.DeepEqual(first.Changed, []string{shown.ID}) || first.New != 0 {
			s.Errorf("the page hears %+v of what was changed before it asked", first)
		}
		s.rename(other, "Not shown")
		s.group("New")
		s.relay()
		since := path + "&since=" + strconv.FormatInt(first.At, 10)
		if news, _ := s.listen(since).next(); news.New != 1 || len(news.Changed) > 0 {
			s.Errorf("a page that asks again hears %+v of a new group", news)
		}
		// Without a feed the same is asked for.
		if got := s.get(since).wants(200).body; !strings.HasSuffix(got, `,"new":1}`) {
			s.Errorf("a page without a feed hears %s", got)
		}
		s.get("/live?on=user").wants(422)
		s.get("/live?on=group&ids=nonsense").wants(422)
	})
}

func TestFeedsEndWithTheSessionAndTheProgram(t *testing.T) {
	each(t, func(s *site) {
		b := s.newBrowser()
		b.post("/login", "email", email, "password", password).wants(303)
		theirs, ours := b.listen("/live?on=group"), s.listen("/live?on=contact")
		s.relay()
		b.post("/logout").wants(303)
		s.relay()
		if _, ended := theirs.next(); !ended {
			s.Error("the feed of a session that has ended goes on")
		}
		b.with("Accept", "text/event-stream").get("/live?on=group").wants(204) // so that browsers don't ask again
		s.console.Drain()
		if _, ended := ours.next(); !ended {
			s.Error("the feed goes on while the program stops")
		}
		if p := s.with("Accept", "text/event-stream").get("/live").wants(503); p.header.Get("Retry-After") == "" {
			s.Error("a feed is refused without when to ask again")
		}
		s.get("/live").wants(200) // as JSON, while there is a program
	})
}

// TestOpenPagesKeepNoSession: somebody who has left a page open is signed out all the same.
func TestOpenPagesKeepNoSession(t *testing.T) {
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	later := time.Now().Add(time.Hour)
	s.store.DB.Now = func() time.Time { return later }
	seen := func() int64 {
		list, err := s.store.Identity.Sessions.List(s.Context(), s.by)
		if err != nil || len(list) != 1 {
			s.Fatalf("there are %d sessions: %v", len(list), err)
		}
		return list[0].SeenAt
	}
	s.get("/live").wants(200)
	s.with("Console-Unattended", "true").get("/jobs").wants(200)
	if seen() == later.Unix() {
		s.Error("what a page does by itself is a use of the session")
	}
	s.get("/jobs").wants(200)
	if seen() != later.Unix() {
		s.Error("what somebody does isn't")
	}
}
