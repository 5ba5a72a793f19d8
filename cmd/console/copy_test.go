package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"protocol.chat/console/models/modelstest"
)

func TestCopyAndBack(t *testing.T) {
	source := modelstest.URL(t, modelstest.SQLite)
	manyGroups(t, modelstest.OpenURL(t, source), 3)
	there, back := modelstest.EmptyURL(t, modelstest.Postgres), modelstest.EmptyURL(t, modelstest.SQLite)
	for _, addresses := range [][2]string{{source, there}, {there, back}} {
		said := mustRun(t, source, "", "copy", "-from", addresses[0], "-to", addresses[1])
		for _, want := range []string{"Copied 3 groups, 0 contacts and 0 messages from ", ", and compared every row", "Activity log verified: ", "give the console that opens it CONSOLE_KEY"} {
			if !strings.Contains(said, want) {
				t.Errorf("copy says %q, want %q", said, want)
			}
		}
		if r := console(t, source, "", "copy", "-from", addresses[0], "-to", addresses[1]); r.code != 1 || !strings.Contains(r.stderr, "there is a database already") {
			t.Errorf("a second copy: exit %d, %q", r.code, r.stderr)
		}
	}
	if said := mustRun(t, back, "", "audit", "verify"); !strings.Contains(said, "Activity log verified") {
		t.Errorf("the log that came back: %q", said)
	}
}

// TestAKilledCopyGoesOn kills the program after it has written something.
func TestAKilledCopyGoesOn(t *testing.T) {
	source, target := modelstest.URL(t, modelstest.SQLite), modelstest.EmptyURL(t, modelstest.Postgres)
	manyGroups(t, modelstest.OpenURL(t, source), 30_000)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	killed := exec.CommandContext(t.Context(), program, "copy", "-from", source, "-to", target)
	killed.Env, killed.Dir = append(os.Environ(), asProgram+"=1"), t.TempDir()
	said, err := killed.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	first, err := bufio.NewReader(said).ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "rows ") {
		t.Errorf("it says %q, %v", first, err)
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	if r := console(t, target, "", "migrate"); r.code != 1 || !strings.Contains(r.stderr, "unfinished copy of another: run console copy again") {
		t.Errorf("a console that opens it: exit %d, %q", r.code, r.stderr)
	}
	again := mustRun(t, source, "", "copy", "-from", source, "-to", target)
	if !strings.Contains(again, "Went on with an unfinished copy: ") || !strings.Contains(again, "Copied 30000 groups") {
		t.Errorf("the second run says %q", again)
	}
	if said := mustRun(t, target, "", "audit", "verify"); !strings.Contains(said, "Activity log verified") {
		t.Errorf("the copied log: %q", said)
	}
}

func TestWrongCopies(t *testing.T) {
	missing := "sqlite:" + filepath.Join(t.TempDir(), "none.db")
	for args, says := range map[string]string{
		"copy": "-from and -to must name two databases",
		"copy -from " + missing + " -to " + missing: "-from and -to must name two databases",
		"copy -from " + missing + " -to sqlite:x":   "there is no database to copy",
		"copy -from " + missing + " -to x extra":    "wrong number of arguments",
	} {
		if r := console(t, missing, "", strings.Fields(args)...); r.code == 0 || !strings.Contains(r.stderr, says) {
			t.Errorf("console %s: exit %d, %q, want %q", args, r.code, r.stderr, says)
		}
	}
}
