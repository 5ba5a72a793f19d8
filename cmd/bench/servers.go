package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// server is a program under measurement, in a process of its own.
type server struct {
	name, address string
	pid           int
	token, cookie string
	started       time.Duration // from exec to the first response

	shell *exec.Cmd
	leash io.WriteCloser
}

// keeper ties a program to the pipe that is its standard input. However the bench ends, the
// pipe closes, and the keeper stops the program.
const keeper = `
"$@" </dev/null &
echo $!
read -r _
kill $!
wait
`

// start runs a program that prints where it listens, and waits until it responds. Its log
// goes to a file, as in production.
func start(ctx context.Context, logFile string, program string, args ...string) (*server, error) {
	log, err := os.Create(logFile)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s := &server{name: filepath.Base(program)}
	s.shell = exec.Command("/bin/sh", append([]string{"-c", keeper, "sh", program}, args...)...)
	s.shell.Stderr = log
	s.shell.WaitDelay = 10 * time.Second
	if s.leash, err = s.shell.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.shell.StdoutPipe()
	if err != nil {
		return nil, err
	}
	from := time.Now()
	if err := s.shell.Start(); err != nil {
		return nil, err
	}
	if err = s.readStart(out); err == nil {
		err = s.await(ctx)
	}
	if err != nil {
		logged, _ := os.ReadFile(logFile)
		return nil, errors.Join(fmt.Errorf("start %s: %w\n%s", s.name, err, logged), s.stop())
	}
	s.started = time.Since(from)
	return s, nil
}

// readStart reads the process id and the address, in whichever order they come.
func (s *server) readStart(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for s.pid == 0 || s.address == "" {
		if !lines.Scan() {
			return errors.New("it ended")
		}
		if pid, err := strconv.Atoi(lines.Text()); err == nil {
			s.pid = pid
		} else if _, address, ok := strings.Cut(lines.Text(), ": http://"); ok && s.address == "" {
			s.address = address
			if host, port, _ := net.SplitHostPort(address); host == "localhost" {
				s.address = "127.0.0.1:" + port
			}
		}
	}
	return nil
}

func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		_, err := s.ask(get("/healthz"))
		if err == nil {
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

func (s *server) stop() error {
	if s == nil {
		return nil
	}
	_ = s.leash.Close()
	err := s.shell.Wait()
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		return nil // by the signal
	}
	return err
}

// starts is how often the console is started to measure how long that takes.
const starts = 5

// startConsole starts the console several times and keeps the last one, with the
// median of the times.
func (b *bench) startConsole(ctx context.Context, database string) (*server, error) {
	var took []time.Duration
	mark := filepath.Join(b.data, "console.mark") // of the copy before, which went further
	if err := os.RemoveAll(mark); err != nil {
		return nil, err
	}
	for {
		s, err := start(ctx, filepath.Join(b.data, "console.log"), b.console, "serve", "-listen", "127.0.0.1:0", "-database", database, "-rate-limit", "0", "-mark-file", mark)
		if err != nil {
			return nil, err
		}
		took = append(took, s.started)
		if len(took) == starts {
			slices.Sort(took)
			s.started = took[starts/2]
			return s, nil
		}
		if err := s.stop(); err != nil {
			return nil, err
		}
	}
}

func (b *bench) startBaseline(ctx context.Context, database string) (*server, error) {
	return start(ctx, filepath.Join(b.data, "baseline.log"), b.baseline, "-database", database)
}

// The owner that the bench makes, in copies that no one else sees.
const (
	email    = "bench@example.com"
	password = "only for measuring things"
	scopes   = "groups.read,groups.edit,groups.archive,groups.delete,members.edit,contacts.read,data.export"
)

// makeToken makes an owner and a token of theirs.
func (b *bench) makeToken(ctx context.Context, database string) (string, error) {
	_, err := b.run(ctx, password+"\n", "user", "create", "-email", email, "-name", "Bench", "-password-stdin", "-database", database)
	if err != nil {
		return "", err
	}
	token, err := b.run(ctx, "", "token", "create", "-name", "Bench", "-scopes", scopes, "-database", database)
	return strings.TrimSpace(token), err
}

// run runs a command of the console and returns its output.
func (b *bench) run(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, b.console, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("console %s: %w\n%s", args[0], err, stderr.Bytes())
	}
	return string(out), nil
}

// signIn signs the owner in by the form.
func (s *server) signIn() error {
	form := url.Values{"email": {email}, "password": {password}, "remember": {"on"}}
	a, err := s.ask(call{method: "POST", path: "/login", body: form.Encode()})
	if err == nil && a.cookie == "" {
		err = errors.New("signing in gave no cookie")
	}
	s.cookie = a.cookie
	return err
}
