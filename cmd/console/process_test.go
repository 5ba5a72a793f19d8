package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"protocol.chat/console/models/modelstest"
)

// asProgram has the test's binary be the program itself: what signals and closed
// pipes do to it shows in a process of its own only.
const asProgram = "CONSOLE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is a console in a process of its own.
type process struct {
	*exec.Cmd
	url string
}

// startProcess starts serve, with what it logs going to log.
func startProcess(t *testing.T, database string, log io.Writer, wrap ...string) process {
	t.Helper()
	p := newProcess(t, database, log, wrap, "-listen", "127.0.0.1:0")
	p.start(t)
	return p
}

// newProcess is startProcess with flags of its own, and before the start.
func newProcess(t *testing.T, database string, log io.Writer, wrap []string, flags ...string) process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	line := append(wrap, append([]string{program, "serve", "-database", database}, flags...)...)
	p := process{Cmd: exec.CommandContext(t.Context(), line[0], line[1:]...)}
	p.Env = append(os.Environ(), asProgram+"=1", keyVariable+"="+strings.ReplaceAll(modelstest.Keys.Text(), "\n", " "))
	p.Stderr, p.Dir = log, t.TempDir() // where data/ would be
	return p
}

// start starts the process, and returns when it said where it is.
func (p *process) start(t *testing.T) {
	t.Helper()
	said, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	first, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatalf("it says nothing: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	_, p.url, _ = strings.Cut(strings.TrimSpace(first), ": ")
}

// logged is what a process logs, as far as it has come.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until the log has the words.
func (l *logged) await(t *testing.T, words string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(l.String(), words); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the log lacks %q: %s", words, l)
		}
	}
}

func TestSignalsEndInOrder(t *testing.T) {
	for name, signals := range map[string][]syscall.Signal{
		"terminate": {syscall.SIGTERM}, "interrupt": {syscall.SIGINT}, "hang up": {syscall.SIGHUP}, "hang up twice": {syscall.SIGHUP, syscall.SIGHUP},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log logged
			p := startProcess(t, "sqlite:"+filepath.Join(t.TempDir(), "console.db"), &log)
			log.await(t, "msg=started")
			for _, signal := range signals {
				if err := p.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				log.await(t, "msg=stopping")
			}
			if err := p.Wait(); err != nil {
				t.Errorf("it ends with %v: %s", err, &log)
			}
			log.await(t, "msg=stopped")
		})
	}
}

func TestNohupKeepsItAlive(t *testing.T) {
	var log logged
	p := startProcess(t, "sqlite:"+filepath.Join(t.TempDir(), "console.db"), &log, "nohup")
	log.await(t, "msg=started")
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if status := get(t, http.DefaultClient, p.url+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil || strings.Count(log.String(), "msg=stopping") != 1 {
		t.Errorf("it ends with %v: %s", err, &log)
	}
}

func TestAClosedLogStopsNothing(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, "sqlite:"+filepath.Join(t.TempDir(), "console.db"), writer)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(reader).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if status := get(t, http.DefaultClient, p.url+"/readyz"); status != http.StatusOK {
			t.Errorf("/readyz answers %d", status)
		}
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// TestTheLogTellsOfTheDatabase from the first line, which has no password in it, to the last.
func TestTheLogTellsOfTheDatabase(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		var log logged
		engine, address := "SQLite 3.", database
		if strings.HasPrefix(database, "postgres:") {
			engine, address = "PostgreSQL 1", "database=postgres://"
			database = strings.Replace(database, "console@", "console:s3cret-pass@", 1)
		}
		p := startProcess(t, database, &log)
		log.await(t, "msg=started version=")
		for _, words := range []string{"engine=\"" + engine, address, "listen=127.0.0.1:"} {
			if !strings.Contains(log.String(), words) {
				t.Errorf("the log lacks %q: %s", words, &log)
			}
		}
		if file, ok := strings.CutPrefix(database, "sqlite:"); ok {
			if err := os.Rename(file, file+".away"); err != nil {
				t.Fatal(err)
			}
			log.await(t, `msg="the database does not work" reason=gone`)
			if status := get(t, http.DefaultClient, p.url+"/readyz"); status != http.StatusServiceUnavailable {
				t.Errorf("/readyz answers %d", status)
			}
			if err := os.Rename(file+".away", file); err != nil {
				t.Fatal(err)
			}
			log.await(t, `msg="the database works again" was=gone`)
		}
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		log.await(t, "msg=stopping")
		if status := get(t, http.DefaultClient, p.url+"/readyz"); status != http.StatusServiceUnavailable {
			t.Errorf("/readyz answers %d while it stops", status)
		}
		if err := p.Wait(); err != nil || strings.Contains(log.String(), "s3cret") {
			t.Errorf("it ends with %v: %s", err, &log)
		}
	})
}
