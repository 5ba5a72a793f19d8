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

// turning are names that run from right to left, or would make what follows them do so.
var turning = []string{"\u202egnp.exe\u2069\u202e", "שלום עולם 12", "\u2067\u2067isolated", "مرحبا بالعالم (3)", "one\u2029two\u202a"}

// TestHostileNames puts hostile, turning and longest values on every page, on a phone: none of
// them runs, none pushes a page aside, and each is set apart from what stands around it.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	needChromium(t)
	var groups, people [][2]string
	for i, name := range hostile {
		name = turned(name, turning[(i+1)%len(turning)])
		groups = append(groups, [2]string{name, strings.Repeat(name, 2)})
		people = append(people, [2]string{fmt.Sprintf("somebody%d", i), name})
	}
	widest := turned(strings.Repeat("W", 255), turning[0])
	long := [2]string{widest, strings.Repeat("w", 10_000)}
	groups = append(append([][2]string{long}, groups...), long)
	people = append([][2]string{{strings.Repeat("u", 64), widest}}, people...)
	whole := []scene{{"all groups", address("/groups?status=all&limit=100")}, {"all contacts", address("/contacts?limit=100")}}
	inParts(t, 4, slices.Concat(whole, scenes, turningScenes), func(t *testing.T, scenes []scene) {
		v := newTown(t, groups, people)
		modelstest.Exec(t, v.store, "UPDATE tokens SET name = '"+turning[0]+turning[3]+"'")
		a := v.in(phone)
		for _, scene := range scenes {
			scene.show(a, v)
			a.measure(scene.name)
			a.shoot("hostile " + scene.name)
			a.untouched(scene.name)
		}
	})
}

// turned ends a name with another, and is as long as names may be.
func turned(name, end string) string {
	letters, room := []rune(name), 255-len([]rune(end))
	return string(letters[:min(len(letters), room)]) + end
}

// turningScenes are those of a user whose name turns.
var turningScenes = []scene{
	{"search for a turning name", address("/groups?q=%E2%80%AE%D7%A9%D7%9C%D7%95%D7%9D&status=all")},
	{"turning user", turningUser("/users/{id}")},
	{"turning users", turningUser("/users")},
	{"activity of a turning user", turningUser("/activity")},
	{"profile of a turning user", turningUser("/profile")},
	{"tokens of a turning user", turningUser("/settings/tokens")},
	{"role of a turning user", turningUser("/users/{id}/role")},
}

func turningUser(path string) func(*tab, *town) {
	return func(a *tab, v *town) {
		modelstest.Exec(a.T, v.store, "UPDATE users SET name = 'Anna "+turning[0]+turning[1]+"'")
		a.visit(strings.ReplaceAll(path, "{id}", v.by.UserID))
	}
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
		check(texts.currentNode.data, parent.closest('bdi, [dir="auto"], .avatar'), parent.closest('p[dir="auto"], pre[dir="auto"], textarea'));
	}
	for (const e of document.querySelectorAll('*')) {
		for (const name of ['title', 'aria-label', 'alt', 'placeholder', 'data-say', 'data-title', 'data-announce', 'data-name']) check(e.getAttribute(name) ?? '');
		if (e.matches('input:not([type="hidden"], [type="radio"], [type="checkbox"]), textarea') && rightToLeft.test(e.value) && e.dir !== 'auto') found.push(e.outerHTML);
	}
	return found;
})()`

// untouched fails the test where a name has been taken for more than a name, or is not set apart.
func (t *tab) untouched(name string) {
	t.Helper()
	if eval[bool](t, "'__pwned' in window || !!document.querySelector('main :is(script, iframe, style, base, img:not([alt]), [onerror], [onload], [onfocus], [onmouseover], [srcdoc])')") {
		t.Errorf("%s, %s: a name became part of the page", name, t.screen)
	}
	if turned := eval[[]string](t, turns); len(turned) > 0 {
		t.Errorf("%s, %s: not set apart: %q", name, t.screen, turned)
	}
	t.settle()
}
