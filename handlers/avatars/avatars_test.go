package avatars

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// host serves test pictures and counts who asks.
type testHost struct {
	*httptest.Server
	asked atomic.Int32
}

func newTestHost(t *testing.T, answer http.HandlerFunc) *testHost {
	h := &testHost{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

// newProxy returns a proxy over a folder, and its clock, which stands still.
func newProxy(folder string) (*Proxy, *time.Time) {
	p := New(Config{Folder: folder, AllowLoopback: true, Log: slog.New(slog.DiscardHandler)})
	now := time.Now()
	p.now = func() time.Time { return now }
	return p, &now
}

// settled gets a picture after whatever is fetched now.
func (p *Proxy) settled(t *testing.T, address string) Picture {
	t.Helper()
	for {
		picture := p.Get(t.Context(), address)
		p.mu.Lock()
		done := p.fetches[keyOf(address)]
		p.mu.Unlock()
		if done == nil {
			return picture
		}
		<-done
	}
}

func TestAPictureIsFetchedOnce(t *testing.T) {
	t.Parallel()
	file := samplePNG(t)
	host := newTestHost(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie")+r.Header.Get("Referer")+r.Header.Get("Authorization") != "" {
			t.Error("told the host more than it must know:", r.Header)
		}
		w.Header().Set("Content-Type", "text/html") // which doesn't matter
		_, _ = w.Write(file)
	})
	address := strings.Replace(host.URL, "://", "://user:password@", 1) + "/a.png"
	folder := t.TempDir()
	p, now := newProxy(folder)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { p.Get(t.Context(), address) })
	}
	all.Wait()
	first := p.settled(t, address)
	if colors(t, first.PNG) != "rbbb" || first.ETag == "" {
		t.Errorf("got %d bytes, %s", len(first.PNG), first.ETag)
	}
	again, _ := newProxy(folder) // after a restart
	if got := again.Get(t.Context(), address); got.ETag != first.ETag {
		t.Errorf("after a restart: %+v", got)
	}
	if n := host.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	*now = now.Add(fresh)
	if got := p.settled(t, address); got.ETag != first.ETag || host.asked.Load() != 2 {
		t.Errorf("a day later: asked %d times", host.asked.Load())
	}
}

func TestHostsThatFailAreLeftAlone(t *testing.T) {
	t.Parallel()
	status := http.StatusInternalServerError
	host := newTestHost(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", status) })
	p, now := newProxy(t.TempDir())
	for i := range 50 {
		if got := p.settled(t, fmt.Sprintf("%s/%d.png", host.URL, i)); got.PNG != nil || got.Pending {
			t.Fatalf("got %+v", got)
		}
	}
	if n := host.asked.Load(); n != 1 {
		t.Errorf("a failing host was asked %d times", n)
	}
	*now, status = now.Add(firstPause), http.StatusNotFound
	for range 3 {
		p.settled(t, host.URL+"/1.png")
	}
	p.settled(t, host.URL+"/2.png")
	if n := host.asked.Load(); n != 3 {
		t.Errorf("then asked %d times", n)
	}
	if late := (trouble{}).again(*now).again(*now).until; late != now.Add(4*firstPause) {
		t.Errorf("the second pause ends at %v", late)
	}
}

func TestAPictureThatIsGoneIsForgotten(t *testing.T) {
	t.Parallel()
	file, status := samplePNG(t), http.StatusOK
	host := newTestHost(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(file)
	})
	p, now := newProxy(t.TempDir())
	address := host.URL + "/a.png"
	if got := p.settled(t, address); got.PNG == nil {
		t.Fatal("no picture")
	}
	status, *now = http.StatusServiceUnavailable, now.Add(fresh)
	if got := p.settled(t, address); got.PNG == nil {
		t.Error("a host that is down loses its pictures at once")
	}
	status, *now = http.StatusGone, now.Add(2*lastPause)
	p.settled(t, address)
	if got := p.settled(t, address); got.PNG != nil {
		t.Error("still there")
	}
}

// TestNobodyWaitsForASlowHost has a host that never responds until a channel is closed.
func TestNobodyWaitsForASlowHost(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	host := newTestHost(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-end:
		case <-r.Context().Done():
		}
	})
	p, _ := newProxy(t.TempDir())
	begun := time.Now()
	for i := range 2 * maxQueue {
		if got := p.Get(t.Context(), fmt.Sprintf("%s/%d.png", host.URL, i)); !got.Pending {
			t.Fatalf("got %+v", got)
		}
	}
	if took := time.Since(begun); took > 3*patience {
		t.Errorf("waited %v", took)
	}
	if n := host.asked.Load(); n > atOnceOfHost {
		t.Errorf("%d at once", n)
	}
	close(end)
}

func TestWhatIsTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	inside := newTestHost(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(samplePNG(t)) })
	var host *testHost
	host = newTestHost(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gigabyte":
			w.Header().Set("Content-Length", "1000000000")
			_, _ = io.CopyN(w, endless{}, 1e9)
		case "/endless":
			_, _ = io.CopyN(w, endless{}, 1e9)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/once":
			http.Redirect(w, r, host.URL+"/good", http.StatusFound)
		default:
			_, _ = w.Write(samplePNG(t))
		}
	})
	client := newClient(true)
	for _, path := range []string{"/gigabyte", "/endless", "/loop", "/file"} {
		if file, err := fetch(t.Context(), client, host.URL+path); err == nil {
			t.Errorf("%s: %d bytes", path, len(file))
		}
	}
	if _, err := fetch(t.Context(), client, host.URL+"/once"); err != nil {
		t.Error("a redirect:", err)
	}
	// Without AllowLoopback, nothing of this machine is reached, by whatever name.
	for _, address := range []string{inside.URL, strings.Replace(inside.URL, "127.0.0.1", "localhost", 1), "ftp://example.com/a.png", "http://169.254.169.254/latest/meta-data"} {
		if file, err := fetch(t.Context(), newClient(false), address); err == nil {
			t.Errorf("%s: %d bytes", address, len(file))
		}
	}
	if inside.asked.Load() != 0 {
		t.Error("reached this machine")
	}
}

// endless is a reader of zeros.
type endless struct{}

func (endless) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestSlowDripsEnd has a host that sends a byte now and then.
func TestSlowDripsEnd(t *testing.T) {
	t.Parallel()
	host := newTestHost(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte{0})
			_ = http.NewResponseController(w).Flush()
			<-time.After(20 * time.Millisecond)
		}
	})
	client := newClient(true)
	if client.Timeout != fetchLimit {
		t.Errorf("ends after %v", client.Timeout)
	}
	client.Timeout = 200 * time.Millisecond
	if _, err := fetch(t.Context(), client, host.URL); err == nil {
		t.Error("came to an end")
	}
}

func TestTheFolderHasALimit(t *testing.T) {
	t.Parallel()
	now := time.Now()
	f := &folder{path: t.TempDir(), limit: 100_000}
	left := filepath.Join(f.path, "left.part")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(left, now.Add(-2*touchEvery), now.Add(-2*touchEvery)); err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		key := keyOf(fmt.Sprint(i))
		if err := f.put(key, make([]byte, 4000), now); err != nil {
			t.Fatal(err)
		}
		used := now.Add(time.Duration(i-1000) * time.Hour)
		if err := os.Chtimes(f.file(key), used, used); err != nil {
			t.Fatal(err)
		}
		if _, ok := f.get(keyOf("0"), now); !ok { // which is used, and stays
			t.Fatalf("after %d, the first is gone", i)
		}
	}
	var size int64
	_ = filepath.Walk(f.path, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			size += info.Size()
		}
		return err
	})
	if size > f.limit+f.limit/16+5000 {
		t.Errorf("%d bytes", size)
	}
	if _, ok := f.get(keyOf("1"), now); ok {
		t.Error("what was not used for longest is there")
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what an interrupted write left is there")
	}
}

func TestABrokenFileIsNone(t *testing.T) {
	t.Parallel()
	f := &folder{path: t.TempDir(), limit: Limit}
	key := keyOf("a")
	if err := f.put(key, samplePNG(t), time.Now()); err != nil {
		t.Fatal(err)
	}
	whole := fileOf(t, f.file(key))
	for _, n := range []int{0, 5, header - 1, header, header + 10, len(whole) - 1} {
		if err := os.WriteFile(f.file(key), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := f.get(key, time.Now()); ok {
			t.Errorf("%d bytes of it are a picture", n)
		}
	}
}
