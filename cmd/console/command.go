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

// command is one command line on its way: the flags of its verb, and what it
// may read and write.
type command struct {
	verb   verb
	flags  *flag.FlagSet
	args   []string
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	environment map[string]string // flag name -> variable
	databaseURL string
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

// misuse is a command line that can't be understood.
type misuse string

func (m misuse) Error() string { return string(m) }

func misusef(format string, args ...any) error { return misuse(fmt.Sprintf(format, args...)) }

// setting declares a flag that an environment variable can set too.
func (c *command) setting(value *string, name, variable, fallback, usage string) {
	c.flags.StringVar(value, name, fallback, usage)
	c.environment[name] = variable
}

// database declares the flag that every command with a database has.
func (c *command) database() {
	c.setting(&c.databaseURL, "database", "DATABASE_URL", "sqlite:data/console.db",
		"`ADDRESS` of the database: sqlite:FILE or postgres://USER@HOST/NAME")
	c.setting(&c.keyFile, "key-file", "CONSOLE_KEY_FILE", "",
		"`FILE` with the keys that secrets are encrypted with, made if missing; console.key beside the SQLite file, or in data/, unless given. CONSOLE_KEY can hold the keys themselves")
	c.setting(&c.markFile, "mark-file", "CONSOLE_MARK_FILE", "",
		"`FILE` with the mark of how far the activity goes, by which an older copy of the database is found out; beside the key file, or where that would be, unless given")
}

// parse reads the flags and then, for those not given, the environment. It
// returns the arguments after the flags, which must be as many as names.
func (c *command) parse(names ...string) ([]string, error) {
	err := c.flags.Parse(c.args)
	if errors.Is(err, flag.ErrHelp) {
		c.help(names)
		return nil, err
	}
	if err != nil {
		return nil, misusef("%s; see console %s -help", err, c.verb.name)
	}
	c.readEnvironment()
	c.trimSettings()
	if got := c.flags.Args(); len(got) != len(names) {
		return nil, misusef("the arguments don't fit; it is used as: %s", c.usage(names))
	}
	return c.flags.Args(), nil
}

func (c *command) readEnvironment() {
	given := map[string]bool{}
	c.flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, variable := range c.environment {
		if value := c.getenv(variable); value != "" && !given[name] {
			_ = c.flags.Set(name, value) // a string takes anything
		}
	}
}

// trimSettings drops the white space round settings, which files of variables and quotes
// bring along.
func (c *command) trimSettings() {
	for name := range c.environment {
		value := c.flags.Lookup(name).Value
		_ = value.Set(strings.TrimSpace(value.String())) // a string takes anything
	}
}

func (c *command) usage(names []string) string {
	return strings.Join(append([]string{"console", c.verb.name, "[FLAGS]"}, names...), " ")
}

// help explains the verb and its flags. It shows the built-in defaults, not
// what the environment says: a database address may hold a password.
func (c *command) help(names []string) {
	fmt.Fprintf(c.stdout, "%s: %s\n", c.usage(names), c.verb.summary)
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	c.flags.VisitAll(func(f *flag.Flag) {
		kind, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(table, "  -%s %s\t%s%s\n", f.Name, kind, usage, c.origin(f))
	})
	_ = table.Flush() // help that can't be printed is not worth an error
}

// origin says where a flag's value comes from when it is not given.
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

// open opens the database with its keys and brings it to the newest schema.
func (c *command) open(ctx context.Context) (*models.Store, error) {
	store, err := models.Open(ctx, c.databaseURL)
	if err != nil {
		return nil, fmt.Errorf("the database can't be opened: %w", err)
	}
	if err := store.Migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the database can't be brought to the newest schema: %w", err), store.Close())
	}
	if !c.keysGiven() {
		store.Audit.Keyring.Newer = func() (keys.Keys, error) { return readKeys(c.keyPath()) }
	}
	store.Audit.KeepMark(c.markPath())
	keys, err := c.keysFor(ctx, store)
	if err == nil {
		err = store.Audit.SetKeys(ctx, keys)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// withStore runs do with the database open.
func (c *command) withStore(ctx context.Context, do func(*models.Store) error) error {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(explain(do(store)), store.Close())
}

// actor is who acts when a command does: the log names the command.
func (c *command) actor() access.Actor { return access.System("console " + c.verb.name) }

// explain makes values that the store refuses a misuse of the command, in the
// store's own words.
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
