// Package backups writes a database into one file, and restores it from there.
//
// A backup is a tar archive compressed by zstd, so that it can be opened without the console.
// It has two files: manifest.json says what is in the other, "database", which is a SQLite
// file or what pg_dump wrote. Restore gives a database its place only if it is what the
// manifest says. The encryption keys are never in a backup.
package backups

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// Manifest says what a backup has.
type Manifest struct {
	// Format is that of the archive.
	Format int `json:"format"`
	// Engine is "sqlite" or "postgres", and EngineVersion its version.
	Engine        string `json:"engine"`
	EngineVersion string `json:"engine_version"`
	// MadeAt is when the copy was begun, in Unix seconds.
	MadeAt int64 `json:"made_at"`
	// Schema is the number of the newest migration.
	Schema int64 `json:"schema"`
	// Head identifies the end of the activity log, as console audit verify prints it; "" if
	// nothing is sealed yet.
	Head string `json:"head"`
	// Rows are how many rows each table has.
	Rows map[string]int64 `json:"rows"`
	// Size is that of the file "database" in bytes, and SHA256 its hash in hex.
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// format is the Format of this version. A program refuses those that it does not know.
const format = 1

// The names of the files in a backup, in their order.
const (
	manifestName = "manifest.json"
	databaseName = "database"
)

// describe fills in what a database has at the moment of a Reader.
func (m *Manifest) describe(d *db.DB, r db.Reader) (err error) {
	if m.Schema, err = db.SchemaVersion(r); err != nil {
		return err
	}
	if m.Head, err = audit.HeadName(r); err != nil {
		return err
	}
	m.Rows, err = d.RowCounts(r)
	return err
}

// errNewer refuses what a newer program made.
var errNewer = errors.New("a newer version of the console made this backup: restore it with that version")

// matches returns how a restored database differs from the manifest, or nil.
func (m Manifest) matches(d *db.DB, r db.Reader) error {
	var found Manifest
	if err := found.describe(d, r); err != nil {
		return err
	}
	known, err := d.KnownVersion()
	switch {
	case err != nil:
		return err
	case found.Schema > known:
		return errNewer
	case found.Schema != m.Schema:
		return fmt.Errorf("the restored database has version %d of the schema, and the backup says %d", found.Schema, m.Schema)
	case found.Head != m.Head:
		return fmt.Errorf("the activity log of the restored database ends at %s, and the backup says %s", found.Head, m.Head)
	}
	for _, table := range slices.Sorted(maps.Keys(m.Rows)) {
		if found.Rows[table] != m.Rows[table] {
			return fmt.Errorf("the restored table %s has %d rows, and the backup says %d", table, found.Rows[table], m.Rows[table])
		}
	}
	return nil
}
