package main

import (
	"path/filepath"
	"strings"
	"testing"

	"protocol.chat/console/models/modelstest"
)

// TestCommandsThatReadWorkOnAStandby checks that the others say what is wrong.
func TestCommandsThatReadWorkOnAStandby(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	at := cluster.URL()
	mustRun(t, at, password, "user", "create", "-email", "ada@example.com", "-name", "Ada", "-role", "owner", "-password-stdin")
	if r := console(t, at, "", "doctor", "-database-read", at); r.code != 1 || !strings.Contains(r.stdout, "isn't read: it is a primary itself") {
		t.Errorf("a primary as replica: exit %d, %s%s", r.code, r.stdout, r.stderr)
	}
	if err := cluster.Stop(); err != nil {
		t.Log(err) // ended at once, as it should be
	}
	if err := cluster.Follow(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	for line, says := range map[string]string{
		"user list": "ada@example.com", "token list": "CREATED", "job list": "PROGRESS", "audit verify": "tail",
		"backup -": "\x28\xb5\x2f\xfd", // as zstd begins
	} {
		if r := console(t, at, "", strings.Fields(line)...); r.code != 0 || !strings.Contains(r.stdout, says) {
			t.Errorf("%s: exit %d, %.200s, %s", line, r.code, r.stdout, r.stderr)
		}
	}
	mustRun(t, at, "", "copy", "-from", at, "-to", "sqlite:"+filepath.Join(t.TempDir(), "copy.db"))
	for _, line := range []string{"serve -listen 127.0.0.1:0", "migrate", "user disable -email ada@example.com", "doctor"} {
		r := console(t, at, "", strings.Fields(line)...)
		if r.code != 1 || !strings.Contains(r.stderr+r.stdout, "the server is a standby, which only reads: give the address of the primary") {
			t.Errorf("%s: exit %d, %s%s", line, r.code, r.stdout, r.stderr)
		}
	}
}
