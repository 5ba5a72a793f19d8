package handlers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models/modelstest"
)

// pwn is what no page may ever run.
const pwn = "window.__pwned=1"

// hostile are names that people do not have, but programs and pranksters make.
var hostile = []string{
	`<script>` + pwn + `</script>`, `"><script>` + pwn + `</script>`, `'><img src=x onerror=` + pwn + `>`, `<svg/onload=` + pwn + `>`,
	`</title><script>` + pwn + `</script>`, `</textarea><script>` + pwn + `</script>`, `<!--<script>` + pwn + `</script>-->`, `javascript:` + pwn,
	`" onfocus="` + pwn + `" autofocus="`, `' onmouseover='` + pwn, "`${" + pwn + "}`", `{{constructor.constructor("` + pwn + `")()}}`,
	`<iframe srcdoc="<script>parent.__pwned=1</script>">`, `<a href="javascript:` + pwn + `">click</a>`, `<form action=//evil.example><button>`, `<base href=//evil.example>`,
	`<meta http-equiv=refresh content=0>`, `<style>*{display:none}</style>`, `<link rel=stylesheet href=//evil.example>`, `&lt;b&gt; &amp; &quot;`,
	`Robert'); DROP TABLE groups;--`, `100% _ \ %s %d %00`, `../../etc/passwd`, `=HYPERLINK("//evil.example")`,
	"right\u202eto left\u202c", "\u202eno way back", "\u2067isolated", "שלום עולם", "مرحبا بالعالم", "क्षत्रिय देवनागरी",
	"👩‍👩‍👧‍👦🏳️‍🌈👍🏿", "Z̷̡̛͔͙̬͈a̵͍̐l̷̤̈́g̸̳̑o̶̦͛ " + strings.Repeat("a\u0300\u0301\u0302\u0303\u0304\u0305", 12), "zero\u200bwidth\u200djoiners\ufeff", "ﷺ﷽", "ｆｕｌｌｗｉｄｔｈ", "𝕸𝖆𝖙𝖍",
	"\u00ad\u00adsoft\u00adhyphens", "null undefined NaN true", strings.Repeat("word ", 50) + "end", strings.Repeat("W", 255),
}

// TestHostileNames puts hostile and longest values on every page, on a phone: none
// of them runs, and none pushes a page aside.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	needChromium(t)
	var groups, people [][2]string
	for i, name := range hostile {
		groups = append(groups, [2]string{name, strings.Repeat(name, 2)})
		people = append(people, [2]string{fmt.Sprintf("somebody%d", i), name})
	}
	long := [2]string{strings.Repeat("W", 255), strings.Repeat("w", 10_000)}
	groups = append(append([][2]string{long}, groups...), long)
	people = append([][2]string{{strings.Repeat("u", 64), strings.Repeat("W", 255)}}, people...)
	whole := []scene{{"all groups", address("/groups?status=all&limit=100")}, {"all contacts", address("/contacts?limit=100")}}
	inParts(t, 4, append(whole, scenes...), func(t *testing.T, scenes []scene) {
		v := newTown(t, groups, people)
		a := v.in(phone)
		for _, scene := range scenes {
			scene.show(a, v)
			a.measure(scene.name)
			a.shoot("hostile " + scene.name)
			a.untouched(scene.name)
		}
	})
}

// turning are names that run from right to left, or would make what follows them do so.
var turning = []string{"\u202egnp.exe\u2069\u202e", "שלום עולם 12", "\u2067\u2067isolated", "مرحبا بالعالم (3)", "one\u2029two\u202a"}

// TestNamesTurnNothing puts such names on every page: each is set apart from what stands around it,
// and none holds what would end that.
func TestNamesTurnNothing(t *testing.T) {
	t.Parallel()
	needChromium(t)
	var groups, people [][2]string
	for i := range 16 {
		name := turning[i%len(turning)]
		groups = append(groups, [2]string{name, "About " + name})
		people = append(people, [2]string{fmt.Sprintf("somebody%d", i), name})
	}
	user := func(path string) func(*tab, *town) {
		return func(a *tab, v *town) {
			modelstest.Exec(a.T, v.store, "UPDATE users SET name = 'Anna "+turning[0]+turning[1]+"'")
			a.visit(strings.ReplaceAll(path, "{id}", v.by.UserID))
		}
	}
	all := append(slices.Clone(scenes), scene{"search", address("/groups?q=%E2%80%AE%D7%A9%D7%9C%D7%95%D7%9D&status=all")}, scene{"groups", address("/groups?status=all")},
		scene{"user", user("/people/{id}")}, scene{"users", user("/people")}, scene{"activity of a user", user("/activity")}, scene{"profile of a user", user("/profile")},
		scene{"tokens of a user", user("/settings/tokens")}, scene{"role of a user", user("/people/{id}/role")})
	inParts(t, 4, all, func(t *testing.T, scenes []scene) {
		v := newTown(t, groups, people)
		modelstest.Exec(t, v.store, "UPDATE tokens SET name = '"+turning[0]+turning[3]+"'")
		a := v.in(desk)
		for _, scene := range scenes {
			scene.show(a, v)
			if turned := eval[[]string](a, turns); len(turned) > 0 {
				t.Errorf("%s: %q", scene.name, turned)
			}
			a.shoot("turning " + scene.name)
		}
	})
}

// turns are the texts of a page in which a name is not set apart.
const turns = `(() => {
	const controls = /[\u202a-\u202e\u2066\u2067]/, rightToLeft = /[\u0590-\u08ff]/, found = [];
	const outside = (text) => { // of isolates; all of it where they are not closed
		let depth = 0, rest = '';
		for (const c of text) {
			if (c === '\u2068') depth++;
			else if (c === '\u2069') { if (--depth < 0) return text + ' \u05d0'; }
			else if (!depth) rest += c;
		}
		return depth ? text + ' \u05d0' : rest;
	};
	const check = (text, apart, whole) => {
		if (!whole && controls.test(text) || !apart && rightToLeft.test(outside(text))) found.push(text);
	};
	check(document.title);
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const parent = texts.currentNode.parentElement;
		check(texts.currentNode.data, parent.closest('bdi, [dir="auto"], .avatar'), parent.closest('p[dir="auto"], textarea'));
	}
	for (const e of document.querySelectorAll('*')) {
		for (const name of ['title', 'aria-label', 'alt', 'placeholder', 'data-say', 'data-title', 'data-announce', 'data-name']) check(e.getAttribute(name) ?? '');
		if (e.matches('input:not([type="hidden"], [type="radio"], [type="checkbox"]), textarea') && rightToLeft.test(e.value) && e.dir !== 'auto') found.push(e.outerHTML);
	}
	return found;
})()`

// untouched fails the test where a name has been taken for more than a name.
func (t *tab) untouched(name string) {
	t.Helper()
	if eval[bool](t, "'__pwned' in window || !!document.querySelector('main :is(script, iframe, style, base, img:not([alt]), [onerror], [onload], [onfocus], [onmouseover], [srcdoc])')") {
		t.Errorf("%s, %s: a name became part of the page", name, t.screen)
	}
	t.settle()
}
