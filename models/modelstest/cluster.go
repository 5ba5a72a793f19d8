package modelstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"protocol.chat/console/models"
)

// ErrNotInstalled is returned if there is no PostgreSQL to start a server of.
var ErrNotInstalled = errors.New("PostgreSQL is not installed")

// Cluster is a PostgreSQL server of the test's own. It listens only on a socket in a folder
// of its own.
type Cluster struct {
	programs string              // the folder of initdb and postgres
	dir      string              // the data and the log
	socket   string              // a short path; dir unless the data are kept
	settings []string            // NAME=VALUE
	as       *syscall.Credential // nil for the user that runs the test

	server *exec.Cmd
	leash  io.WriteCloser
}

// StartCluster starts a server that the test may stop and start; it is removed with the
// test. Without PostgreSQL the test is skipped as by URL.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	SkipIfShort(t, "on PostgreSQL")
	cluster, err := newCluster()
	if errors.Is(err, ErrNotInstalled) {
		skip(t)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.remove)
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	return cluster
}

// StartReplica starts a server that follows another one, whose changes it has. It is removed with
// the test.
func StartReplica(t testing.TB, primary *Cluster) *Cluster {
	t.Helper()
	c, err := prepareCluster(primary.settings)
	if err != nil {
		t.Fatal(err)
	}
	if c.dir, err = c.shortFolder(); err != nil {
		t.Fatal(err)
	}
	c.socket = c.dir
	t.Cleanup(c.remove)
	base := c.command(filepath.Join(c.programs, "pg_basebackup"), "--pgdata=data", "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
		"--username=console", "--host="+primary.socket)
	if out, err := base.CombinedOutput(); err != nil {
		t.Fatalf("copy the primary: %v\n%s", err, out)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// Follow makes a server that Stop has ended only read after its next start, as a standby does
// whose primary is gone.
func (c *Cluster) Follow() error {
	return os.WriteFile(filepath.Join(c.dir, "data", "standby.signal"), nil, 0o644)
}

// With returns the URL of a database that is on this server or on others, wherever it takes
// changes.
func (c *Cluster) With(others ...*Cluster) string {
	hosts := c.socket
	for _, o := range others {
		hosts += "," + o.socket
	}
	return "postgres://console@/postgres?target_session_attrs=read-write&host=" + hosts
}

// Exec runs statements on the server.
func (c *Cluster) Exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if err := c.run(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// StartPersistentCluster starts a server with these settings, as NAME=VALUE, whose data stay in dir,
// which it creates if necessary. Close stops it; so does the end of the program. The error
// is ErrNotInstalled if there is no PostgreSQL.
func StartPersistentCluster(dir string, settings ...string) (*Cluster, error) {
	c, err := prepareCluster(settings)
	if err != nil {
		return nil, err
	}
	if c.dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	if err := c.own(c.dir); err != nil {
		return nil, err
	}
	if c.socket, err = c.shortFolder(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(c.dir, "data", "PG_VERSION")); err != nil {
		if err := c.initialize(); err != nil {
			return nil, errors.Join(err, os.RemoveAll(c.socket))
		}
	}
	if err := c.Start(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// URL returns the URL of one database of the server, not migrated.
func (c *Cluster) URL() string { return c.Database("postgres") }

// Database returns the URL of the database with a name, which may not exist.
func (c *Cluster) Database(name string) string {
	return fmt.Sprintf("postgres://console@/%s?host=%s", name, c.socket)
}

// PID returns the process id of the server, the parent of its other processes.
func (c *Cluster) PID() (int, error) {
	file, err := os.ReadFile(filepath.Join(c.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(file), "\n")
	return strconv.Atoi(first)
}

// Close shuts a kept server down, with all that it wrote on the disk.
func (c *Cluster) Close() error { return errors.Join(c.end("close\n"), os.RemoveAll(c.socket)) }

// Start starts the server again and returns when it accepts connections.
func (c *Cluster) Start() error {
	if err := c.launch(); err != nil {
		return err
	}
	return c.await()
}

// Stop ends the server at once, as a crash would: connections break, and what was committed
// is there again after Start.
func (c *Cluster) Stop() error { return c.end("keep\n") }

// careless are the settings of a server whose data no one will miss, and are in memory.
var careless = []string{"fsync=off", "full_page_writes=off", "max_wal_size=128MB", "max_connections=300"}

// newCluster prepares a server without starting it.
func newCluster() (*Cluster, error) {
	c, err := prepareCluster(careless)
	if err != nil {
		return nil, err
	}
	if c.dir, err = c.shortFolder(); err != nil {
		return nil, err
	}
	c.socket = c.dir
	if err := c.initialize(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.dir))
	}
	return c, nil
}

// prepareCluster finds the server's programs and its user.
func prepareCluster(settings []string) (*Cluster, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	as, err := serverUser()
	return &Cluster{programs: programs, as: as, settings: settings}, err
}

// findPrograms looks for the newest server where Debian, Fedora and Homebrew
// put it, which is mostly not in PATH.
func findPrograms() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		initdb, err = filepath.EvalSymlinks(initdb)
		return filepath.Dir(initdb), err
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin/initdb",
		"/usr/pgsql-*/bin/initdb",
		"/usr/local/pgsql/bin/initdb",
		"/opt/homebrew/opt/postgresql@*/bin/initdb",
		"/usr/local/opt/postgresql@*/bin/initdb",
	} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return filepath.Dir(slices.Max(found)), nil
		}
	}
	return "", ErrNotInstalled
}

// serverUser returns whom the server runs as: PostgreSQL refuses to run as root.
func serverUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find a user other than root for PostgreSQL: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// memory is Linux's folder in memory, where a database is made and dropped in a fifth of the
// time. In a container it may be tiny; memoryNeeded is what is never filled.
const (
	memory       = "/dev/shm"
	memoryNeeded = 2 << 30
)

// shortFolder creates a folder for the server's user, in memory if there is room. Its name is
// short because a socket's path can have only about 100 bytes.
func (c *Cluster) shortFolder() (string, error) {
	root := os.TempDir()
	if c.as != nil {
		root = "/tmp" // root's own may be closed to other users
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(memory, &fs); err == nil && fs.Bavail*uint64(fs.Bsize) > memoryNeeded {
		root = memory
	}
	dir, err := os.MkdirTemp(root, "console-pg-")
	if err != nil {
		return "", err
	}
	return dir, c.own(dir)
}

// own gives a folder to the server's user.
func (c *Cluster) own(dir string) error {
	if c.as == nil {
		return nil
	}
	return os.Chown(dir, int(c.as.Uid), int(c.as.Gid))
}

// initialize makes the data folder, or copies that of the run's server.
func (c *Cluster) initialize() error {
	if shared := os.Getenv(clusterVariable); shared != "" {
		return c.copyData(filepath.Join(shared, initialData), "data")
	}
	initdb := c.command(filepath.Join(c.programs, "initdb"),
		"--pgdata=data", "--username=console", "--auth=trust",
		"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("make a PostgreSQL cluster: %w\n%s", err, out)
	}
	return nil
}

func (c *Cluster) copyData(from, to string) error {
	if out, err := c.command("cp", "-R", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("copy a PostgreSQL cluster: %w\n%s", err, out)
	}
	return nil
}

// keeper ties the server to this process by the pipe that is its standard input. However
// the process ends, the pipe closes, and the keeper stops the server and removes the folder
// of the socket, which is also that of the data unless they are kept. The word "keep" stops
// only the server, as a crash would; "close" shuts it down cleanly.
const keeper = `
programs=$0 socket=$1
shift
"$programs"/postgres -D data -k "$socket" -c listen_addresses= "$@" &
read -r word
case $word in close) kill -INT $! ;; *) kill -QUIT $! ;; esac
wait
[ "$word" = keep ] || rm -rf "$socket"
`

func (c *Cluster) launch() error {
	log, err := os.OpenFile(c.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()

	args := []string{"-c", keeper, c.programs, c.socket}
	for _, setting := range c.settings {
		args = append(args, "-c", setting)
	}
	c.server = c.command("/bin/sh", args...)
	c.server.Stdout, c.server.Stderr = log, log
	if c.leash, err = c.server.StdinPipe(); err != nil {
		return err
	}
	return c.server.Start()
}

// await waits until the server accepts connections.
func (c *Cluster) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.run(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(c.logFile())
			return fmt.Errorf("wait for PostgreSQL: %w\n%s", err, log)
		}
	}
}

func (c *Cluster) end(word string) error {
	if c.server == nil {
		return nil
	}
	_, err := io.WriteString(c.leash, word)
	err = errors.Join(err, c.leash.Close(), c.server.Wait())
	c.server = nil
	return err
}

func (c *Cluster) remove() {
	// The keeper removes the folder too, but not while the test has stopped
	// the server.
	_ = c.end("")
	_ = os.RemoveAll(c.dir)
}

// command runs a program in the cluster's folder as its user, and in a
// process group of its own: Ctrl-C is for the test, which ends the rest.
func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as, Setpgid: true}
	return cmd
}

func (c *Cluster) run(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, c.URL())
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(ctx, sql)
	return err
}

func (c *Cluster) logFile() string { return filepath.Join(c.dir, "log") }

func migrate(url string) error {
	store, err := models.Open(context.Background(), url)
	if err != nil {
		return err
	}
	return errors.Join(store.Migrate(context.Background()), store.Close())
}
