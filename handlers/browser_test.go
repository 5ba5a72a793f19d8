package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"protocol.chat/console/models/modelstest"
)

// The browser tests see the console as people do: in Chromium, on a real server
// and a real database. One Chromium serves the whole test process; every tab has
// cookies and a history of its own. Whatever a test is about, its tabs fail it
// when a script fails, the Content-Security-Policy is violated or a request goes
// anywhere but to the console (see watch).

var errNoChromium = errors.New("not run in a browser: no Chromium found")

func TestMain(m *testing.M) {
	status := m.Run()
	stopChromium()
	os.Exit(status)
}

// needChromium returns the running Chromium. Without one, and in the short run, the test
// is skipped; in CI, where nothing may be left out, it runs or fails.
func needChromium(t *testing.T) context.Context {
	t.Helper()
	modelstest.SkipIfShort(t, "in a browser")
	ctx, err := chromium()
	switch {
	case errors.Is(err, errNoChromium):
		modelstest.LeaveOut(t, err.Error())
	case err != nil:
		t.Fatal(err)
	}
	return ctx
}

// stopChromium ends the browser and removes its profile.
var stopChromium = func() {}

// chromium starts the browser that all tests of this process share.
var chromium = sync.OnceValues(func() (context.Context, error) {
	program, err := findChromium()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.NoSandbox, // it shows nothing but our own pages, and root can't have one
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
		// A page runs axe once: compiling it well takes longer than that saves.
		chromedp.Flag("js-flags", "--no-sparkplug --no-maglev --no-turbofan"),
		// RenderDocument would make a frame anew for each page: a sixth of the time.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,RenderDocument"),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	stopChromium = func() {
		_ = chromedp.Cancel(ctx)
		cancel()
		stop()
	}
	return ctx, chromedp.Do(ctx)
})

// findChromium prefers the browser without a window to the one that hides it, which takes half as
// much time again.
func findChromium() (string, error) {
	for _, name := range []string{"chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", errNoChromium
}

// one starts a console on SQLite with an owner, for a test in a browser.
func one(t *testing.T) *site {
	t.Helper()
	needChromium(t)
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	return s
}

// screen is what a tab is looked at with.
type screen struct {
	width, height int64
	touch         bool
	// scripts says that JavaScript is off.
	scriptless bool
	// media are media features, such as prefers-color-scheme: dark.
	media map[string]string
}

var (
	desk  = screen{width: 1280, height: 800}
	phone = screen{width: 320, height: 640, touch: true}
)

func (s screen) withoutScripts() screen { s.scriptless = true; return s }

func (s screen) preferring(name, value string) screen {
	media := map[string]string{name: value}
	for n, v := range s.media {
		media[n] = v
	}
	s.media = media
	return s
}

func (s screen) dark() screen { return s.preferring("prefers-color-scheme", "dark") }

func (s screen) String() string {
	name := fmt.Sprint(s.width)
	if s.media["prefers-color-scheme"] == "dark" {
		name += " dark"
	}
	if s.scriptless {
		name += " without scripts"
	}
	return name
}

// tab is a tab of Chromium with one site in it.
type tab struct {
	*site
	ctx    context.Context
	screen screen
	looked bool // at the screen: the browser knows it
	axe    bool // every page that the tab goes to has it

	mu        sync.Mutex
	complaint []string // what the browser complained of
	expected  []string // what it may complain of
	posted    []string // the paths of all POST requests
	dialogs   int      // how often the page asked whether to leave it
	stay      bool     // the answer
}

// tab opens a tab in which nobody is signed in.
func (s *site) tab(look screen) *tab {
	s.Helper()
	t := &tab{site: s}
	ctx, cancel := chromedp.NewContext(needChromium(s.T), chromedp.WithNewBrowserContext(), chromedp.WithListener(t.watch))
	t.ctx = ctx
	s.Cleanup(func() {
		t.settle()
		cancel()
	})
	t.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: `
			addEventListener('securitypolicyviolation', (e) => console.error('the policy ' + e.effectiveDirective + ' refused ' + e.blockedURI));`})
		return err
	}))
	t.look(look)
	return t
}

// in opens a tab in which the site's owner is signed in.
func (s *site) in(look screen) *tab {
	s.Helper()
	t := s.tab(look)
	t.signIn(s.browser)
	return t
}

// signIn gives the tab the session of another browser.
func (t *tab) signIn(b *browser) {
	t.Helper()
	at, err := url.Parse(t.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range b.client.Jar.Cookies(at) {
		call(t, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: t.url, HTTPOnly: new(true)})
	}
}

// look changes what the tab is looked at with.
func (t *tab) look(look screen) {
	t.Helper()
	was := t.screen
	changed := func(same bool) bool { return !t.looked || !same }
	if changed(was.width == look.width && was.height == look.height) {
		call(t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: look.width, Height: look.height, DeviceScaleFactor: 1})
	}
	if changed(was.touch == look.touch) {
		call(t, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: look.touch})
	}
	if changed(was.scriptless == look.scriptless) {
		call(t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: look.scriptless})
	}
	if changed(maps.Equal(was.media, look.media)) {
		features := []*emulation.MediaFeature{}
		for name, value := range look.media {
			features = append(features, &emulation.MediaFeature{Name: name, Value: value})
		}
		call(t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	}
	t.screen, t.looked = look, true
}

// watch sees every event of the tab.
func (t *tab) watch(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		t.complaint = append(t.complaint, "a script failed: "+e.ExceptionDetails.Text+" "+describe(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			for _, arg := range e.Args {
				t.complaint = append(t.complaint, "console: "+describe(arg))
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelVerbose && e.Entry.Level != log.EntryLevelInfo && !harmless(e.Entry.Text) {
			t.complaint = append(t.complaint, e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		t.sent(e.Request)
	case *cdpage.EventJavascriptDialogOpening:
		t.dialogs++
		stay := t.stay
		go func() {
			_, _ = chromedp.Call(t.ctx, cdpage.HandleJavaScriptDialog, cdpage.HandleJavaScriptDialogParams{Accept: !stay})
		}()
	}
}

// harmless reports whether the browser only remarks what tests do on purpose: be
// refused, and leave a page that nobody has touched.
func harmless(remark string) bool {
	return strings.Contains(remark, "responded with a status of") || strings.Contains(remark, "Blocked attempt to show a 'beforeunload'")
}

func (t *tab) sent(r *network.Request) {
	if !strings.HasPrefix(r.URL, t.url+"/") && !strings.HasPrefix(r.URL, "data:") {
		t.complaint = append(t.complaint, "a request leaves the console: "+r.URL)
	}
	if r.Method == "POST" {
		t.posted = append(t.posted, strings.TrimPrefix(r.URL, t.url))
	}
}

func describe(o *runtime.RemoteObject) string {
	switch {
	case o == nil:
		return ""
	case o.Description != "":
		return o.Description
	}
	var text string
	_ = json.Unmarshal(o.Value, &text)
	return text
}

// expect says what the browser may complain of in this test.
func (t *tab) expect(words string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expected = append(t.expected, words)
}

// settle fails the test for what the browser has complained of since the last time.
func (t *tab) settle() {
	t.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
complaints:
	for _, c := range t.complaint {
		for _, words := range t.expected {
			if strings.Contains(c, words) {
				continue complaints
			}
		}
		t.Errorf("%s: %s", t.screen, c)
	}
	t.complaint = nil
}

// posts is how often the tab has sent a form to a path.
func (t *tab) posts(path string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, posted := range t.posted {
		if posted == path {
			n++
		}
	}
	return n
}

// asked is how often the tab was asked whether to leave a page.
func (t *tab) asked() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dialogs
}

// patient is how long a tab waits for what is to happen.
const patient = 20 * time.Second

func (t *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(t.ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// call sends the tab a command.
func call[P, R any](t *tab, command cdp.Command[P, R], params P) R {
	t.Helper()
	result, err := chromedp.Call(t.ctx, command, params)
	if err != nil {
		t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}
