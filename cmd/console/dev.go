package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/static"
)

// What a database has after its first start with -dev.
const (
	devGroups   = 1000
	devContacts = 200
	devEmail    = "owner@example.com"
)

// The addresses that exist with -dev only.
const (
	devReload = "/dev/reload"
	devSignIn = "/dev/sign-in"
)

// devScript reloads the page once the console has another version than the script.
const devScript = `
new EventSource('%s').onmessage = (e) => { if (e.data !== '%s') location.reload() }
`

// checkDev returns an error unless only this machine can reach the console, and it was
// started where its source is.
func checkDev(address, publicURL string) error {
	if err := checkLoopback("-listen with -dev", address); err != nil {
		return err
	}
	if at, err := url.Parse(publicURL); publicURL != "" && (err != nil || checkLoopback("", at.Hostname()+":0") != nil) {
		return misusef("-dev is for this machine only, not for %s", publicURL)
	}
	if _, err := os.Stat("static/css"); err != nil {
		return errors.New("-dev needs the folder static of the source here")
	}
	return nil
}

// develop returns a console as it is worked on: static files come from the folder static, and
// pages reload themselves when one of them or a template changes, or the program starts
// again. A database without an owner gets one, and sample data.
func (c *command) develop(ctx context.Context, config handlers.Config, console http.Handler) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("/", console)
	owner, err := c.devOwner(ctx, config.Store)
	if err != nil {
		return nil, err
	}
	if owner.Password != "" {
		fmt.Fprintf(c.stdout, "Sign in: %s%s (%s, password %s)\n", config.PublicURL, devSignIn, owner.Email, owner.Password)
		mux.Handle("GET "+devSignIn, signingIn(console, config.PublicURL, owner))
	}
	r := &reloads{done: ctx.Done()}
	r.look()
	go r.watch(ctx)
	mux.Handle("GET "+devReload, r)
	return mux, nil
}

// devOwner returns the owner that -dev has created, here if nobody owns the database yet,
// together with sample data. Its password is kept in a file beside the mark; it is "" if
// somebody else owns the database.
func (c *command) devOwner(ctx context.Context, store *models.Store) (identity.NewUser, error) {
	owner := identity.NewUser{Name: "Olivia Owner", Email: devEmail}
	file := c.markPath() + ".dev-password"
	if owned, err := store.Identity.Users.HasOwner(ctx); owned || err != nil {
		password, _ := os.ReadFile(file) // that may not be there
		owner.Password = string(password)
		return owner, err
	}
	past := invention{groups: devGroups, contacts: devContacts, now: time.Now()}
	err := store.Seed(ctx, c.actor(), past.sample(), func(string, int) {})
	if _, filled := errors.AsType[access.Conflict](err); err != nil && !filled {
		return owner, err
	}
	code, err := store.Identity.Users.NewSetupCode(ctx)
	if err != nil {
		return owner, err
	}
	owner.Password = rand.Text()
	if _, err = store.Identity.Users.SetUp(ctx, access.Actor{}, identity.Setup{Code: code, Workspace: "Development", Owner: owner}); err != nil {
		return owner, err
	}
	return owner, os.WriteFile(file, []byte(owner.Password), 0o600)
}

// signingIn responds as if the owner had sent the form of the sign-in page.
func signingIn(console http.Handler, publicURL string, owner identity.NewUser) http.Handler {
	form := url.Values{"email": {owner.Email}, "password": {owner.Password}}.Encode()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Method, r.URL = http.MethodPost, &url.URL{Path: "/login"}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", publicURL)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(form)), int64(len(form))
		console.ServeHTTP(w, r)
	})
}

// reloads tells pages when to reload.
type reloads struct {
	seen    string                 // what the files were when they were read
	version atomic.Pointer[string] // when that was
	done    <-chan struct{}
}

// watched are the folders of static files, and where templ puts the texts of templates that
// have changed since the program was built.
func watched() []string {
	folders := []string{"static"}
	if texts := os.Getenv("TEMPL_DEV_MODE_ROOT"); texts != "" {
		folders = append(folders, texts)
	}
	return folders
}

func (r *reloads) watch(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.look()
		case <-ctx.Done():
			return
		}
	}
}

// look reads the static files if any file has changed. One that can't be read, because an
// editor is replacing it, is read the next time.
func (r *reloads) look() {
	seen := stamp(watched())
	if seen == r.seen {
		return
	}
	version := time.Now().Format(time.StampNano)
	if err := static.Reload(os.DirFS("static"), fmt.Sprintf(devScript, devReload, version)); err == nil {
		r.seen = seen
		r.version.Store(&version)
	}
}

// stamp returns something that changes with the files in the folders.
func stamp(folders []string) string {
	var b strings.Builder
	for _, folder := range folders {
		_ = filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !slices.Contains([]string{".css", ".js", ".svg", ".txt"}, filepath.Ext(name)) {
				return nil // and see those that can be read
			}
			if info, err := d.Info(); err == nil {
				fmt.Fprintln(&b, name, info.ModTime().UnixNano(), info.Size())
			}
			return nil
		})
	}
	return b.String()
}

// ServeHTTP sends the version, and each later one, until the page goes.
func (r *reloads) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	_ = errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{}))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for sent := ""; ; {
		if version := *r.version.Load(); version != sent {
			fmt.Fprintf(w, "retry: 300\ndata: %s\n\n", version)
			_ = control.Flush()
			sent = version
		}
		select {
		case <-tick.C:
		case <-request.Context().Done():
			return
		case <-r.done:
			return
		}
	}
}
