package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"protocol.chat/console/models"
)

// keyVariable is the environment variable that can hold the keys themselves.
const keyVariable = "CONSOLE_KEY"

// keys are the keys of the environment or else of the key file, which is made where it
// is missing.
func (c *command) keys() (models.Keys, error) {
	if text := c.getenv(keyVariable); text != "" {
		keys, err := models.ParseKeys(text)
		if err != nil {
			return keys, fmt.Errorf("%s can't be used: %w", keyVariable, err)
		}
		return keys, nil
	}
	file := c.keyPath()
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		keys := models.NewKeys()
		return keys, writeKeys(file, keys)
	}
	if err != nil {
		return models.Keys{}, fmt.Errorf("the key file can't be read: %w", err)
	}
	keys, err := models.ParseKeys(string(text))
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

// writeKeys writes a key file that did not exist, whole or not at all, for its owner only.
func writeKeys(file string, keys models.Keys) error {
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
	// Link fails where another start made the file meanwhile, and Rename would not.
	if err := os.Link(made.Name(), file); err != nil {
		return fmt.Errorf("the key file can't be made: %w", err)
	}
	return nil
}
