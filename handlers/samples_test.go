package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
	"protocol.chat/console/static"
	"protocol.chat/console/views/reference"
)

// careful is text that a language or a shell could take for something else.
const careful = "Łódź's \"$(id)\" `$HOME` \\n {$x} 100% & a=b + <c>\n?>//#"

// csvFile is what samples import, before they export a file of the same name.
const csvFile = "name\nPlaza Hotel\n"

// TestSamples runs samples of the documentation in each language against a console, with values that
// need care, and compares what arrives with what the call is.
func TestSamples(t *testing.T) {
	modelstest.Slow(t)
	t.Parallel()
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	_, secret, err := s.store.Identity.Tokens.CreateToken(s.Context(), s.by, identity.NewToken{Name: "Samples", Scopes: append(access.WriteScopes(), access.ReadActivity, access.Export, access.Webhooks)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	hector := modelstest.Contact(t, s.store, s.by, "Hector")
	group := modelstest.Group(t, s.store, s.by, "Plaza Hotel", hector)
	ref, err := api.Reference(s.url)
	if err != nil {
		t.Fatal(err)
	}
	call := func(id string) reference.Request {
		_, c, ok := ref.Call(id)
		if !ok {
			t.Fatalf("there is no call %s", id)
		}
		r := c.Request("")
		r.Path = map[string]string{"id": group.ID, "contact_id": hector.ID}
		return r
	}
	create, list, update, add, remove, batch, bulk := call("createGroup"), call("listGroups"), call("updateGroup"), call("addMembers"), call("deleteGroup"), call("batchGroups"), call("bulkGroups")
	create.Body = reference.Members{{Key: "name", Value: strings.ReplaceAll(careful, "\n", " ")}, {Key: "description", Value: careful}, {Key: "contacts", Value: []any{reference.Members{{Key: "username", Value: "Hector"}}}}}
	list.Query = reference.Members{{Key: "q", Value: strings.ReplaceAll(careful, "\n", " ")}, {Key: "archived", Value: false}, {Key: "limit", Value: uint64(5)}, {Key: "include[]", Value: "total"}}
	update.Body = reference.Members{{Key: "description", Value: careful}, {Key: "avatar_url", Value: nil}}
	add.Body = reference.Members{{Key: "contacts", Value: []any{hector.ID}}}
	remove.DryRun = true
	batch.DryRun, batch.Body = true, reference.Members{{Key: "atomic", Value: true}, {Key: "operations", Value: []any{reference.Members{{Key: "action", Value: "archive"}, {Key: "id", Value: group.ID}}}}}
	bulk.DryRun = true
	events := call("listEvents")
	events.Query = reference.Members{{Key: "type", Value: "group.created"}}
	exports, imports := call("exportGroups"), call("importFile")
	exports.Query, imports.Query = reference.Members{{Key: "format", Value: "csv"}, {Key: "q", Value: "Łódź & co"}}, reference.Members{{Key: "type", Value: "groups"}}
	me, hooks, test, deliveries, newHook := call("getMe"), call("listWebhooks"), call("testWebhook"), call("listDeliveries"), call("createWebhook")
	hook, _, err := s.store.Webhooks.Create(s.Context(), s.by, webhooks.Change{Name: new("Receiver"), URL: new("http://127.0.0.1:9/"), Events: &[]string{"message.*"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	test.Path, deliveries.Path = map[string]string{"id": hook.ID}, map[string]string{"id": hook.ID}
	test.Body, deliveries.Query = reference.Members{{Key: "type", Value: "group.created"}}, reference.Members{{Key: "state", Value: "failed"}}
	newHook.DryRun, newHook.Body = true, reference.Members{{Key: "name", Value: "Receiver"}, {Key: "url", Value: "http://127.0.0.1:9/"}, {Key: "events", Value: []any{"group.*"}}}
	requests := []reference.Request{create, list, update, add, remove, batch, bulk, call("removeMember"), call("getGroup"), call("verifyActivity"), events, imports, exports, me, hooks, test, deliveries, newHook}
	for _, l := range reference.Languages {
		t.Run(l.ID, func(t *testing.T) {
			t.Parallel()
			arrived := recorder(t, s.url)
			dir := t.TempDir()
			for i, r := range requests {
				r.Base = arrived.URL
				write(t, filepath.Join(dir, fmt.Sprintf("sample%d%s", i, endings[l.ID])), strings.ReplaceAll(r.Sample(l), "{token}", secret))
			}
			runSamples(t, l.ID, dir, len(requests))
			if len(arrived.requests) != len(requests) {
				t.Fatalf("%d requests arrived, not %d: %v", len(arrived.requests), len(requests), arrived.requests)
			}
			for i, r := range requests {
				if want, got := wanted(r), arrived.requests[i]; !reflect.DeepEqual(want, got) {
					t.Errorf("%s: what arrived is\n%+v, not\n%+v", r.Call.ID, got, want)
				}
			}
		})
	}
}

// endings are those of a program's file in each language.
var endings = map[string]string{"curl": ".sh", "javascript": ".mjs", "python": ".py", "php": ".php", "go": ".go"}

// runSamples runs all samples of a folder, in their order.
func runSamples(t *testing.T, language, dir string, samples int) {
	t.Helper()
	program := map[string]string{"curl": "sh", "javascript": "node", "python": "python3", "php": "php", "go": "go"}[language]
	if _, err := exec.LookPath(program); err != nil {
		modelstest.LeaveOut(t, program+" is not installed")
	}
	for _, name := range []string{"protocol-api.mjs", "protocol_api.py", "ApiClient.php"} {
		client, _ := static.Client(name)
		write(t, filepath.Join(dir, name), string(client))
	}
	write(t, filepath.Join(dir, "groups.csv"), csvFile)
	var all strings.Builder
	arguments := []string{"all" + endings[language]}
	for i := range samples {
		name := fmt.Sprintf("sample%d", i)
		switch language {
		case "javascript":
			fmt.Fprintf(&all, "await import('./%s.mjs')\n", name)
		case "python":
			fmt.Fprintf(&all, "import %s\n", name)
		case "curl":
			fmt.Fprintf(&all, "sh %s.sh || exit\n", name)
		case "php":
			fmt.Fprintf(&all, "<?php passthru('php %s.php', $status); if ($status) exit($status); ?>\n", name)
		case "go": // one program, which takes one build
			text, _ := os.ReadFile(filepath.Join(dir, name+".go"))
			write(t, filepath.Join(dir, name+".go"), strings.Replace(string(text), "func main()", "func "+name+"()", 1))
			all.WriteString("\t" + name + "()\n")
		}
	}
	text := all.String()
	if language == "go" {
		text = "package main\n\nfunc main() {\n" + text + "}\n"
		write(t, filepath.Join(dir, "go.mod"), "module samples\n\ngo 1.26\n")
		arguments = []string{"run", "."}
	}
	write(t, filepath.Join(dir, "all"+endings[language]), text)
	run := exec.CommandContext(t.Context(), program, arguments...)
	run.Dir, run.Env = dir, append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "GOFLAGS=-ldflags=-w")
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
}

// sent is a request as it arrived.
type sent struct {
	method, path string
	query        url.Values
	body         any
	dryRun       string
	status       int
}

// wanted is what should arrive of a sample.
func wanted(r reference.Request) sent {
	at, _ := url.Parse(r.URL())
	w := sent{method: r.Call.Method, path: at.Path, query: at.Query(), status: r.Call.Answers[0].Status}
	if r.DryRun {
		w.dryRun = "true"
	}
	if r.Call.ID == "importFile" {
		w.body, w.status = csvFile, http.StatusAccepted
	} else if r.Body != nil {
		_ = json.Unmarshal([]byte(reference.JSON(r.Body)), &w.body)
	}
	return w
}

// recording is a proxy that remembers what it passes on.
type recording struct {
	*httptest.Server
	mu       sync.Mutex
	requests []sent
}

// bodyKey is the key of a request's body in its context.
type bodyKey struct{}

// recorder passes everything on to a console.
func recorder(t *testing.T, to string) *recording {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	rec := &recording{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(answer *http.Response) error {
		r := answer.Request
		body, _ := r.Context().Value(bodyKey{}).([]byte)
		got := sent{method: r.Method, path: r.URL.Path, query: r.URL.Query(), dryRun: r.Header.Get("Dry-Run"), status: answer.StatusCode}
		switch r.Header.Get("Content-Type") {
		case "text/csv":
			got.body = string(body)
		case "application/json":
			_ = json.Unmarshal(body, &got.body)
		case "application/x-www-form-urlencoded":
			fields, _ := url.ParseQuery(string(body))
			object := map[string]any{}
			for key, values := range fields {
				object[key] = values[0]
				if values[0] == "" {
					object[key] = nil
				}
			}
			got.body = object
		}
		rec.mu.Lock()
		defer rec.mu.Unlock()
		rec.requests = append(rec.requests, got)
		return nil
	}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.Host = target.Host
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), bodyKey{}, body)))
	}))
	t.Cleanup(rec.Close)
	return rec
}
