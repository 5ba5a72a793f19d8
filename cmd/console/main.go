// Command console serves the Protocol Console and administers its database.
//
// Each subject of the command line is a file: serve.go, migrate.go, user.go, roles.go,
// token.go, audit.go, key.go, seed.go, version.go. What they share, flags and environment and
// the opened database, is in command.go.
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
		stop()                        // and a second of the others ends the program at once
	})
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// stopSignals are those on which the program stops in order. One that whoever started it
// has it ignore, as nohup does, stays ignored.
func stopSignals() []os.Signal {
	return slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
}

// verb is one thing the program can do.
type verb struct {
	name, summary string
	run           func(ctx context.Context, c *command) error
}

func verbs() []verb {
	return []verb{
		{"serve", "serve the console and its API (the default)", serve},
		{"migrate", "bring the database to the newest schema", migrate},
		{"user create", "make somebody who can sign in", createUser},
		{"user password", "give somebody a new password", setPassword},
		{"user list", "list the people", listUsers},
		{"user role", "give somebody another role", changeRole},
		{"user disable", "keep somebody out, and end their sessions and tokens", disableUser},
		{"user enable", "let somebody sign in again", enableUser},
		{"user reset-second-factor", "take away a second factor that somebody lost", resetSecondFactor},
		{"roles", "print who may do what", roles},
		{"token create", "make an API token and print it", createToken},
		{"token list", "list the API tokens", listTokens},
		{"token roll", "give an API token a new secret and print it", rollToken},
		{"token revoke", "end an API token", revokeToken},
		{"job list", "list the jobs", listJobs},
		{"job show", "show a job and, if asked, what became of each object", showJob},
		{"job cancel", "stop a job after what it is doing", cancelJob},
		{"audit verify", "tell whether the activity is as the console wrote it", verifyAudit},
		{"audit adopt", "accept activity that is not in order as it is; every later check tells of it", adoptAudit},
		{"key rotate", "encrypt secrets with a new key", rotateKey},
		{"seed", "fill an empty database with sample data", seed},
		{"version", "print the version", version},
		{"help", "explain all of this", help},
	}
}

// run carries out one command line and returns the exit code: 0 for done, 1 for
// what could not be done, 2 for what could not be understood.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	verb, rest, err := findVerb(args)
	if err == nil {
		err = verb.run(ctx, newCommand(verb, rest, getenv, stdin, stdout, stderr))
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	// One line, however many the database's driver took.
	fmt.Fprintln(stderr, "console:", strings.Join(strings.Fields(err.Error()), " "))
	if _, ok := errors.AsType[misuse](err); ok {
		return 2
	}
	return 1
}

// findVerb splits the arguments into a verb, of one word or two, and what is
// for it. Flags alone are for serve.
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
		return verb{}, nil, misusef("%q takes a second word; console -help lists the commands", args[0])
	}
	return verb{}, nil, misusef("there is no command %q; console -help lists them", strings.Join(args[:min(2, len(args))], " "))
}

// isFamily reports whether a word begins the names of several commands, as token does.
func isFamily(word string) bool {
	return slices.ContainsFunc(verbs(), func(v verb) bool { return strings.HasPrefix(v.name, word+" ") })
}

func isHelp(arg string) bool {
	name := strings.TrimLeft(arg, "-")
	return name != arg && (name == "help" || name == "h")
}

// help explains the program and then every verb, in the words of each.
func help(ctx context.Context, c *command) error {
	fmt.Fprint(c.stdout, `Protocol Console: the groups, contacts and members of a Protocol service, in the
browser and over an API.

Usage: console [COMMAND] [FLAGS]

`)
	for _, v := range verbs() {
		fmt.Fprintf(c.stdout, "  %-24s %s\n", v.name, v.summary)
	}
	fmt.Fprint(c.stdout, `
A flag wins over the environment variable named beside it. Every command that
takes -database brings it to the newest schema before anything else.
Where the last owner lost everything: user password, user reset-second-factor, user
enable and user role let them in again.
Exit codes: 0 done, 1 could not be done, 2 not understood.
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
