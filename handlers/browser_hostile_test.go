package handlers_test

import (
	"fmt"
	"strings"
	"testing"
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
	for part := range 2 {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			v := newTown(t, groups, people)
			a := v.in(phone)
			for i, scene := range scenes {
				if i%2 == part {
					scene.show(a, v)
					a.measure(scene.name)
					a.shoot("hostile " + scene.name)
					a.untouched(scene.name)
				}
			}
			for _, size := range []string{"/groups?status=all&limit=100", "/contacts?limit=100"} {
				a.visit(size)
				a.measure(size)
				a.shoot("hostile all " + size)
				a.untouched(size)
			}
		})
	}
}

// untouched fails the test where a name has been taken for more than a name.
func (t *tab) untouched(name string) {
	t.Helper()
	if eval[bool](t, "'__pwned' in window || !!document.querySelector('main :is(script, iframe, style, base, img:not([alt]), [onerror], [onload], [onfocus], [onmouseover], [srcdoc])')") {
		t.Errorf("%s, %s: a name became part of the page", name, t.screen)
	}
	t.settle()
}
