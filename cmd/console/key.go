package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"protocol.chat/console/models"
	"protocol.chat/console/models/keys"
)

// keyVariable is the environment variable that can hold the keys themselves.
const keyVariable = "CONSOLE_KEY"

// keysGiven reports whether the keys come from the environment, and not from a file.
func (c *command) keysGiven() bool { return c.getenv(keyVariable) != "" }

// keys are the keys of the environment or else of the key file.
func (c *command) keys() (keys.Keys, error) {
	if c.keysGiven() {
		keys, err := keys.ParseKeys(c.getenv(keyVariable))
		if err != nil {
			return keys, fmt.Errorf("%s can't be used: %w", keyVariable, err)
		}
		return keys, nil
	}
	return readKeys(c.keyPath())
}

// keysFor are the keys to open a database with. A missing key file is made for a database
// that was opened with no key yet; for another one a new key would be of no use.
func (c *command) keysFor(ctx context.Context, store *models.Store) (keys.Keys, error) {
	ring, err := c.keys()
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, err
	}
	name, err := store.Audit.KeyName(ctx)
	if err != nil {
		return ring, err
	}
	if name != "" {
		return ring, fmt.Errorf("there is no key file %s, and the database was last opened with the key %s: put a copy of its key file there, or say where it is with -key-file", c.keyPath(), name)
	}
	ring = keys.NewKeys()
	return ring, writeKeys(c.keyPath(), ring)
}

// readKeys reads a key file.
func readKeys(file string) (keys.Keys, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return keys.Keys{}, fmt.Errorf("the key file can't be read: %w", err)
	}
	keys, err := keys.ParseKeys(string(text))
	if err != nil {
		return keys, fmt.Errorf("the key file %s can't be used: %w", file, err)
	}
	return keys, nil
}

// keyPath is where the key file is.
func (c *command) keyPath() string {
	if database, ok := strings.CutPrefix(c.databaseURL, "sqlite:"); ok {
		return cmp.Or(c.keyFile, filepath.Join(filepath.Dir(database), "console.key"))
	}
	return cmp.Or(c.keyFile, filepath.Join("data", "console.key"))
}

// markPath is where the mark of how far the activity goes is kept: beside the key file, or
// where that would be, under the name of the database.
func (c *command) markPath() string {
	name := "console"
	if database, ok := strings.CutPrefix(c.databaseURL, "sqlite:"); ok {
		name = filepath.Base(database)
	} else if at, err := pgconn.ParseConfig(c.databaseURL); err == nil {
		words := []string{strings.Trim(at.Host, "/"), strconv.Itoa(int(at.Port)), at.Database, at.RuntimeParams["search_path"]}
		name = strings.Map(fileRune, strings.Trim(strings.Join(words, "-"), "-"))
	}
	return cmp.Or(c.markFile, filepath.Join(filepath.Dir(c.keyPath()), name+".mark"))
}

// fileRune is a character as the name of a file may have it.
func fileRune(r rune) rune {
	if strings.ContainsRune("/\\:\"* ", r) {
		return '-'
	}
	return r
}

// rotateKey makes a new key, and encrypts with it whatever the old ones have encrypted.
func rotateKey(ctx context.Context, c *command) error {
	c.database()
	show := c.flags.Bool("print", false, "with the keys in CONSOLE_KEY: print the value to set in its place, and change nothing")
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStore(ctx, func(store *models.Store) error {
		keys, err := c.keys()
		if err != nil {
			return err
		}
		unfinished, err := store.Identity.UnfinishedRotation(ctx)
		if err != nil {
			return err
		}
		switch {
		case *show:
			_, err := fmt.Fprintln(c.stdout, strings.Join(strings.Fields(keys.Rotated().Text()), " "))
			return err
		case unfinished: // the new key is there already
		case c.keysGiven():
			return fmt.Errorf("the keys come from %s, which only you can change: set it to what console key rotate -print prints, then run this again", keyVariable)
		default:
			keys = keys.Rotated()
			if err := replaceKeys(c.keyPath(), keys); err != nil {
				return err
			}
		}
		n, err := store.Identity.Rotate(ctx, c.actor(), keys)
		if err != nil {
			return fmt.Errorf("the new key is in use, but not everything is encrypted with it; run this again: %w", err)
		}
		then := "Consoles that run with this key file take the new key up by themselves; give copies of the file elsewhere the new one."
		if c.keysGiven() {
			then = "Restart every console that serves this database with the new " + keyVariable + "."
		}
		_, err = fmt.Fprintf(c.stdout, "A new key is in use; secrets encrypted anew: %d. %s\n", n, then)
		return err
	})
}

// writeKeys writes a key file that did not exist, whole or not at all.
func writeKeys(file string, keys keys.Keys) error {
	// Link fails where another start made the file meanwhile, and Rename would not.
	return putKeys(file, keys, os.Link)
}

// replaceKeys writes a key file in place of one, whole or not at all.
func replaceKeys(file string, keys keys.Keys) error { return putKeys(file, keys, os.Rename) }

// putKeys writes keys beside their file, for its owner only, and then puts them there.
func putKeys(file string, keys keys.Keys, put func(from, to string) error) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("the folder of the key file can't be made: %w", err)
	}
	made, err := os.CreateTemp(filepath.Dir(file), ".key-*")
	if err != nil {
		return fmt.Errorf("the key file can't be made: %w", err)
	}
	defer os.Remove(made.Name())
	_, err = made.WriteString("# The keys of Protocol Console, the newest first. Keep a copy apart from the database's.\n" + keys.Text())
	if err := errors.Join(err, made.Sync(), made.Close()); err != nil {
		return fmt.Errorf("the key file can't be written: %w", err)
	}
	if err := put(made.Name(), file); err != nil {
		return fmt.Errorf("the key file can't be made: %w", err)
	}
	return nil
}
