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

// keys returns the keys from the environment, or else from the key file.
func (c *command) keys() (keys.Keys, error) {
	if c.keysGiven() {
		keys, err := keys.ParseKeys(c.getenv(keyVariable))
		if err != nil {
			return keys, fmt.Errorf("invalid %s: %w", keyVariable, err)
		}
		return keys, nil
	}
	return readKeys(c.keyPath())
}

// keysFor returns the keys of a database. It creates a missing key file only if the database
// has never been opened with a key: a new one couldn't read anything.
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
		return ring, fmt.Errorf("no key file at %s, but the database was last opened with key %s: restore its key file there, or pass its path with -key-file", c.keyPath(), name)
	}
	ring = keys.NewKeys()
	return ring, writeKeys(c.keyPath(), ring)
}

// readKeys reads a key file.
func readKeys(file string) (keys.Keys, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return keys.Keys{}, fmt.Errorf("can't read the key file: %w", err)
	}
	keys, err := keys.ParseKeys(string(text))
	if err != nil {
		return keys, fmt.Errorf("invalid key file %s: %w", file, err)
	}
	return keys, nil
}

// keyPath returns the path of the key file.
func (c *command) keyPath() string {
	return cmp.Or(c.keyFile, filepath.Join(c.dataFolder(), "console.key"))
}

// dataFolder returns where files of the console are by default: next to the SQLite file, or in
// data/.
func (c *command) dataFolder() string {
	if database, ok := strings.CutPrefix(c.databaseURL, "sqlite:"); ok {
		return filepath.Dir(database)
	}
	return "data"
}

// markPath returns the path of the server's own checkpoint of the activity log: next to the key
// file, named after the database.
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

// fileRune replaces characters that file names can't have.
func fileRune(r rune) rune {
	if strings.ContainsRune("/\\:\"* ", r) {
		return '-'
	}
	return r
}

// rotateKey creates a key and encrypts all secrets with it.
func rotateKey(ctx context.Context, c *command) error {
	c.database()
	show := c.flags.Bool("print", false, "print a new value for CONSOLE_KEY and change nothing, if the keys are there")
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
		case unfinished: // the new key exists already
		case c.keysGiven():
			return fmt.Errorf("the keys come from %s: set it to the output of console key rotate -print, then run this again", keyVariable)
		default:
			keys = keys.Rotated()
			if err := replaceKeys(c.keyPath(), keys); err != nil {
				return err
			}
		}
		n, err := store.Identity.Rotate(ctx, c.actor(), keys)
		if err != nil {
			return fmt.Errorf("the new key is in use, but not everything is encrypted with it yet; run this again: %w", err)
		}
		then := "Running consoles reload this key file automatically. Update its copies elsewhere."
		if c.keysGiven() {
			then = "Restart every console that serves this database with the new " + keyVariable + "."
		}
		_, err = fmt.Fprintf(c.stdout, "Key rotated; secrets re-encrypted: %d. %s\n", n, then)
		return err
	})
}

// writeKeys atomically writes a key file that doesn't exist yet.
func writeKeys(file string, keys keys.Keys) error {
	// Unlike Rename, Link fails if another start has just created the file.
	return putKeys(file, keys, os.Link)
}

// replaceKeys atomically replaces a key file.
func replaceKeys(file string, keys keys.Keys) error { return putKeys(file, keys, os.Rename) }

// putKeys writes keys to a temporary file, readable by its owner only, and then puts it in place.
func putKeys(file string, keys keys.Keys, put func(from, to string) error) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("can't create the key file's directory: %w", err)
	}
	made, err := os.CreateTemp(filepath.Dir(file), ".key-*")
	if err != nil {
		return fmt.Errorf("can't create the key file: %w", err)
	}
	defer os.Remove(made.Name())
	_, err = made.WriteString("# Encryption keys of Protocol Console, newest first. Back them up separately from the database.\n" + keys.Text())
	if err := errors.Join(err, made.Sync(), made.Close()); err != nil {
		return fmt.Errorf("can't write the key file: %w", err)
	}
	if err := put(made.Name(), file); err != nil {
		return fmt.Errorf("can't create the key file: %w", err)
	}
	return nil
}
