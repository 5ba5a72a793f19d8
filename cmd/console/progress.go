package main

import (
	"fmt"
	"io"
	"strings"
)

// progressBar shows how far a long command is: a bar that moves on a terminal,
// and a line for each tenth elsewhere.
type progressBar struct {
	out      io.Writer
	terminal bool
	totals   map[string]int // by step

	step  string
	shown int // percent
}

// show says that a step is done so far. It prints only what one would notice.
func (b *progressBar) show(step string, done int) {
	percent := 100
	if total := b.totals[step]; total > 0 {
		percent = done * 100 / total
	}
	if step != b.step {
		b.end()
		b.step, b.shown = step, -1
	}
	if percent == b.shown || !b.terminal && percent/10 == b.shown/10 && b.shown >= 0 {
		return
	}
	b.shown = percent
	if !b.terminal {
		fmt.Fprintf(b.out, "%s: %d %%\n", step, percent)
		return
	}
	const width = 40
	full := percent * width / 100
	fmt.Fprintf(b.out, "\r%-10s %s%s %3d %%", step, strings.Repeat("█", full), strings.Repeat("░", width-full), percent)
}

// end leaves the bar as it stands and goes on below it.
func (b *progressBar) end() {
	if b.terminal && b.step != "" {
		fmt.Fprintln(b.out)
	}
	b.step = ""
}
