package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"protocol.chat/console/models/backups"
	"protocol.chat/console/models/db"
)

// backup writes the database to a file, or again and again to files of a folder.
func backup(ctx context.Context, c *command) error {
	c.database()
	every := c.flags.Duration("every", 0, "`TIME` between backups, like 24h: keep running, and write them to the folder FILE")
	keep := c.flags.Int("keep", 14, "`NUMBER` of backups that stay in the folder, with -every")
	args, err := c.parse("FILE|-")
	if err != nil {
		return err
	}
	if *every < 0 || *every > 0 && *every < time.Minute || *keep < 1 || *every > 0 && args[0] == "-" {
		return misusef("-every takes a time of at least 1m and a folder, and -keep a number from 1 on")
	}
	if file, isSQLite := strings.CutPrefix(c.databaseURL, "sqlite:"); isSQLite {
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("there is no database to back up: %w", err)
		}
	}
	// The database is neither migrated nor unlocked with a key, so that a backup can be made
	// before the program is upgraded.
	d, err := db.OpenToRead(ctx, c.databaseURL)
	if err != nil {
		return fmt.Errorf("can't open the database: %w", err)
	}
	switch {
	case *every > 0:
		err = c.backUpEvery(ctx, *every, args[0], *keep, func(path string) error { return c.backUpTo(ctx, d, path) })
	case args[0] == "-":
		_, err = backups.Write(ctx, d, os.TempDir(), c.stdout)
	default:
		err = c.backUpTo(ctx, d, args[0])
	}
	return errors.Join(err, d.Close())
}

// backUpTo writes a backup to a file, which gets its name once it is whole.
func (c *command) backUpTo(ctx context.Context, d *db.DB, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists already", path)
	}
	folder := filepath.Dir(path)
	part, err := os.CreateTemp(folder, backups.Unfinished+"*") // for its owner alone
	if err != nil {
		return fmt.Errorf("can't write the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part.Name()))
		}
	}()
	m, err := backups.Write(ctx, d, folder, part)
	if err := errors.Join(err, part.Sync(), part.Close()); err != nil {
		return fmt.Errorf("can't write the backup: %w", err)
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "Backed up %s to %s.\n", rowsText(m.Rows), path)
	fmt.Fprintf(c.stdout, "The encryption keys aren't in it. Keep a copy of %s elsewhere: without them, nobody can verify the activity log or read second factors and webhook secrets.\n", c.keysWords())
	return nil
}

// keysWords says where the encryption keys are.
func (c *command) keysWords() string {
	if c.keysGiven() {
		return "CONSOLE_KEY"
	}
	return c.keyPath()
}

// rowsText says how much a database has, from how many rows are in each table.
func rowsText(rows map[string]int64) string {
	return fmt.Sprintf("%d groups, %d contacts and %d messages", rows["groups"], rows["contacts"], rows["messages"])
}

// The names of backups in a folder, whose order is that of their times.
const (
	backupPrefix = "console-"
	backupTime   = "20060102T150405Z"
	backupSuffix = ".tar.zst"
)

// backUpEvery has a backup written whenever the newest in the folder is old enough, and
// removes all but the newest. After a failure, which it reports, it tries again soon.
func (c *command) backUpEvery(ctx context.Context, every time.Duration, folder string, keep int, write func(path string) error) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("can't make the folder: %w", err)
	}
	for {
		made, err := backupsIn(folder)
		if err != nil {
			return err
		}
		wait := time.Duration(0)
		if len(made) > 0 {
			newest, _ := time.Parse(backupTime, timeOf(made[len(made)-1])) // backupsIn has parsed it
			wait = time.Until(newest.Add(every))
		}
		if wait <= 0 {
			path := filepath.Join(folder, backupPrefix+time.Now().UTC().Format(backupTime)+backupSuffix)
			if err := errors.Join(removeUnfinished(folder), write(path), removeAllBut(keep, folder)); err != nil && ctx.Err() == nil {
				fmt.Fprintln(c.stderr, "console:", err)
				wait = every / 10
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// unfinishedFor is how long something unfinished may belong to a backup that is being written.
const unfinishedFor = 24 * time.Hour

// removeUnfinished removes what backups left in a folder that were killed.
func removeUnfinished(folder string) error {
	left, err := filepath.Glob(filepath.Join(folder, backups.Unfinished+"*"))
	for _, path := range left {
		if info, failed := os.Stat(path); failed == nil && time.Since(info.ModTime()) > unfinishedFor {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}

// backupsIn returns the names of the backups in a folder, the oldest first.
func backupsIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("can't read the folder: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if _, err := time.Parse(backupTime, timeOf(entry.Name())); err == nil && entry.Type().IsRegular() {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// timeOf returns the part of a backup's name that is its time.
func timeOf(name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, backupPrefix), backupSuffix)
}

// removeAllBut removes the oldest backups of a folder.
func removeAllBut(keep int, folder string) error {
	made, err := backupsIn(folder)
	for _, name := range made[:max(0, len(made)-keep)] {
		err = errors.Join(err, os.Remove(filepath.Join(folder, name)))
	}
	return err
}

// restore fills an empty database with a backup.
func restore(ctx context.Context, c *command) error {
	c.database()
	args, err := c.parse("FILE|-")
	if err != nil {
		return err
	}
	source := c.stdin
	if args[0] != "-" {
		file, err := os.Open(args[0])
		if err != nil {
			return fmt.Errorf("can't open the backup: %w", err)
		}
		defer file.Close()
		source = file
	}
	m, err := backups.Restore(ctx, c.databaseURL, bufio.NewReaderSize(source, 1<<20))
	if err != nil {
		return err
	}
	// What is left of a stream is read, so that whoever writes it isn't stopped by a closed pipe.
	if _, err := io.Copy(io.Discard, source); err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "Restored %s, as they were on %s.\n", rowsText(m.Rows), time.Unix(m.MadeAt, 0).UTC().Format("2 January 2006 at 15:04:05 UTC"))
	fmt.Fprintf(c.stdout, "Put the encryption keys of that time at %s, then run console audit verify%s.\n", c.keysWords(), expectOf(m))
	return nil
}

// expectOf returns the flag by which audit verify compares the log with the backup's.
func expectOf(m backups.Manifest) string {
	if m.Head == "" {
		return ""
	}
	return " -expect " + m.Head
}
