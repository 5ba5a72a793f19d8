package handlers_test

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// axe is the source of axe-core, which finds barriers to people with disabilities.
//
//go:embed testdata/axe/axe.min.js
var axe string

func TestAxeIsUnchanged(t *testing.T) {
	sum := sha256.Sum256([]byte(axe))
	note, err := os.ReadFile("testdata/axe/VENDOR.md")
	if err != nil || !strings.Contains(string(note), hex.EncodeToString(sum[:])) {
		t.Errorf("VENDOR.md does not have the checksum %x, %v", sum, err)
	}
}

// inspect looks at what the tab shows on every kind of screen: nothing is a
// barrier, nothing is pushed aside, nothing is too small to be hit. In the dark only colours
// differ.
func (t *tab) inspect(name string) {
	t.Helper()
	for _, look := range []screen{desk, phone} {
		look = look.preferring("prefers-reduced-motion", "reduce") // colours change at once
		t.look(look)
		t.barriers(name)
		t.shoot(name)
		t.look(look.dark())
		t.faint(name)
		t.shoot(name)
		t.measure(name)
	}
	t.look(desk)
	t.settle()
}

// barriers fails the test for all that axe finds.
func (t *tab) barriers(name string) {
	t.Helper()
	t.axe(name, `{
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
		rules: { 'target-size': { enabled: !document.querySelector('details.menu[open]') } }, // an open menu covers what is under it
	}`)
}

// faint fails the test for all that axe finds hard to read.
func (t *tab) faint(name string) {
	t.Helper()
	t.axe(name, `{ runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } }`)
}

// axe fails the test for all that axe finds with these options.
func (t *tab) axe(name, options string) {
	t.Helper()
	if !eval[bool](t, "!!window.axe") {
		if err := chromedp.Do(t.ctx, chromedp.Evaluate[chromedp.Void](axe)); err != nil {
			t.Fatal(err)
		}
	}
	found, err := chromedp.Run(t.ctx, chromedp.Evaluate[[]string](`axe.run(document, { resultTypes: ['violations'], ...`+options+` }).then(({ violations }) => violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.html.slice(0, 200) + ' ' + n.failureSummary)))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("axe on %s: %v", name, err)
	}
	for _, barrier := range found {
		t.Errorf("%s, %s: %s", name, t.screen, barrier)
	}
}

// measure fails the test where the page can be pushed sideways, something sticks
// out of its box or of the screen, or something to be hit is too small. What
// stands within a sentence may be as small as its letters.
func (t *tab) measure(name string) {
	t.Helper()
	least := 24
	if t.screen.touch {
		least = 44
	}
	found := eval[[]string](t, fmt.Sprintf(`(() => {
		const clipped = (e) => e && e.tagName !== 'MAIN' && (getComputedStyle(e).overflowX !== 'visible' || clipped(e.parentElement));
		const found = [], name = (e) => e.tagName.toLowerCase() + ' “' + words(e).slice(0, 60) + '”';
		if (document.documentElement.scrollWidth > innerWidth) found.push('the page is ' + document.documentElement.scrollWidth + ' wide');
		for (const e of all('main *')) {
			const { left, right, width } = e.getBoundingClientRect();
			if (width > 2 && !e.closest('.hide') && (right > innerWidth + 1 || left < -1) && !clipped(e.parentElement)) found.push(name(e) + ' sticks out to ' + Math.round(right));
		}
		for (const e of all('a[href], button, summary, input:not([type=hidden]), textarea, select')) {
			if (e.closest('.skip, .hide, [aria-hidden="true"]')) continue;
			if (e.tagName === 'A' && getComputedStyle(e).display === 'inline' && e.closest('p')) continue;
			const { width, height } = (e.matches('[type=radio], [type=checkbox]') ? e.closest('label') : e).getBoundingClientRect();
			if (width <  %[1]d - .5 || height < %[1]d - .5) found.push(name(e) + ' is ' + Math.round(width) + '×' + Math.round(height));
		}
		return found;
	})()`, least))
	for _, fault := range found {
		t.Errorf("%s, %s: %s", name, t.screen, fault)
	}
}
