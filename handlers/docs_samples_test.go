package handlers_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// TestGuides runs the calls of the guides as they are printed, but for the address of the console and
// the IDs and ETags of the examples.
func TestGuides(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"curl", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			modelstest.LeaveOut(t, program+" is not installed")
		}
	}
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	_, secret, err := s.store.Identity.Tokens.CreateToken(s.Context(), s.by, identity.NewToken{Name: "Guides", Scopes: append(access.WriteScopes(), access.Export)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "groups.csv"), "name\nRitz\n")
	ran := 0
	for _, topic := range []string{"start", "authentication", "requests", "pagination", "filtering", "idempotency", "conditional", "batches", "bulk", "files", "events"} {
		s.get("/docs/" + topic).wants(200).doc.Find("pre").Each(func(i int, pre *goquery.Selection) {
			sample, _, _ := strings.Cut(pre.Text(), "\n\n{") // what is below is the answer
			sample, _, _ = strings.Cut(sample, "\n\nHTTP/")
			if !strings.Contains(sample, "curl ") {
				return
			}
			ran++
			for n, call := range strings.Split(sample, "\n\n") {
				t.Run(fmt.Sprintf("%s/%d/%d", topic, i, n), func(t *testing.T) { s.runCall(t, dir, secret, call) })
			}
		})
	}
	if ran < 14 {
		t.Errorf("only %d samples were found", ran)
	}
}

// runCall runs a call of a guide in a shell, with a group, contact and job of its own.
func (s *site) runCall(t *testing.T, dir, secret, call string) {
	t.Helper()
	group, other := s.group("Plaza Hotel"), s.group("Astor")
	contact := s.contact("c" + group.ID)
	call = strings.NewReplacer("https://console.example.com", s.url, "0VblOnpjquG9nmVd", group.ID, "0VblOnpjquG9nmVe", other.ID,
		"0Tz5hM4VqD9hTz6B", contact.ID, `"3q2-7wAAAAAAAAAAAAAAAA"`, "*", "5f0c1e1c", group.ID).Replace(call)
	if strings.Contains(call, "/v1/jobs/") { // that of the call before
		if err := s.store.Jobs.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		call = "id=$(curl " + s.url + "/v1/jobs -H \"Authorization: Bearer $token\" | jq -r '.data[0].id')\n" + call
	}
	run := exec.CommandContext(t.Context(), "sh", "-e", "-c", "curl() { command curl -sS --fail-with-body \"$@\"; }\n"+call)
	run.Dir, run.Env = dir, slices.Concat(os.Environ(), []string{"token=" + secret, "id=" + group.ID})
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%s\n%v\n%s", call, err, out)
	}
}
