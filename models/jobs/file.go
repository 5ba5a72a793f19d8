package jobs

import (
	"context"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"
	"gorm.io/gorm"

	"protocol.chat/console/models/db"
)

// File is what belongs to a job and is too large for its row: what it reads, or what it
// made. It is kept in the database, so that every program has it, in parts that can be read
// each by itself.
type File struct {
	JobID string `gorm:"primaryKey"`
	// Name is what a download is called.
	Name      string
	MediaType string
	// Size is in bytes.
	Size int64
	// CreatedAt and ExpiresAt are Unix seconds. An expired file is not to be had any more,
	// unless its job is at work.
	CreatedAt, ExpiresAt int64
}

// TableName is GORM's name of the table.
func (File) TableName() string { return "job_files" }

// filePart is a part of a File, compressed. All but the last have partSize bytes.
type filePart struct {
	JobID string `gorm:"primaryKey"`
	Part  int64  `gorm:"primaryKey"`
	Data  []byte
}

func (filePart) TableName() string { return "job_file_parts" }

// partSize is how many bytes of a file one part has, and one transaction writes.
const partSize = 256 << 10

// Compressing takes a window as large as a part, which is all that there is of it.
var (
	compressor = must(zstd.NewWriter(nil, zstd.WithWindowSize(partSize), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true)))
	expander   = must(zstd.NewReader(nil, zstd.WithDecoderMaxMemory(2*partSize), zstd.WithDecoderConcurrency(1)))
)

func must[T any](made T, err error) T {
	if err != nil {
		panic(err)
	}
	return made
}

// Files are those of jobs.
type Files struct{ db *db.DB }

// FileWriter writes a file of a job. Nobody finds it before it is closed.
type FileWriter struct {
	s    *Files
	ctx  context.Context
	file File
	rest []byte // not yet stored
	// beside, unless nil, is called in each transaction that stores a part.
	beside func(tx *gorm.DB) error
}

// Create returns a writer of a job's file, in place of any that it had. The file has the
// JobID, Name, MediaType and ExpiresAt of f.
func (s *Files) Create(ctx context.Context, f File) (*FileWriter, error) {
	f.Size, f.CreatedAt = 0, s.db.Now().Unix()
	for more := true; more; {
		var err error
		if more, err = s.drop(ctx, f.JobID); err != nil {
			return nil, err
		}
	}
	return &FileWriter{s: s, ctx: ctx, file: f, rest: make([]byte, 0, partSize)}, nil
}

// Write appends to the file. Errors: those of the database.
func (w *FileWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		fits := min(len(p), partSize-len(w.rest))
		w.rest, p = append(w.rest, p[:fits]...), p[fits:]
		if len(w.rest) == partSize {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// Close completes the file.
func (w *FileWriter) Close() error {
	return w.transaction(w.closeIn)
}

// closeIn is Close within a transaction.
func (w *FileWriter) closeIn(tx *gorm.DB) error {
	if err := w.store(tx); err != nil {
		return err
	}
	whole := w.file
	whole.Size += int64(len(w.rest))
	return tx.Create(&whole).Error
}

// flush stores the rest as a part, if the disk has room for that and for what others change.
func (w *FileWriter) flush() error {
	if err := w.s.db.Room(); err != nil {
		return err
	}
	err := w.transaction(w.store)
	w.file.Size += int64(len(w.rest))
	w.rest = w.rest[:0]
	return err
}

func (w *FileWriter) store(tx *gorm.DB) error {
	if w.beside != nil {
		if err := w.beside(tx); err != nil {
			return err
		}
	}
	part := filePart{JobID: w.file.JobID, Part: w.file.Size / partSize, Data: compressor.EncodeAll(w.rest, nil)}
	return tx.Create(&part).Error
}

func (w *FileWriter) transaction(do func(tx *gorm.DB) error) error {
	ctx, cancel := context.WithTimeout(w.ctx, db.PieceLimit)
	defer cancel()
	return w.s.db.Transaction(ctx, do)
}

// Of returns the file of a job. Errors: ErrNotFound if it has none, or none any more.
func (s *Files) Of(ctx context.Context, id string) (File, error) {
	var f File
	err := s.db.ReaderFor(ctx).Where("job_id = ? AND expires_at > ?", id, s.db.Now().Unix()).Take(&f).Error
	return f, s.db.Failed(ctx, err)
}

// Open returns the file of a job, and its content in constant memory. Errors:
// ErrNotFound.
func (s *Files) Open(ctx context.Context, id string) (File, io.Reader, error) {
	f, err := s.Of(ctx, id)
	return f, s.Read(s.db.Read(ctx), id, 0), err
}

// Read returns the content of a job's file from one of its bytes on, as r sees it. The
// content may grow while the file is written.
func (s *Files) Read(r db.Reader, id string, from int64) io.Reader {
	return &fileReader{s: s, r: r, id: id, at: from}
}

// fileReader reads a file part by part.
type fileReader struct {
	s    *Files
	r    db.Reader
	id   string
	at   int64  // the place of what comes after part
	part []byte // not yet read
}

// Read returns io.EOF after the last part.
func (f *fileReader) Read(p []byte) (int, error) {
	for len(f.part) == 0 {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.part)
	f.part = f.part[n:]
	return n, nil
}

// next reads the part in which f.at is.
func (f *fileReader) next() error {
	q := db.SelectFrom("job_file_parts", "data", "job_id = ? AND part = ?", f.id, f.at/partSize)
	found, err := db.First(f.r, q, 1, db.OneColumn[[]byte])
	if err != nil {
		return f.s.db.Failed(f.r.Ctx, err)
	}
	if len(found) == 0 {
		return io.EOF
	}
	data, err := expander.DecodeAll(found[0], nil)
	if err != nil {
		return err
	}
	skip := f.at % partSize
	if skip >= int64(len(data)) {
		return io.EOF
	}
	f.at, f.part = f.at-skip+int64(len(data)), data[skip:]
	return nil
}

// partsAtOnce is how many parts of a file one transaction deletes.
const partsAtOnce = 50

// drop deletes some of a job's file, and reports whether there may be more of it.
func (s *Files) drop(ctx context.Context, id string) (more bool, err error) {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	err = s.db.Transaction(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("job_id = ?", id).Delete(&File{}).Error; err != nil {
			return err
		}
		more, err = dropParts(tx, id)
		return err
	})
	return more, err
}

// dropParts deletes some parts of a job's file, and reports whether there were any.
func dropParts(tx *gorm.DB, id string) (some bool, err error) {
	first := tx.Model(&filePart{}).Select("part").Where("job_id = ?", id).Order("part").Limit(partsAtOnce)
	gone := tx.Where("job_id = ? AND part IN (?)", id, first).Delete(&filePart{})
	return gone.RowsAffected > 0, gone.Error
}

// sweep deletes expired files, unless their jobs are at work, and ends the jobs that
// wait for what nobody did in time.
func (s *Files) sweep(ctx context.Context, at time.Time) error {
	var ids []string
	late := s.db.Reader.WithContext(ctx).Model(&Job{}).Where("finished_at IS NULL AND state IN ? AND created_at <= ?", awaiting, at.Add(-Kept).Unix())
	if err := late.Pluck("id", &ids).Error; err != nil {
		return s.db.Failed(ctx, err)
	}
	for _, id := range ids {
		ended := s.db.Writer.WithContext(ctx).Model(&Job{}).Where("id = ? AND state IN ?", id, awaiting).
			Updates(map[string]any{"state": Stopped, "reason": Expired, "finished_at": at.Unix()})
		if ended.Error != nil {
			return s.db.Failed(ctx, ended.Error)
		}
	}
	expired := s.db.Reader.WithContext(ctx).Model(&File{}).Where("expires_at <= ? AND job_id NOT IN (?)", at.Unix(),
		s.db.Reader.Model(&Job{}).Select("id").Where("finished_at IS NULL"))
	if err := expired.Pluck("job_id", &ids).Error; err != nil {
		return s.db.Failed(ctx, err)
	}
	for _, id := range ids {
		for more := true; more; {
			var err error
			if more, err = s.drop(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// Kept is how long files are kept.
const Kept = 24 * time.Hour
