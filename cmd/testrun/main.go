// Command testrun runs a command that runs tests, such as go test ./..., with one PostgreSQL
// server for all of their processes. At the end it says what the tests left out.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"protocol.chat/console/models/modelstest"
)

func main() {
	// Ctrl-C is for the command, which ends the tests.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)

	err := run(os.Args[1:])
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("which command?")
	}
	shared, err := modelstest.Share()
	if err != nil {
		return err
	}
	defer shared.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), shared.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	for _, message := range shared.LeftOut() {
		fmt.Println(message)
	}
	return err
}
