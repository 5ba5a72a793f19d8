package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDev: the first start of serve -dev prints an address that signs in; pages show what
// the files on disk say, and hear when they change.
func TestDev(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "static"), os.DirFS("../../static")); err != nil {
		t.Fatal(err)
	}
	signIn := startDev(t, folder)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	get := func(address string) string {
		t.Helper()
		answer, err := browser.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatal(address, answer.Status, err)
		}
		return string(body)
	}
	home := strings.TrimSuffix(signIn, devSignIn)
	styles := func() string {
		return get(home + regexp.MustCompile(`/static/app\.\w+\.css`).FindString(get(home+"/login")))
	}
	if page := get(signIn); !strings.Contains(page, "Olivia Owner") || strings.Count(page, "<tr") < 5 {
		t.Errorf("the first page of a new owner: %s", page)
	}

	events, err := browser.Get(home + devReload)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	versions := bufio.NewScanner(events.Body)
	next := func() string {
		for versions.Scan() {
			if version, ok := strings.CutPrefix(versions.Text(), "data: "); ok {
				return version
			}
		}
		t.Fatal("no version: ", versions.Err())
		return ""
	}
	first := next()
	if strings.Contains(styles(), "rebeccapurple") {
		t.Fatal("the style is there before its time")
	}
	if err := os.WriteFile(filepath.Join(folder, "static/css/7-more.css"), []byte("h1 { color: rebeccapurple }"), 0o600); err != nil {
		t.Fatal(err)
	}
	if next() == first || !strings.Contains(styles(), "rebeccapurple") {
		t.Error("a new style doesn't show")
	}
}

// startDev starts serve -dev in a folder, and returns the address that signs in.
func startDev(t *testing.T, folder string) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dev := exec.CommandContext(t.Context(), program, "serve", "-dev", "-listen", "127.0.0.1:0", "-log-level", "error")
	dev.Env, dev.Dir = append(os.Environ(), asProgram+"=1"), folder
	said, err := dev.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = dev.Process.Kill(), dev.Wait() })
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(line, "Sign in: ")
	address, _, _ = strings.Cut(address, " ")
	return address
}

func TestDebugAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:6060", ":6060", "192.0.2.1:6060", "example.com:6060", "6060"} {
		if err := checkLoopback("-debug-listen", address); err == nil {
			t.Errorf("%s is taken", address)
		}
	}
	for _, address := range []string{"127.0.0.1:6060", "[::1]:0", "localhost:6060"} {
		if err := checkLoopback("-debug-listen", address); err != nil {
			t.Error(err)
		}
	}
}

func TestDevIsForThisMachine(t *testing.T) {
	t.Parallel()
	for _, at := range [][2]string{{"0.0.0.0:8080", ""}, {"127.0.0.1:8080", "https://console.example.com"}, {"127.0.0.1:8080", "http://localhost:8080"}} {
		if err := checkDev(at[0], at[1]); err == nil {
			t.Errorf("%v: taken outside of the source", at)
		} else if local := strings.Contains(at[1], "localhost"); local != strings.Contains(err.Error(), "the source") {
			t.Errorf("%v: %v", at, err)
		}
	}
}
