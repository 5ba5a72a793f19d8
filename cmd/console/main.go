// Command console serves the Protocol Console and administers its database.
//
// Each subject of the command line has a file: serve.go, migrate.go, user.go, roles.go,
// token.go, audit.go, backup.go, copy.go, doctor.go, health.go, key.go, seed.go, licenses.go,
// version.go. Flags, environment and the opened database are in command.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	context.AfterFunc(ctx, func() {
		signal.Ignore(syscall.SIGHUP) // a terminal that closes sends several
		stop()                        // another interrupt or SIGTERM ends the program immediately
	})
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// stopSignals returns the signals that stop the program gracefully. A signal that was ignored
// at start, as by nohup, stays ignored.
func stopSignals() []os.Signal {
	return slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
}

// verb is a command of the program, such as "user create".
type verb struct {
	name, summary string
	run           func(ctx context.Context, c *command) error
}

func verbs() []verb {
	return []verb{
		{"serve", "start the console and its API (default)", serve},
		{"migrate", "migrate the database to the latest schema", migrate},
		{"user create", "create a user", createUser},
		{"user password", "set a user's password", setPassword},
		{"user list", "list users", listUsers},
		{"user role", "change a user's role", changeRole},
		{"user disable", "disable a user, and end their sessions and tokens", disableUser},
		{"user enable", "enable a disabled user", enableUser},
		{"user reset-second-factor", "remove a second factor that a user lost", resetSecondFactor},
		{"roles", "list roles and permissions", roles},
		{"token create", "create an API token and print it", createToken},
		{"token list", "list API tokens", listTokens},
		{"token rotate", "rotate an API token and print its new secret", rotateToken},
		{"token revoke", "revoke an API token", revokeToken},
		{"import", "import groups or contacts from a CSV or NDJSON file", importFile},
		{"job list", "list jobs", listJobs},
		{"job show", "show a job, and its results if asked", showJob},
		{"job cancel", "cancel a job", cancelJob},
		{"audit verify", "verify the activity log", verifyAudit},
		{"audit adopt", "accept an activity log that fails verification; later checks report it", adoptAudit},
		{"backup", "write a backup of the database to a file", backup},
		{"restore", "fill an empty database with a backup", restore},
		{"copy", "copy a database into an empty one, of the same engine or the other", copyDatabase},
		{"doctor", "check the database, files, keys, clock and certificate, and say what to fix", doctor},
		{"health", "ask the console of this machine whether it is ready", health},
		{"key rotate", "encrypt secrets with a new key", rotateKey},
		{"seed", "fill an empty database with sample data", seed},
		{"licenses", "print the licenses of everything that is in this program", licenses},
		{"version", "print the version", version},
		{"help", "show help for all commands", help},
	}
}

// run runs a command line and returns the exit code: 0 for success, 1 for failure, 2 for a
// usage error.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	verb, rest, err := findVerb(args)
	if err == nil {
		err = verb.run(ctx, newCommand(verb, rest, getenv, stdin, stdout, stderr))
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	// One line, even if the database driver's error has several.
	fmt.Fprintln(stderr, "console:", strings.Join(strings.Fields(err.Error()), " "))
	if _, ok := errors.AsType[misuse](err); ok {
		return 2
	}
	return 1
}

// findVerb splits the arguments into a verb, of one word or two, and the verb's own. Flags alone
// belong to serve.
func findVerb(args []string) (verb, []string, error) {
	if len(args) > 0 && isHelp(args[0]) || len(args) == 2 && isHelp(args[1]) && isFamily(args[0]) {
		args = []string{"help"}
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		args = append([]string{"serve"}, args...)
	}
	for _, v := range verbs() {
		words := strings.Fields(v.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == v.name {
			return v, args[len(words):], nil
		}
	}
	if len(args) == 1 && isFamily(args[0]) {
		return verb{}, nil, misusef("%q needs a subcommand; see console -help", args[0])
	}
	return verb{}, nil, misusef("unknown command %q; see console -help", strings.Join(args[:min(2, len(args))], " "))
}

// isFamily reports whether a word starts the names of several commands, as token does.
func isFamily(word string) bool {
	return slices.ContainsFunc(verbs(), func(v verb) bool { return strings.HasPrefix(v.name, word+" ") })
}

func isHelp(arg string) bool {
	name := strings.TrimLeft(arg, "-")
	return name != arg && (name == "help" || name == "h")
}

// help prints the program's help, then that of every verb.
func help(ctx context.Context, c *command) error {
	fmt.Fprint(c.stdout, `Protocol Console: manage the groups, contacts and members of a Protocol service in
the browser and with an API.

Usage: console [COMMAND] [FLAGS]

`)
	for _, v := range verbs() {
		fmt.Fprintf(c.stdout, "  %-24s %s\n", v.name, v.summary)
	}
	fmt.Fprint(c.stdout, `
Flags override the environment variables named beside them. Commands that take
-database migrate it to the latest schema first.
If the last owner is locked out, restore their access with user password, user
reset-second-factor, user enable and user role.
A running console serves its documentation at /docs.
Exit codes: 0 success, 1 failure, 2 usage error.
`)
	for _, v := range verbs() {
		if v.name == c.verb.name {
			continue
		}
		fmt.Fprintln(c.stdout)
		err := v.run(ctx, newCommand(v, []string{"-help"}, c.getenv, c.stdin, c.stdout, c.stderr))
		if !errors.Is(err, flag.ErrHelp) {
			return err
		}
	}
	return nil
}
