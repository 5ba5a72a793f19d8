package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

func (c *command) passwordFlag() *bool {
	return c.flags.Bool("password-stdin", false, "read the password from standard input instead of prompting")
}

// password prompts twice for a new password without echo, or reads a line from standard input.
func (c *command) password(ctx context.Context, fromStdin bool) (string, error) {
	if fromStdin {
		line, err := bufio.NewReader(c.stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("can't read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	terminal, ok := c.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return "", misusef("no terminal to prompt for the password; pass it on standard input with -password-stdin")
	}
	first, err := c.ask(ctx, terminal, "New password: ")
	if err != nil {
		return "", err
	}
	again, err := c.ask(ctx, terminal, "Confirm password: ")
	if err == nil && first != again {
		err = errors.New("the passwords don't match")
	}
	return first, err
}

// ask reads an answer from the terminal without echo, and restores the echo if the command is
// interrupted meanwhile.
func (c *command) ask(ctx context.Context, terminal *os.File, prompt string) (string, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	fmt.Fprint(c.stderr, prompt)
	go func() {
		text, err := term.ReadPassword(fd)
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		fmt.Fprintln(c.stderr)
		return string(a.text), a.err
	case <-ctx.Done():
		fmt.Fprintln(c.stderr)
		return "", errors.Join(errors.New("interrupted; nothing was changed"), term.Restore(fd, before))
	}
}
