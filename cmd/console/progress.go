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
	percent, line := 0, step+" …"
	if total := b.totals[step]; total > 0 {
		percent = done * 100 / total
		line = b.bar(step, percent)
	}
	switch {
	case step != b.step:
		b.end()
	case percent == b.shown, !b.terminal && percent/10 == b.shown/10:
		return
	}
	b.step, b.shown = step, percent
	if b.terminal {
		fmt.Fprint(b.out, "\r"+line)
		return
	}
	fmt.Fprintln(b.out, line)
}

func (b *progressBar) bar(step string, percent int) string {
	if !b.terminal {
		return fmt.Sprintf("%s %d %%", step, percent)
	}
	const width = 40
	full := percent * width / 100
	return fmt.Sprintf("%-10s %s%s %3d %%", step, strings.Repeat("█", full), strings.Repeat("░", width-full), percent)
}

// end leaves the bar as it stands and goes on below it.
func (b *progressBar) end() {
	if b.terminal && b.step != "" {
		fmt.Fprintln(b.out)
	}
	b.step = ""
}
