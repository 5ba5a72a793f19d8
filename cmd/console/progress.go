package main

import (
	"fmt"
	"io"
	"strings"
)

// progressBar shows the progress of a long command: as a bar on a terminal, elsewhere as a line
// for every 10 %.
type progressBar struct {
	out      io.Writer
	terminal bool
	totals   map[string]int // by step

	step  string
	shown int // percent
}

// show reports a step's progress; it prints only visible changes.
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

// end ends the line of the bar.
func (b *progressBar) end() {
	if b.terminal && b.step != "" {
		fmt.Fprintln(b.out)
	}
	b.step = ""
}
