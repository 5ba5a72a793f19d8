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
	"time"

	"github.com/klauspost/compress/zstd"

	"protocol.chat/console/models/db"
)

// Unfinished begins the names of the files and folders of a backup that is being written.
const Unfinished = ".console-backup-"

// Write writes a backup of the database, as it is at one moment, to w. Others read and write
// meanwhile. folder needs room for a copy of the database, which is gone afterwards.
func Write(ctx context.Context, d *db.DB, folder string, w io.Writer) (m Manifest, err error) {
	work, err := os.MkdirTemp(folder, Unfinished)
	if err != nil {
		return m, fmt.Errorf("the folder for the copy of the database can't be made: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	m = Manifest{Format: format, Engine: d.Dialect.Name(), EngineVersion: d.Engine(), MadeAt: d.Now().Unix()}
	path := filepath.Join(work, databaseName)
	if err := d.Dump(ctx, path, func(r db.Reader) error { return m.describe(d, r) }); err != nil {
		return m, err
	}
	file, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer file.Close()
	hash := sha256.New()
	if m.Size, err = io.Copy(hash, stoppable{ctx, file}); err != nil {
		return m, err
	}
	m.SHA256 = hex.EncodeToString(hash.Sum(nil))
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return m, err
	}
	return m, m.archive(w, stoppable{ctx, file})
}

// archive writes the manifest and then the database.
func (m Manifest) archive(w io.Writer, database io.Reader) error {
	said, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		return err
	}
	archive := tar.NewWriter(packed)
	header := tar.Header{Typeflag: tar.TypeReg, Mode: 0o600, ModTime: time.Unix(m.MadeAt, 0)}
	header.Name, header.Size = manifestName, int64(len(said))
	err = archive.WriteHeader(&header)
	if err == nil {
		_, err = archive.Write(said)
	}
	header.Name, header.Size = databaseName, m.Size
	if err == nil {
		err = archive.WriteHeader(&header)
	}
	if err == nil {
		_, err = io.Copy(archive, database)
	}
	return errors.Join(err, archive.Close(), packed.Close())
}

// stoppable is a reader that ends with its context.
type stoppable struct {
	ctx context.Context
	io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}
