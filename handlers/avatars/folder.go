package avatars

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// folder keeps pictures as files within a limit. A file is written whole or not at all, and says
// itself whether it is whole, so that several consoles can share a folder, and one that is killed
// leaves no wrong picture. A file's time is when it was last used, to the hour.
type folder struct {
	path  string
	limit int64 // in bytes

	mu      sync.Mutex
	written int64 // bytes since the folder was last cleared
	clears  bool
}

// stored is a picture in the folder.
type stored struct {
	png []byte
	// sum is its checksum, which is also its ETag.
	sum [sha256.Size]byte
	// at is when it was fetched.
	at time.Time
}

// A file begins with magic, when the picture was fetched in Unix seconds, and its checksum.
const (
	magic  = "avatar 1"
	header = len(magic) + 8 + sha256.Size
	suffix = ".avatar"
)

// touchEvery is how exact the time of a file is.
const touchEvery = time.Hour

// keyOf returns the name under which an address's picture is kept.
func keyOf(address string) string {
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:])
}

func (f *folder) file(key string) string { return filepath.Join(f.path, key[:2], key+suffix) }

// get returns the picture of a key, if it is there and whole.
func (f *folder) get(key string, now time.Time) (stored, bool) {
	name := f.file(key)
	content, err := os.ReadFile(name)
	if err != nil {
		return stored{}, false
	}
	rest, ours := bytes.CutPrefix(content, []byte(magic))
	if !ours || len(content) < header {
		return stored{}, false
	}
	s := stored{png: content[header:], at: time.Unix(int64(binary.BigEndian.Uint64(rest)), 0)}
	copy(s.sum[:], rest[8:])
	if sha256.Sum256(s.png) != s.sum {
		return stored{}, false
	}
	if info, err := os.Stat(name); err == nil && now.Sub(info.ModTime()) > touchEvery {
		_ = os.Chtimes(name, now, now) // else it is deleted a little early
	}
	return s, true
}

// put keeps a picture. Then it clears the folder if it may have grown beyond its limit.
func (f *folder) put(key string, png []byte, now time.Time) error {
	sum := sha256.Sum256(png)
	content := binary.BigEndian.AppendUint64([]byte(magic), uint64(now.Unix()))
	content = append(append(content, sum[:]...), png...)
	name := f.file(key)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(name), "*.part")
	if err != nil {
		return err
	}
	_, err = part.Write(content)
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return f.clearAfter(int64(len(content)), now)
}

// remove forgets a picture.
func (f *folder) remove(key string) { _ = os.Remove(f.file(key)) } // else it is stale in a week

// clearAfter clears the folder once a sixteenth of its limit was written, also by the first write.
func (f *folder) clearAfter(written int64, now time.Time) error {
	f.mu.Lock()
	first := f.written == 0
	f.written += written
	due := !f.clears && (first || f.written > f.limit/16)
	if due {
		f.clears, f.written = true, 1
	}
	f.mu.Unlock()
	if !due {
		return nil
	}
	err := f.clear(now)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clears = false
	return err
}

// kept is a file in the folder.
type kept struct {
	path string
	size int64
	used time.Time
}

// clear deletes what was not used for longest until a tenth of the limit is free, if it is
// exceeded, and what an interrupted write left. Other consoles may do the same meanwhile.
func (f *folder) clear(now time.Time) error {
	var files []kept
	var size int64
	err := filepath.WalkDir(f.path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return ignoreMissing(err)
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		switch {
		case strings.HasSuffix(path, suffix):
			files, size = append(files, kept{path, info.Size(), info.ModTime()}), size+info.Size()
		case strings.HasSuffix(path, ".part") && now.Sub(info.ModTime()) > touchEvery:
			return ignoreMissing(os.Remove(path))
		}
		return nil
	})
	if err != nil || size <= f.limit {
		return err
	}
	slices.SortFunc(files, func(a, b kept) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.path, b.path)) })
	for _, file := range files {
		if size <= f.limit-f.limit/10 {
			break
		}
		if err := ignoreMissing(os.Remove(file.path)); err != nil {
			return err
		}
		size -= file.size
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
