package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// What doctor expects at least.
const (
	roomWanted        = 1 << 30 // bytes free
	clockTolerance    = 2 * time.Second
	unsealedFor       = time.Minute
	certificateWanted = 14 * 24 * time.Hour
	dialLimit         = 5 * time.Second
	replicaLimit      = 2 * time.Second
)

func well(what, format string, args ...any) views.Check {
	return views.Check{What: what, Detail: fmt.Sprintf(format, args...)}
}

func ill(what, format string, args ...any) views.Check {
	return views.Check{What: what, Problem: fmt.Sprintf(format, args...)}
}

// doctor checks what a console needs, changes nothing, and says how to solve each problem.
func doctor(ctx context.Context, c *command) error {
	var publicURL string
	c.database()
	c.replica()
	c.setting(&publicURL, "public-url", "PUBLIC_URL", "", "`URL` that users open, whose certificate is checked")
	if _, err := c.parse(); err != nil {
		return err
	}
	found := c.examine(ctx, c.examineDatabase, publicURL)
	table, problems := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0), 0
	for _, f := range found {
		if f.Problem != "" {
			problems++
			fmt.Fprintf(table, "fix\t%s\t%s\n", f.What, f.Problem)
		} else {
			fmt.Fprintf(table, "ok\t%s\t%s\n", f.What, f.Detail)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if problems > 0 {
		return fmt.Errorf("problems found: %d", problems)
	}
	return nil
}

// examine checks everything; publicURL may be "".
func (c *command) examine(ctx context.Context, database func(context.Context) []views.Check, publicURL string) []views.Check {
	found := append([]views.Check{well("program", "version %s", currentVersion())}, c.examineFiles()...)
	found = append(found, database(ctx)...)
	if publicURL != "" {
		found = append(found, examineURL(ctx, publicURL))
	}
	return found
}

// examineFiles checks the folder and the files that the program keeps.
func (c *command) examineFiles() []views.Check {
	found := []views.Check{examineFolder("data folder", c.dataFolder()), examineFolder("temporary files", os.TempDir())}
	if file := c.sqliteFile(); file != "" {
		found = append(found, examineSecrecy("database file", file)...)
	}
	if !c.keysGiven() {
		found = append(found, examineSecrecy("key file", c.keyPath())...)
	}
	return found
}

// examineSecrecy checks that nobody else can read a file, if it is there.
func examineSecrecy(what, path string) []views.Check {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return []views.Check{ill(what, "%v", err)}
	case info.Mode().Perm()&0o077 != 0:
		return []views.Check{ill(what, "other users of this machine can read %s: run chmod 600 %s", path, path)}
	}
	return []views.Check{well(what, "%s, for its owner alone", path)}
}

// sqliteFile returns the path of the database file; "" if PostgreSQL has it.
func (c *command) sqliteFile() string {
	file, _ := strings.CutPrefix(c.databaseURL, "sqlite:")
	if file == c.databaseURL {
		return ""
	}
	return file
}

// examineFolder checks that the program can write to a folder, and that there is room.
func examineFolder(what, folder string) views.Check {
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return well(what, "%s will be created", folder)
	}
	probe, err := os.CreateTemp(folder, ".console-doctor-")
	if err != nil {
		return ill(what, "%v: let the console's user write to %s", err, folder)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return ill(what, "%v", err)
	}
	if err := db.RoomIn(folder, roomWanted); err != nil {
		return ill(what, "less than 1 GB of its disk is free: make room, or move %s to a larger disk", folder)
	}
	return well(what, "%s, writable, with room", folder)
}

// examineDatabase checks the database, unless there is none yet.
func (c *command) examineDatabase(ctx context.Context) []views.Check {
	if file := c.sqliteFile(); file != "" {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return []views.Check{well("database", "%s will be created by console serve", c.databaseURL)}
		}
	}
	store, err := models.Open(ctx, c.databaseURL)
	if err != nil {
		return []views.Check{ill("database", "%v", err)}
	}
	defer store.Close()
	if err := c.useReplica(store); err != nil {
		return []views.Check{ill("replica to read", "%v", err)}
	}
	followReplica(ctx, store.DB)
	return c.examineStore(ctx, store)
}

// examineStore checks an open database.
func (c *command) examineStore(ctx context.Context, store *models.Store) []views.Check {
	found := []views.Check{well("database", "%s at %s", store.DB.Engine(), store.DB.Address()), examineSchema(ctx, store.DB)}
	if found[1].Problem != "" {
		return found // the rest needs the schema
	}
	traits, err := store.DB.Traits(ctx)
	for _, t := range traits {
		found = append(found, views.Check{What: t.Name, Detail: t.Detail, Problem: t.Problem})
	}
	if err != nil {
		found = append(found, ill("server", "%v", err))
	}
	if state, used := store.DB.Replica(); used {
		found = append(found, examineReplica(state))
	}
	found = append(found, c.examineKey(ctx, store), examineLog(ctx, store), examineClock(ctx, store.DB))
	if err := store.DB.Ready(ctx); err != nil {
		found = append(found, ill("readiness", "the database can't be used: %v", err))
	} else {
		found = append(found, well("readiness", "ready"))
	}
	if store.DB.Dialect.Name() == "postgres" {
		found = append(found, examineBackups())
	}
	return found
}

// followReplica compares the replica, if there is one, with the primary until it has caught up, for
// a moment at most. Its state says why it hasn't.
func followReplica(ctx context.Context, d *db.DB) {
	enough := time.After(replicaLimit)
	tick := time.NewTicker(db.ReplicaInterval)
	defer tick.Stop()
	for d.FollowReplica(ctx) != nil {
		select {
		case <-tick.C:
		case <-enough:
			return
		}
	}
}

// examineReplica says whether lists are read from the replica.
func examineReplica(s db.ReplicaState) views.Check {
	if s.Problem != "" {
		return ill("replica to read", "%s isn't read: %s", s.Address, s.Problem)
	}
	return well("replica to read", "%s, at most %s behind", s.Address, s.Lag(time.Now()).Round(time.Millisecond))
}

func examineSchema(ctx context.Context, d *db.DB) views.Check {
	known, err := d.KnownVersion()
	if err != nil {
		return ill("schema", "%v", err)
	}
	has, err := db.SchemaVersion(d.Read(ctx))
	switch {
	case err != nil:
		return ill("schema", "the database has no schema of the console: run console migrate")
	case has > known:
		return ill("schema", "version %d is newer than this program, which knows %d: install the newer program", has, known)
	case has < known:
		return ill("schema", "version %d is older than this program's %d: back up, then run console migrate", has, known)
	}
	return well("schema", "version %d, the newest", has)
}

// examineKey checks that the key is the one that the database was last opened with.
func (c *command) examineKey(ctx context.Context, store *models.Store) views.Check {
	name, err := store.Audit.KeyName(ctx)
	if err != nil {
		return ill("key", "%v", err)
	}
	ring, err := c.keys()
	switch {
	case errors.Is(err, fs.ErrNotExist) && name == "":
		return well("key", "%s will be created", c.keyPath())
	case errors.Is(err, fs.ErrNotExist):
		return ill("key", "there is no key at %s, and the database needs key %s: restore its key file there", c.keyPath(), name)
	case err != nil:
		return ill("key", "%v", err)
	case name != "" && !ring.Known(name):
		return ill("key", "the database needs key %s, which is not among those given: restore its key file", name)
	}
	return well("key", "the one that the database was last opened with")
}

// examineLog says how far the activity log is sealed. Only audit verify reads all of it.
func examineLog(ctx context.Context, store *models.Store) views.Check {
	head, err := audit.HeadName(store.DB.Read(ctx))
	if err != nil {
		return ill("activity log", "%v", err)
	}
	oldest, err := store.Audit.OldestUnsealed(ctx)
	switch {
	case err != nil:
		return ill("activity log", "%v", err)
	case oldest != "" && time.Since(text.IDTime(oldest)) > unsealedFor:
		return ill("activity log", "entries since %s aren't sealed: start a console, or read in its log why it can't seal them", text.IDTime(oldest).UTC().Format("2006-01-02 15:04:05 UTC"))
	case head == "":
		return well("activity log", "empty")
	}
	number, _, _ := strings.Cut(head, ":")
	return well("activity log", "%s entries sealed; console audit verify reads them", number)
}

// examineClock compares the clock with the server's, which other consoles may share.
func examineClock(ctx context.Context, d *db.DB) views.Check {
	now := time.Now()
	earliest, err := d.Dialect.Earliest(d.Read(ctx), now)
	switch {
	case err != nil:
		return ill("clock", "%v", err)
	case now.Sub(earliest) > clockTolerance:
		return ill("clock", "this machine's clock is %s ahead of the database's: synchronize both, for example with chrony", now.Sub(earliest).Round(time.Second))
	}
	return well("clock", "%s", now.UTC().Format("2006-01-02 15:04:05 UTC"))
}

func examineBackups() views.Check {
	if _, err := exec.LookPath("pg_dump"); err != nil {
		return ill("backups", "console backup needs pg_dump: install PostgreSQL's client programs")
	}
	return well("backups", "pg_dump is installed")
}

// examineURL checks that the address that users open can be reached from here, with a certificate
// that is valid for some time.
func examineURL(ctx context.Context, address string) views.Check {
	at, err := url.Parse(address)
	if err != nil || at.Hostname() == "" {
		return ill("public URL", "%q is not a URL like https://console.example.com", address)
	}
	if at.Scheme != "https" && isLocal(at.Hostname()) {
		return well("public URL", "%s, for this machine alone", address)
	}
	if at.Scheme != "https" {
		return ill("public URL", "%s isn't encrypted: put a proxy with TLS in front", address)
	}
	port := at.Port()
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	dialer := tls.Dialer{}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(at.Hostname(), port))
	if err != nil {
		return ill("public URL", "%s can't be reached from here: %v", address, err)
	}
	defer conn.Close()
	secured, ok := conn.(*tls.Conn)
	if !ok {
		return ill("public URL", "%s has no TLS", address)
	}
	ends := secured.ConnectionState().PeerCertificates[0].NotAfter
	if time.Until(ends) < certificateWanted {
		return ill("public URL", "its certificate ends on %s: renew it", ends.UTC().Format("2006-01-02"))
	}
	return well("public URL", "%s, with a certificate until %s", address, ends.UTC().Format("2006-01-02"))
}

// isLocal reports whether a host is this machine.
func isLocal(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
