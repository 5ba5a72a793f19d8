package handlers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/input"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// eyes are the words that tests ask a page in: what a person could see of it.
const eyes = `
const all = (selector, root = document) => [...root.querySelectorAll(selector)].filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0);
const squeeze = (s) => (s ?? '').replace(/\s+/g, ' ').trim();
const words = (e) => squeeze(e && (e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText));
const text = (selector) => all(selector).map((e) => squeeze(e.innerText)).join(' ');
const things = 'a[href], button, summary, input, textarea, [role="option"]';
const find = (what) => {
	const root = document.querySelector('dialog[open]') ?? document;
	if (/^([#.\[]|h1$)/.test(what)) return all(what, root)[0];
	const named = [...all('main :is(' + things + ')', root), ...all(things, root)].filter((e) => words(e) === what && e.ariaHidden !== 'true');
	return named.find((e) => !e.matches('[data-pick]')) ?? named[0]; // a row's checkbox is called as its link
};
const hit = (e) => {
	const { left, top, width, height } = e.getBoundingClientRect(), x = left + width / 2, y = top + height / 2;
	const over = document.elementFromPoint(x, y);
	return { x, y, ok: !!over && (e.contains(over) || over.contains(e) || over.closest('label')?.control === e) };
};
const focused = () => document.activeElement;
const here = () => location.pathname + location.search;
`

// quote is a text as JavaScript has it.
func quote(s string) string {
	b, _ := json.Marshal(s) // a string never fails
	return string(b)
}

// try evaluates an expression in the tab's page, which may be going away.
func try[T any](t *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(t.ctx, patient)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T]("(() => {"+eyes+"return "+expression+"})()"))
}

// eval evaluates an expression in the tab's page.
func eval[T any](t *tab, expression string) T {
	t.Helper()
	answer, err := try[T](t, expression)
	if err != nil {
		t.Fatalf("%s: %s: %v", t.screen, expression, err)
	}
	return answer
}

// until waits for an expression to become true.
func (t *tab) until(what, expression string) {
	t.Helper()
	t.wait(what, func() bool {
		holds, err := try[bool](t, expression)
		return err == nil && holds
	})
}

// wait waits for something to become true, and gives up in the end. It asks less and less
// often: on a busy machine that leaves the browser the time to get there.
func (t *tab) wait(what string, holds func() bool) {
	t.Helper()
	deadline, pause := time.After(patient), 5*time.Millisecond
	for !holds() {
		select {
		case <-time.After(pause):
			pause = min(2*pause, 80*time.Millisecond)
		case <-deadline:
			t.shoot("failed " + t.Name())
			t.Fatalf("%s: waited in vain: %s\n%s", t.screen, what, t.describe())
		}
	}
}

// describe tells what the tab shows, for a test that fails.
func (t *tab) describe() string {
	shown, err := try[string](t, `here() + '\nfocus: ' + focused()?.outerHTML.slice(0, 200) + '\n' + squeeze(document.body.innerText).slice(0, 1500)`)
	if err != nil {
		return err.Error()
	}
	return shown
}

// visit opens an address as if it were typed.
func (t *tab) visit(path string) {
	t.Helper()
	t.do(chromedp.Navigate(t.url + path))
}

// sees waits until what a selector finds says the words.
func (t *tab) sees(selector, words string) {
	t.Helper()
	t.until(selector+" says "+words, fmt.Sprintf("text(%s).includes(%s)", quote(selector), quote(words)))
}

// misses waits until what a selector finds, if anything, doesn't say the words.
func (t *tab) misses(selector, words string) {
	t.Helper()
	t.until(selector+" doesn't say "+words, fmt.Sprintf("!text(%s).includes(%s)", quote(selector), quote(words)))
}

// at waits until the tab is at an address.
func (t *tab) at(path string) {
	t.Helper()
	t.until("the address is "+path, "here() === "+quote(path))
}

// focuses waits until the focus is on a thing, by its words or a selector.
func (t *tab) focuses(what string) {
	t.Helper()
	t.until("the focus is on "+what, fmt.Sprintf("focused() === find(%[1]s) || words(focused()) === %[1]s", quote(what)))
}

// hears waits until the live region says a sentence. Without scripts nobody does.
func (t *tab) hears(sentence string) {
	t.Helper()
	if !t.screen.scriptless {
		t.until("the status says "+sentence, "squeeze(document.querySelector('#status').textContent).includes("+quote(sentence)+")")
	}
}

// click clicks the middle of a thing, once it can be clicked there.
func (t *tab) click(what string) {
	t.Helper()
	t.clickTimes(what, 1)
}

func (t *tab) clickTimes(what string, times int) {
	t.Helper()
	x, y := t.middle(what)
	t.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
	for n := range times {
		t.do(chromedp.MouseClickXY(x, y, chromedp.ClickCount(n+1)))
	}
}

// middle scrolls to a thing, waits until nothing covers it and it rests, and tells
// where it is.
func (t *tab) middle(what string) (x, y float64) {
	t.Helper()
	t.until("one can click "+what, fmt.Sprintf(`((e) => {
		if (!e || !e.checkVisibility()) return false;
		const { x, y, ok } = hit(e), rests = window.spot === x + ' ' + y;
		window.spot = x + ' ' + y;
		if (ok && x > 0 && y > 0 && x < innerWidth && y < innerHeight) return rests;
		e.scrollIntoView({ block: 'center', behavior: 'instant' });
	})(find(%s))`, quote(what)))
	at := eval[struct{ X, Y float64 }](t, fmt.Sprintf("hit(find(%s))", quote(what)))
	return at.X, at.Y
}

// follow does what leads to another document, and waits until that is there.
func (t *tab) follow(lead func()) {
	t.Helper()
	eval[bool](t, "window.stale = true")
	lead()
	t.until("another page is there", "!window.stale && document.readyState === 'complete'")
}

// goes clicks what leads to another document.
func (t *tab) goes(what string) {
	t.Helper()
	t.follow(func() { t.click(what) })
}

// write replaces what a field holds, at once, as by pasting.
func (t *tab) write(what, text string) {
	t.Helper()
	t.click(what)
	eval[bool](t, "(focused().select(), true)")
	call(t, input.InsertText, input.InsertTextParams{Text: text})
}

// types presses the keys of a text.
func (t *tab) types(text string) {
	t.Helper()
	for _, key := range text {
		t.key(key, 0)
	}
}

// key presses a key down and lets it go. What the page does at its going down
// decides whether it types anything, which chromedp's own events don't show.
func (t *tab) key(key rune, held chromedp.Modifier) {
	t.Helper()
	events := kb.Encode(key)
	down, up := *events[0], *events[len(events)-1]
	for _, e := range events {
		if e.Type == kb.KeyChar && held&^chromedp.ModifierShift == 0 {
			down.Text, down.UnmodifiedText = e.Text, e.UnmodifiedText
		}
	}
	down.Type = kb.KeyDown
	down.Modifiers |= int64(held)
	up.Modifiers |= int64(held)
	call(t, input.DispatchKeyEvent, down)
	call(t, input.DispatchKeyEvent, up)
}

// keys are the keys that press knows.
var keys = map[string]string{
	"Tab": kb.Tab, "Enter": kb.Enter, "Escape": kb.Escape, "Down": kb.ArrowDown, "Up": kb.ArrowUp,
	"Right": kb.ArrowRight, "Home": kb.Home, "End": kb.End, "Space": " ", "K": "k",
}

// press presses one key; ctrl+ or shift+ may go before it.
func (t *tab) press(key string) {
	t.Helper()
	var held chromedp.Modifier
	if rest, ok := strings.CutPrefix(key, "ctrl+"); ok {
		key, held = rest, chromedp.ModifierCtrl
	} else if rest, ok := strings.CutPrefix(key, "shift+"); ok {
		key, held = rest, chromedp.ModifierShift
	}
	t.key([]rune(keys[key])[0], held)
}

// shoot keeps a picture of the page where the environment says SCREENSHOTS=folder.
func (t *tab) shoot(name string) {
	t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	height := max(t.screen.height, min(eval[int64](t, "document.documentElement.scrollHeight"), 2400))
	shot := call(t, cdpage.CaptureScreenshot, cdpage.CaptureScreenshotParams{
		CaptureBeyondViewport: new(true), Clip: &cdpage.Viewport{Width: float64(t.screen.width), Height: float64(height), Scale: 1},
	})
	name = strings.NewReplacer("/", "-", " ", "-").Replace(name + " " + t.screen.String())
	if err := os.WriteFile(filepath.Join(folder, name+".png"), shot.Data, 0o600); err != nil {
		t.Error(err)
	}
}
