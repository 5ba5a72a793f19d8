package backups

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"protocol.chat/console/models/db"
)

// maxManifest is how long a manifest can be, in bytes.
const maxManifest = 1 << 20

// errNotWhole refuses a file that is not a backup, or no longer as it was written.
var errNotWhole = errors.New("this isn't a complete backup of the console: it was cut off, changed or is another file")

// Restore fills the empty database at url with a backup of the same engine. Nothing is
// restored from one that was cut off or changed. Errors: db.ErrNotEmpty.
func Restore(ctx context.Context, url string, r io.Reader) (m Manifest, err error) {
	engine, err := db.EngineOf(url)
	if err != nil {
		return m, err
	}
	folder, err := db.RestoreFolder(url)
	if err != nil {
		return m, err
	}
	work, err := os.MkdirTemp(folder, ".console-restore-")
	if err != nil {
		return m, fmt.Errorf("the folder for unpacking the backup can't be made: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	path := filepath.Join(work, databaseName)
	if m, err = unpack(stoppable{ctx, r}, engine, path); err != nil {
		return m, err
	}
	return m, db.Restore(ctx, url, path, func(d *db.DB) error { return m.matches(d, d.Read(ctx)) })
}

// unpack writes the database of a backup to the file at path, and checks that it is whole.
func unpack(r io.Reader, engine, path string) (m Manifest, err error) {
	packed, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return m, err
	}
	defer packed.Close()
	archive := tar.NewReader(packed)
	if err := next(archive, manifestName); err != nil {
		return m, err
	}
	if err := json.NewDecoder(io.LimitReader(archive, maxManifest)).Decode(&m); err != nil {
		return m, fmt.Errorf("%w (%w)", errNotWhole, err)
	}
	if err := m.suits(engine); err != nil {
		return m, err
	}
	if err := next(archive, databaseName); err != nil {
		return m, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return m, err
	}
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, hash), archive)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return m, readFault(err)
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		return m, errNotWhole
	}
	if _, err := io.Copy(io.Discard, packed); err != nil { // the checksum is at the end
		return m, readFault(err)
	}
	if size != m.Size || hex.EncodeToString(hash.Sum(nil)) != m.SHA256 {
		return m, errNotWhole
	}
	return m, nil
}

// suits returns why the backup can't be restored into a database of the engine, or nil.
func (m Manifest) suits(engine string) error {
	switch {
	case m.Format > format:
		return errNewer
	case m.Format < 1:
		return errNotWhole
	case m.Engine != engine:
		return fmt.Errorf("this is a backup of %s, which can't be restored into %s", m.EngineVersion, engine)
	}
	return nil
}

// next goes on to the next file of an archive, which must have the name.
func next(archive *tar.Reader, name string) error {
	header, err := archive.Next()
	if err != nil {
		return readFault(err)
	}
	if header.Name != name || header.Typeflag != tar.TypeReg {
		return errNotWhole
	}
	return nil
}

// readFault returns the error of reading a backup: errNotWhole, unless the system's or the context's
// own says more.
func readFault(err error) error {
	if _, ofSystem := errors.AsType[*os.PathError](err); ofSystem || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w (%w)", errNotWhole, err)
}
