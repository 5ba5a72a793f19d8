package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"protocol.chat/console/handlers/stream"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// livePages tell open pages that what they show has changed, and nothing else of it: a page
// fetches what it may see as any other request.
type livePages struct {
	*site
	hub *stream.Hub
	// progress is how far the jobs are that pages show, as followJobs last saw it. What is not in it
	// is told of.
	mu       sync.Mutex
	progress map[string]jobs.Progress
}

func newLivePages(s *site) *livePages {
	return &livePages{site: s, hub: stream.NewHub(maxLive, maxLiveOfSession)}
}

// How many pages can be open at once, of all and of one browser, and how often one hears
// something.
const (
	maxLive          = 1000
	maxLiveOfSession = 12
	liveGap          = time.Second
	liveBeat         = 25 * time.Second // below the timeout of any proxy
)

// liveLimits are for how long a feed stays open, after which the browser opens another one: so
// whatever admits requests is asked again.
var liveLimits = limits{timeout: 30 * time.Minute}

// maxWatched is how many objects a page can show.
const maxWatched = 200

// feed sends what changes as server-sent events, or what has changed since as JSON.
func (p *livePages) feed(w http.ResponseWriter, r *http.Request) error {
	watch, since, err := readWatch(r)
	if err != nil {
		return err
	}
	if right := liveRights[watch.Kind]; right != "" {
		if err := by(r).Check(right); err != nil {
			return err
		}
	}
	if !wantsFeed(r) {
		return p.since(w, r, watch, since)
	}
	return p.stream(w, r, watch, since)
}

// wantsFeed reports whether a request is for server-sent events.
func wantsFeed(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// endFeed tells a page whose user has signed out that there are no more events, for which browsers
// then don't ask again: https://html.spec.whatwg.org/multipage/server-sent-events.html
func endFeed(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.WriteHeader(http.StatusNoContent)
}

// liveOf returns what a page shows: objects, or a list that shows those of its rows. Call it before
// they are read, so that the page hears of what is changed meanwhile.
func (s *site) liveOf(r *http.Request, on string, ids ...string) (views.Live, error) {
	at, err := s.store.Events.Position(r.Context())
	return views.Live{On: on, IDs: ids, At: at}, err
}

// liveRights are the rights to hear of each kind of object: those of their pages.
var liveRights = map[string]access.Right{"group": access.ReadGroups, "contact": access.ReadContacts, "job": access.ReadGroups}

// readWatch reads what a page shows, and the last event that it has heard of.
func readWatch(r *http.Request) (watch stream.Watch, since int64, err error) {
	q := r.URL.Query()
	watch = stream.Watch{Kind: q.Get("on"), New: q.Get("new") != ""}
	if ids := q.Get("ids"); ids != "" {
		watch.IDs = strings.Split(ids, ",")
		slices.Sort(watch.IDs)
	}
	watch.Position, _ = strconv.ParseInt(q.Get("at"), 10, 64)
	since, _ = strconv.ParseInt(q.Get("since"), 10, 64)
	if last, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		since = max(since, last)
	}
	if _, known := liveRights[watch.Kind]; !known && watch.Kind != "" {
		return watch, 0, access.Invalid{{Field: "on", Code: access.Bad, Message: "There is nothing to hear of this."}}
	}
	if len(watch.IDs) > maxWatched || slices.ContainsFunc(watch.IDs, func(id string) bool { return !text.ValidID(id) }) {
		return watch, 0, access.Invalid{{Field: "ids", Code: access.Bad, Message: "These are not up to " + strconv.Itoa(maxWatched) + " IDs."}}
	}
	return watch, since, nil
}

// since sends what has changed since, for a page without a feed.
func (p *livePages) since(w http.ResponseWriter, r *http.Request, watch stream.Watch, since int64) error {
	ctx, cancel := context.WithTimeout(r.Context(), usual.timeout)
	defer cancel()
	last, err := p.store.Events.LastNumber(ctx)
	if err != nil {
		return err
	}
	missed, err := p.store.Events.Missed(ctx, watch.Position, since, last, stream.MaxNew)
	if err != nil {
		return err
	}
	news := stream.News{At: last}
	for _, e := range missed {
		news.Add(&watch, e)
	}
	if watch.Kind == "job" { // of which there are no events: the page looks again
		news.Changed = watch.IDs
	}
	body, err := json.Marshal(news)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // the client may have gone
	return nil
}

// stream sends what changes until the page is closed.
func (p *livePages) stream(w http.ResponseWriter, r *http.Request, watch stream.Watch, since int64) error {
	page, err := p.open(r, watch, since)
	if errors.Is(err, stream.ErrFull) || errors.Is(err, stream.ErrClosed) {
		w.Header().Set("Retry-After", strconv.Itoa(int(liveBeat.Seconds())))
		http.Error(w, "Too many pages are open. Ask again later, or without text/event-stream.", http.StatusServiceUnavailable)
		return nil
	}
	if err != nil {
		return err
	}
	feed, err := stream.NewFeed(w, 2*time.Second+rand.N(4*time.Second)) // not all at once after a restart
	if err != nil {
		page.End()
		return nil // the client has gone
	}
	feed.Serve(r, liveLimits.timeout, func(ctx context.Context) {
		defer page.End()
		sendNews(ctx, feed, page)
	})
	return nil
}

// open subscribes a page, and gives it what it has missed.
func (p *livePages) open(r *http.Request, watch stream.Watch, since int64) (*stream.Page, error) {
	ctx, cancel := context.WithTimeout(r.Context(), usual.timeout)
	defer cancel()
	if !p.hub.Started() {
		if err := p.followEvents(ctx); err != nil {
			return nil, err
		}
	}
	page, err := p.hub.Subscribe(signedInAs(r).stored.ID, watch)
	if err != nil {
		return nil, err
	}
	missed, err := p.store.Events.Missed(ctx, watch.Position, since, page.From, stream.MaxNew)
	if err != nil {
		page.End()
		return nil, err
	}
	page.Add(missed)
	if watch.Kind == "job" { // which may have gone on since the page was made
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, id := range watch.IDs {
			delete(p.progress, id)
		}
	}
	return page, nil
}

// sendNews sends what a page hasn't heard of, at most once a liveGap, until the page or ctx ends. The
// first message comes at once: a page that doesn't get it knows that something holds messages back.
func sendNews(ctx context.Context, feed *stream.Feed, page *stream.Page) {
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	ready, pause := page.Ready(), (<-chan time.Time)(nil)
	err := feed.Send(page.From, stream.News{At: page.From})
	for err == nil {
		select {
		case <-ctx.Done():
			return
		case <-page.Ended():
			return
		case <-beat.C:
			err = feed.Beat()
		case <-pause:
			ready, pause = page.Ready(), nil
		case <-ready:
			news := page.Take()
			err = feed.Send(news.At, news)
			ready, pause = nil, time.After(liveGap)
		}
	}
}

// followedAtOnce is how many events are read at once.
const followedAtOnce = 1000

// followEvents tells open pages of the events that were numbered. It reads nothing but the last
// number if no page is open.
func (p *livePages) followEvents(ctx context.Context) error {
	last, err := p.store.Events.LastNumber(ctx)
	if err != nil {
		return err
	}
	for from, open := p.hub.Skip(last); open && from < last; {
		list, err := p.store.Events.Following(ctx, from, followedAtOnce)
		if err != nil || len(list) == 0 {
			return err
		}
		p.hub.Publish(list)
		from = list[len(list)-1].Number
	}
	return nil
}

// followJobs tells open pages of jobs that have gone on since the last call.
func (p *livePages) followJobs(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	watched := p.hub.Watched("job")
	if len(watched) == 0 {
		return nil
	}
	found, err := p.store.Jobs.Progress(ctx, watched)
	if err != nil {
		return err
	}
	now := make(map[string]jobs.Progress, len(found))
	var changed []string
	for _, job := range found {
		now[job.ID] = job
		if p.progress[job.ID] != job {
			changed = append(changed, job.ID)
		}
	}
	p.progress = now
	p.hub.Changed("job", changed)
	return nil
}

// endFeeds closes the pages of sessions that have ended, and of users who have lost the right.
func (p *livePages) endFeeds(ctx context.Context) error {
	sessions := p.hub.Sessions()
	if len(sessions) == 0 {
		return nil
	}
	roles, err := p.store.Identity.Sessions.Going(ctx, sessions)
	if err != nil {
		return err
	}
	p.hub.EndPages(func(session, kind string) bool {
		role, going := roles[session]
		return !going || !access.Actor{Kind: access.UserActor, Role: role}.May(liveRights[kind])
	})
	return nil
}
