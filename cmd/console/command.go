package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/keys"
)

// command is a running command line: its verb with flags, and its input and output.
type command struct {
	verb   verb
	flags  *flag.FlagSet
	args   []string
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	environment map[string]string // flag name -> variable
	debugging   debugging         // of serve

	metricsAddress string // of serve; or ""

	databaseURL string
	replicaURL  string // of serve and doctor; or ""
	keyFile     string
	markFile    string
}

func newCommand(v verb, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) *command {
	c := &command{
		verb: v, flags: flag.NewFlagSet(v.name, flag.ContinueOnError), args: args,
		getenv: func(name string) string { return strings.TrimSpace(getenv(name)) },
		stdin:  stdin, stdout: stdout, stderr: stderr,
		environment: map[string]string{},
	}
	c.flags.SetOutput(io.Discard) // run prints the error
	c.flags.Usage = func() {}
	return c
}

// misuse is a usage error.
type misuse string

func (m misuse) Error() string { return string(m) }

func misusef(format string, args ...any) error { return misuse(fmt.Sprintf(format, args...)) }

// setting declares a flag that can also be set by an environment variable.
func (c *command) setting(value *string, name, variable, fallback, usage string) {
	c.flags.StringVar(value, name, fallback, usage)
	c.environment[name] = variable
}

// database declares the flags of every command that opens the database.
func (c *command) database() {
	c.setting(&c.databaseURL, "database", "DATABASE_URL", "sqlite:data/console.db",
		"database `URL`: sqlite:FILE or postgres://USER@HOST/NAME")
	c.keyFlag()
	c.setting(&c.markFile, "mark-file", "CONSOLE_MARK_FILE", "",
		"`FILE` with the server's own checkpoint of the activity log, which detects an older copy of the database; by default next to the key file")
}

// replica declares the flag of the commands that read lists from a replica, or look at it.
func (c *command) replica() {
	c.setting(&c.replicaURL, "database-read", "DATABASE_READ_URL", "",
		"postgres:// `URL` of a replica of the database, for lists, searches and exports; by default they are read from the database itself")
}

// keyFlag declares where the keys are.
func (c *command) keyFlag() {
	c.setting(&c.keyFile, "key-file", "CONSOLE_KEY_FILE", "",
		"`FILE` with the encryption keys, created if missing; by default console.key next to the SQLite file, or in data/. CONSOLE_KEY can hold the keys instead")
}

// parse reads the flags and, for those not given, the environment. It returns the arguments
// after the flags; there must be one for each of names.
func (c *command) parse(names ...string) ([]string, error) {
	err := c.flags.Parse(c.args)
	if errors.Is(err, flag.ErrHelp) {
		c.help(names)
		return nil, err
	}
	if err != nil {
		return nil, misusef("%s; see console %s -help", err, c.verb.name)
	}
	if err := c.readEnvironment(); err != nil {
		return nil, err
	}
	c.trimSettings()
	if got := c.flags.Args(); len(got) != len(names) {
		return nil, misusef("wrong number of arguments; usage: %s", c.usage(names))
	}
	return c.flags.Args(), nil
}

func (c *command) readEnvironment() error {
	given := map[string]bool{}
	c.flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, variable := range c.environment {
		if value := c.getenv(variable); value != "" && !given[name] {
			if err := c.flags.Set(name, strings.TrimSpace(value)); err != nil {
				return misusef("%s must be true or false, not %q", variable, value) // a string takes anything
			}
		}
	}
	return nil
}

// trimSettings removes white space around settings, as env files and quotes leave it.
func (c *command) trimSettings() {
	for name := range c.environment {
		value := c.flags.Lookup(name).Value
		_ = value.Set(strings.TrimSpace(value.String())) // a string takes anything
	}
}

func (c *command) usage(names []string) string {
	return strings.Join(append([]string{"console", c.verb.name, "[FLAGS]"}, names...), " ")
}

// help prints the verb's help. It shows the built-in defaults and not the environment's values:
// a database URL may contain a password.
func (c *command) help(names []string) {
	fmt.Fprintf(c.stdout, "%s: %s\n", c.usage(names), c.verb.summary)
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	c.flags.VisitAll(func(f *flag.Flag) {
		kind, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(table, "  -%s %s\t%s%s\n", f.Name, kind, usage, c.origin(f))
	})
	_ = table.Flush() // nothing to do if the help can't be printed
}

// origin returns a note on a flag's environment variable and default.
func (c *command) origin(f *flag.Flag) string {
	var notes []string
	if variable := c.environment[f.Name]; variable != "" {
		notes = append(notes, "or "+variable)
	}
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0s" {
		notes = append(notes, "default "+f.DefValue)
	}
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, "; ") + ")"
}

// open opens the database with its keys, and migrates it.
func (c *command) open(ctx context.Context) (*models.Store, error) {
	store, err := models.Open(ctx, c.databaseURL)
	if err != nil {
		return nil, fmt.Errorf("can't open the database: %w", err)
	}
	if err := c.useReplica(store); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if err := store.Migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("can't migrate the database: %w", err), store.Close())
	}
	if !c.keysGiven() {
		store.Audit.Keyring.Newer = func() (keys.Keys, error) { return readKeys(c.keyPath()) }
	}
	store.Audit.UseMarkFile(c.markPath())
	keys, err := c.keysFor(ctx, store)
	if err == nil {
		err = store.Audit.SetKeys(ctx, keys)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// useReplica sets the replica of a database that was just opened, if there is one.
func (c *command) useReplica(store *models.Store) error {
	if c.replicaURL == "" {
		return nil
	}
	if err := store.DB.UseReplica(c.replicaURL); err != nil {
		return misusef("-database-read: %v", err)
	}
	return nil
}

// withStore runs do with the database open.
func (c *command) withStore(ctx context.Context, do func(*models.Store) error) error {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(explain(do(store)), store.Close())
}

// withStoreToRead is withStore for a command that only reads, which works on a standby, too.
// There it migrates nothing, and leaves the mark alone, which a standby may be behind.
func (c *command) withStoreToRead(ctx context.Context, do func(*models.Store) error) error {
	store, err := models.OpenToRead(ctx, c.databaseURL)
	if err != nil {
		return fmt.Errorf("can't open the database: %w", err)
	}
	if !store.DB.ReadOnly() {
		if err := store.Close(); err != nil {
			return err
		}
		return c.withStore(ctx, do)
	}
	if found := examineSchema(ctx, store.DB); found.Problem != "" {
		return errors.Join(errors.New("the database only reads, and its schema has "+found.Problem), store.Close())
	}
	ring, err := c.keys()
	if err == nil {
		err = store.Audit.UseKeys(ctx, ring)
	}
	if err == nil {
		err = explain(do(store))
	}
	return errors.Join(err, store.Close())
}

// actor returns the actor of a command's changes; the activity log shows the command's name.
func (c *command) actor() access.Actor { return access.System("console " + c.verb.name) }

// explain turns the store's validation errors into a usage error with their messages.
func explain(err error) error {
	invalid, ok := errors.AsType[access.Invalid](err)
	if !ok {
		return err
	}
	words := make([]string, len(invalid))
	for i, problem := range invalid {
		words[i] = problem.Message
	}
	return misuse(strings.Join(words, " "))
}
