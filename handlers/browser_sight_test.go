package handlers_test

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"protocol.chat/console/models/modelstest"
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

// inspect looks at what the tab shows on a desk and on a phone: nothing is a barrier, nothing is
// pushed aside, nothing is too small to be hit, every text can be read, also in the dark. What only
// differs in what a plain page shows is measured on the phone alone: there it has the same colours.
func (t *tab) inspect(name string) {
	t.Helper()
	for _, look := range []screen{desk, phone} {
		look = look.preferring("prefers-reduced-motion", "reduce") // colours change at once
		t.look(look)
		t.shoot(name)
		if look.touch && !plain(name) {
			t.measure(name)
			continue
		}
		t.barriers(name)
		t.contrasts(name)
		t.look(look.dark())
		t.shoot(name)
		t.contrasts(name)
		t.measure(name)
	}
	t.look(desk)
	t.settle()
}

// barriers fails the test for all that axe finds. What costs axe most, it looks at on plain pages
// on a desk alone: contrasts sees all colours, also in the dark, and measure asks for larger
// targets.
func (t *tab) barriers(name string) {
	t.Helper()
	t.needAxe()
	found, err := chromedp.Run(t.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(`axe.run(document, {
		preload: false, // no rule of these needs the styles
		resultTypes: ['violations'],
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
		rules: {
			'color-contrast': { enabled: %[1]t },
			'target-size': { enabled: %[1]t && !document.querySelector('details.menu[open], :popover-open') }, // an open menu covers what is under it
		},
	}).then(({ violations }) => violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.html.slice(0, 200) + ' ' + n.failureSummary)))`, !t.screen.touch && plain(name)), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("axe on %s: %v", name, err)
	}
	for _, barrier := range found {
		t.Errorf("%s, %s: %s", name, t.screen, barrier)
	}
}

// plain reports whether a scene is the plain page of its subject, whose name has one word; nightly
// every one counts as such.
func plain(name string) bool {
	return !strings.Contains(name, " ") || modelstest.Rounds(0, 1) > 0
}

// needAxe has axe in the page, and in those that the tab goes to next.
func (t *tab) needAxe() {
	t.Helper()
	if !t.axe {
		t.axe = true
		call(t, cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: axe})
	}
	if !eval[bool](t, "!!window.axe") {
		t.do(chromedp.Evaluate[chromedp.Void](axe))
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
		for (const e of all('a[href], button, summary, input:not([type=hidden]), textarea, select, [role=option], [tabindex="0"]')) {
			if (e.closest('.skip, .hide, [aria-hidden="true"]')) continue;
			if (e.tagName === 'A' && getComputedStyle(e).display === 'inline' && e.closest('p')) continue;
			const { width, height } = (e.closest('[type=radio], [type=checkbox], [data-row] .name > a')?.closest('label, tr') ?? e).getBoundingClientRect(); // a row's link is as large as the row
			if (width <  %[1]d - .5 || height < %[1]d - .5) found.push(name(e) + ' is ' + Math.round(width) + '×' + Math.round(height));
		}
		return found;
	})()`, least))
	for _, fault := range found {
		t.Errorf("%s, %s: %s", name, t.screen, fault)
	}
}

// contrasts fails the test for text that is hard to read on what is behind it. axe knows more
// ways for a text to be on something, and looks at the same page in the light.
func (t *tab) contrasts(name string) {
	t.Helper()
	for _, fault := range eval[[]string](t, faint) {
		t.Errorf("%s, %s: %s", name, t.screen, fault)
	}
}

// faint are the texts of a page whose contrast is less than WCAG's AA asks for.
const faint = `(() => {
	const paint = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true }), known = new Map();
	const rgba = (color) => {
		if (!known.has(color)) {
			paint.clearRect(0, 0, 1, 1);
			paint.fillStyle = color;
			paint.fillRect(0, 0, 1, 1);
			const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
			known.set(color, [r, g, b, a / 255]);
		}
		return known.get(color);
	};
	const over = (top, under, opacity = 1) => [0, 1, 2].map((i) => under[i] + (top[i] - under[i]) * top[3] * opacity);
	const behind = (e) => { // nothing where there is a picture
		if (!e) return [255, 255, 255];
		const { backgroundColor, backgroundImage } = getComputedStyle(e), own = rgba(backgroundColor);
		if (backgroundImage !== 'none') return;
		if (own[3] === 1) return own;
		const under = behind(e.parentElement);
		return under && over(own, under);
	};
	const opacity = (e) => e ? getComputedStyle(e).opacity * opacity(e.parentElement) : 1;
	const luminance = (color) => color.slice(0, 3).map((c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
	const has = (e) => e.matches('input:not([type=hidden], [type=radio], [type=checkbox]), textarea') ? e.value || e.placeholder : [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
	return all('body *:not(svg *, script, option, :disabled, [aria-disabled="true"], .hide, .hide *)').filter(has).flatMap((e) => {
		const style = getComputedStyle(e), under = behind(e);
		if (!under) return [];
		const [a, b] = [luminance(over(rgba(style.color), under, opacity(e))), luminance(under)].sort((a, b) => b - a), ratio = (a + .05) / (b + .05);
		const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		return ratio < (large ? 3 : 4.5) ? [ratio.toFixed(2) + ' is the contrast of ' + e.outerHTML.slice(0, 120)] : [];
	});
})()`
