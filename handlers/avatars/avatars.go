// Package avatars shows pictures of other hosts as the console's own. A picture is fetched by a
// guarded client (models/guard), decoded, cut square, made small and encoded anew, so that a
// browser gets nothing that a stranger wrote and no stranger hears of a browser. Pictures are kept
// in a folder within a limit; hosts that fail are left alone for a while. Which addresses are
// fetched is up to the caller: they must come from a group or contact, never from a request.
package avatars

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// atOnce is how many pictures are fetched at once, and atOnceOfHost how many of one host.
	atOnce, atOnceOfHost = 4, 2
	// maxQueue is how many may wait for that. Others are asked for again with the next page.
	maxQueue = 64
	// patience is how long a request waits for a picture that isn't there yet. Browsers have few
	// connections to a host, which pages need.
	patience = 500 * time.Millisecond
	// fresh is how long a picture is shown before it is fetched again, and stale how long
	// if that fails.
	fresh, stale = 24 * time.Hour, 7 * 24 * time.Hour
	// Limit is how many bytes of pictures are kept.
	Limit = 256 << 20
)

// Config is what a Proxy is made of.
type Config struct {
	// Folder is where pictures are kept. It is made when there is a first one, and may be shared.
	Folder string
	// Limit is how many bytes are kept; 0 means the constant.
	Limit int64
	// AllowLoopback allows pictures of this machine. It is for tests.
	AllowLoopback bool
	Log           *slog.Logger
}

// Proxy fetches and keeps pictures.
type Proxy struct {
	client *http.Client
	folder *folder
	log    *slog.Logger
	now    func() time.Time
	slots  chan struct{}

	mu      sync.Mutex
	fetches map[string]chan struct{} // by key; closed at the end
	files   troubles                 // by key
	hosts   map[string]*host
}

// host is what is known of a host.
type host struct {
	slots   chan struct{}
	trouble trouble
	// slow is until when nobody waits for it.
	slow time.Time
}

// New makes a Proxy.
func New(c Config) *Proxy {
	return &Proxy{
		client: newClient(c.AllowLoopback), folder: &folder{path: c.Folder, limit: cmp.Or(c.Limit, Limit)}, log: c.Log, now: time.Now,
		slots: make(chan struct{}, atOnce), fetches: map[string]chan struct{}{}, files: troubles{}, hosts: map[string]*host{},
	}
}

// Picture is what is shown for an address.
type Picture struct {
	// PNG is the picture; nil if there is none.
	PNG []byte
	// ETag identifies it.
	ETag string
	// Pending reports whether it may be there soon.
	Pending bool
}

// Get returns the picture of an address, and fetches it if need be. It waits for that a moment at
// most; the fetching goes on.
func (p *Proxy) Get(ctx context.Context, address string) Picture {
	key, now := keyOf(address), p.now()
	s, ok := p.folder.get(key, now)
	age := now.Sub(s.at)
	if ok && age < fresh {
		return s.picture()
	}
	done, wait := p.fetchSoon(key, address)
	switch {
	case ok && age < stale:
		return s.picture()
	case done == nil:
		return Picture{}
	case wait && p.await(ctx, done, address):
		if s, ok := p.folder.get(key, p.now()); ok {
			return s.picture()
		}
		return Picture{}
	}
	return Picture{Pending: true}
}

func (s stored) picture() Picture {
	return Picture{PNG: s.png, ETag: `"` + hex.EncodeToString(s.sum[:8]) + `"`}
}

// await waits for a fetch, and reports whether it came to its end.
func (p *Proxy) await(ctx context.Context, done <-chan struct{}, address string) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-ctx.Done():
	case <-timer.C:
		p.mu.Lock()
		p.host(address).slow = p.now().Add(firstPause)
		p.mu.Unlock()
	}
	return false
}

// fetchSoon starts to fetch a picture, unless that is done already, has failed lately, or too
// many wait. It returns what is closed at the end, or nil, and whether to wait for it.
func (p *Proxy) fetchSoon(key, address string) (done chan struct{}, wait bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, h := p.now(), p.host(address)
	if p.files[key].pauses(now) || h.trouble.pauses(now) {
		return nil, false
	}
	done, begun := p.fetches[key]
	if !begun {
		if len(p.fetches) >= maxQueue {
			return make(chan struct{}), false
		}
		done = make(chan struct{})
		p.fetches[key] = done
		go p.fetchAndKeep(key, address, h, done)
	}
	return done, !h.slow.After(now)
}

// fetchAndKeep fetches a picture, keeps it, and remembers whether that worked.
func (p *Proxy) fetchAndKeep(key, address string, h *host, done chan struct{}) {
	defer close(done)
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	p.mu.Lock()
	paused := h.trouble.pauses(p.now()) // since this began to wait
	p.mu.Unlock()
	var err error
	if !paused {
		err = p.keep(key, address)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.fetches, key)
	var unavailable hostError
	switch {
	case paused:
	case errors.As(err, &unavailable):
		h.trouble = h.trouble.again(p.now())
	case err != nil:
		p.files.add(key, p.now())
		h.trouble = trouble{}
	default:
		delete(p.files, key)
		h.trouble = trouble{}
	}
}

// keep fetches a picture and puts it in the folder.
func (p *Proxy) keep(key, address string) error {
	file, err := fetch(context.Background(), p.client, address)
	var shown []byte
	if err == nil {
		shown, err = render(file)
	}
	if err != nil {
		p.log.Debug("fetch an avatar", "host", hostOf(address), "err", err)
		if errors.Is(err, errGone) {
			p.folder.remove(key)
		}
		return err
	}
	if err = p.folder.put(key, shown, p.now()); err != nil {
		p.log.Warn("keep an avatar", "err", err)
	}
	return err
}

func hostOf(address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return at.Host
}

// maxHosts is how many hosts are remembered.
const maxHosts = 1024

// host returns what is known of an address's host. p.mu is held.
func (p *Proxy) host(address string) *host {
	name := hostOf(address)
	if h, known := p.hosts[name]; known {
		return h
	}
	for other, h := range p.hosts {
		if len(p.hosts) < maxHosts {
			break
		}
		if len(h.slots) == 0 {
			delete(p.hosts, other)
		}
	}
	h := &host{slots: make(chan struct{}, atOnceOfHost)}
	p.hosts[name] = h
	return h
}
