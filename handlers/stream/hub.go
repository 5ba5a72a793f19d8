package stream

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"protocol.chat/console/models/events"
)

// Errors of Subscribe.
var (
	ErrFull   = errors.New("stream: too many pages are open")
	ErrClosed = errors.New("stream: the program stops")
)

// Watch is what a page shows, and so wants to hear about.
type Watch struct {
	// Kind is what the ids are: "group", "contact" or "job".
	Kind string
	// IDs are sorted.
	IDs []string
	// New says that the page lists objects, and wants to know how many there are that it hasn't.
	New bool
	// Position is how new the page is: see events.Log.Position.
	Position int64
}

// wants reports whether an event is about an object that the page shows.
func (w *Watch) wants(id string) bool {
	_, found := slices.BinarySearch(w.IDs, id)
	return found
}

// News is what a page hasn't heard of yet: never more than that something changed.
type News struct {
	// At is the number of the last event in it.
	At int64 `json:"at"`
	// New counts the objects that were created, at most MaxNew.
	New int `json:"new,omitempty"`
	// Changed and Gone are those that were changed and deleted, by their ids.
	Changed []string `json:"changed,omitempty"`
	Gone    []string `json:"gone,omitempty"`
}

// MaxNew is how many new objects are counted; so many means that there are more.
const MaxNew = 1000

func (n *News) empty() bool { return n.New == 0 && len(n.Changed) == 0 && len(n.Gone) == 0 }

// Add adds an event, if the page wants it.
func (n *News) Add(w *Watch, e events.Head) {
	n.At = max(n.At, e.Number)
	kind, verb, _ := strings.Cut(string(e.Type), ".")
	if kind != w.Kind || e.Position <= w.Position {
		return
	}
	switch shown := w.wants(e.ObjectID); {
	case verb == "created" && w.New && !shown:
		n.New = min(n.New+1, MaxNew)
	case shown && verb == "deleted":
		n.Gone = add(n.Gone, e.ObjectID)
	case shown:
		n.change(e.ObjectID)
	}
}

func (n *News) change(id string) { n.Changed = add(n.Changed, id) }

func add(ids []string, id string) []string {
	if slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}

// Hub tells open pages what changed. What a page hasn't taken yet is one News, however much
// happens and however slow it is: nothing waits for a page, and none takes more memory than what
// it shows.
type Hub struct {
	most, mostOfSession int

	mu         sync.Mutex
	pages      map[*Page]struct{}
	ofSessions map[string]int
	last       int64 // the number of the last event that was published; -1 before the first Skip
	closed     bool
}

// NewHub returns a Hub for at most so many open pages, of all and of one session.
func NewHub(most, mostOfSession int) *Hub {
	return &Hub{most: most, mostOfSession: mostOfSession, pages: map[*Page]struct{}{}, ofSessions: map[string]int{}, last: -1}
}

// Page is an open page.
type Page struct {
	// Session is the session it belongs to, by id.
	Session string
	// From is the number of the last event that the page won't hear of by itself: see
	// events.Log.Missed.
	From int64

	hub   *Hub
	watch Watch
	ready chan struct{} // holds a value if there is news
	ended chan struct{} // closed by End
	once  sync.Once
	news  News // guarded by hub.mu
}

// Subscribe adds a page. Call End once it is closed. Errors: ErrFull and ErrClosed.
func (h *Hub) Subscribe(session string, watch Watch) (*Page, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, ErrClosed
	case len(h.pages) >= h.most || h.ofSessions[session] >= h.mostOfSession:
		return nil, ErrFull
	}
	p := &Page{
		Session: session, From: h.last, hub: h, watch: watch, news: News{At: h.last},
		ready: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	h.pages[p] = struct{}{}
	h.ofSessions[session]++
	return p, nil
}

// Ready is where a page hears that there is something to Take.
func (p *Page) Ready() <-chan struct{} { return p.ready }

// Ended is closed when the page is to be closed.
func (p *Page) Ended() <-chan struct{} { return p.ended }

// Take returns what the page hasn't heard of yet.
func (p *Page) Take() News {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	news := p.news
	p.news = News{At: news.At}
	return news
}

// Add adds events from before the page subscribed.
func (p *Page) Add(missed []events.Head) {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	for _, e := range missed {
		p.news.Add(&p.watch, e)
	}
	p.tell()
}

// tell makes Ready say that there is news, if there is any. The caller holds the lock.
func (p *Page) tell() {
	if p.news.empty() {
		return
	}
	select {
	case p.ready <- struct{}{}:
	default: // it says so already
	}
}

// End removes the page, and may be called again.
func (p *Page) End() {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	p.end()
}

func (p *Page) end() {
	p.once.Do(func() {
		close(p.ended)
		delete(p.hub.pages, p)
		if p.hub.ofSessions[p.Session]--; p.hub.ofSessions[p.Session] == 0 {
			delete(p.hub.ofSessions, p.Session)
		}
	})
}

// Skip returns the number of the last event that was published, and whether any page is open. If
// none is, what was before last needn't be published.
func (h *Hub) Skip(last int64) (from int64, open bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.pages) == 0 || h.last < 0 {
		h.last = max(h.last, last)
	}
	return h.last, len(h.pages) > 0
}

// Started reports whether the hub knows how far the events are, which pages must before they
// subscribe.
func (h *Hub) Started() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last >= 0
}

// Publish tells the pages of events, in the order of their numbers. Those that were published
// already are left out.
func (h *Hub) Publish(list []events.Head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range list {
		if e.Number <= h.last {
			continue
		}
		h.last = e.Number
		for p := range h.pages {
			p.news.Add(&p.watch, e)
		}
	}
	for p := range h.pages {
		p.tell()
	}
}

// Watched returns what pages of a kind show, by id.
func (h *Hub) Watched(kind string) []string {
	var ids []string
	h.mu.Lock()
	defer h.mu.Unlock()
	for p := range h.pages {
		if p.watch.Kind == kind {
			ids = append(ids, p.watch.IDs...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Changed tells the pages of a kind that what they show has changed, without events.
func (h *Hub) Changed(kind string, ids []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for p := range h.pages {
		for _, id := range ids {
			if p.watch.Kind == kind && p.watch.wants(id) {
				p.news.change(id)
			}
		}
		p.tell()
	}
}

// Len returns how many pages are open.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.pages)
}

// Sessions returns the sessions of open pages, by id.
func (h *Hub) Sessions() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := make([]string, 0, len(h.ofSessions))
	for id := range h.ofSessions {
		ids = append(ids, id)
	}
	return ids
}

// EndPages ends the pages for which ends says so.
func (h *Hub) EndPages(ends func(session, kind string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.endPages(ends)
}

func (h *Hub) endPages(ends func(session, kind string) bool) {
	for p := range h.pages {
		if ends(p.Session, p.watch.Kind) {
			p.end()
		}
	}
}

// Close ends all pages, and lets no other subscribe.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.endPages(func(string, string) bool { return true })
}
