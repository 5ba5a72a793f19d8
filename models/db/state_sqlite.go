package db

import "os"

func (d sqliteDialect) traits(r Reader) ([]Trait, error) {
	found, err := Collect(r, "SELECT encoding, journal_mode FROM pragma_encoding, pragma_journal_mode", false, nil, func(s *[2]string) []any { return []any{&s[0], &s[1]} })
	if err != nil {
		return nil, err
	}
	log := Trait{Name: "write-ahead log", Detail: "on"}
	if found[0][1] != "wal" {
		log.Problem = "the file can't have a write-ahead log: move it to a local disk, since network file systems have none"
	}
	return []Trait{{Name: "encoding", Detail: found[0][0]}, log}, nil
}

func (d sqliteDialect) size(Reader) (bytes int64, err error) {
	for _, suffix := range sqliteSuffixes() {
		info, err := os.Stat(d.files.path + suffix)
		if err != nil {
			return 0, err
		}
		bytes += info.Size()
	}
	return bytes, nil
}

// sizeOf counts: to measure, SQLite would have to read the whole file.
func (sqliteDialect) sizeOf(r Reader, table string) (Size, error) {
	n, err := CountUpTo(r, SelectFrom(`"`+table+`"`, "1", "1 = 1"), MaxCounted)
	return Size{Rows: n.N, More: n.More}, err
}
