package sheet

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// archives are the beginnings of files that are no text: zip (xlsx, ods), the old xls, gzip,
// PDF, and pages.
var archives = map[string]Code{
	"PK\x03\x04": Workbook, "PK\x05\x06": Workbook, "\xd0\xcf\x11\xe0": Workbook, "\x1f\x8b": Workbook, "Rar!": Workbook, "7z\xbc\xaf": Workbook,
	"%PDF": NotText, "{\\rtf": NotText, "<": NotText,
}

// marks are byte order marks.
var marks = []struct {
	bytes    string
	encoding Encoding
}{{"\xef\xbb\xbf", UTF8}, {"\xff\xfe", UTF16LE}, {"\xfe\xff", UTF16BE}}

// Detect returns how a file is written, by its first bytes, of which there should be Head,
// or all. The encoding of a file without any but ASCII characters in them is "" until UTF8
// has read others. Errors: *Error if it is not a file of rows.
func Detect(head []byte) (Form, error) {
	f := Form{Encoding: encodingOf(head)}
	if f.Encoding == "" || f.Encoding == UTF8 {
		for begin, code := range archives {
			if bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n\ufeff"), []byte(begin)) {
				return f, &Error{Code: code}
			}
		}
	}
	text, err := io.ReadAll(f.UTF8(bytes.NewReader(head), nil))
	if bad, ok := errors.AsType[*Error](err); ok && bad.Code == NotText {
		return f, bad
	}
	text = bytes.TrimLeft(text, " \t\r\n")
	switch {
	case len(text) == 0:
		return f, &Error{Code: Empty}
	case text[0] == '[':
		return f, &Error{Code: JSONArray}
	case text[0] == '{':
		return f, nil
	}
	f.Delimiter = delimiterOf(text)
	return f, nil
}

// encodingOf returns the encoding that the first bytes prove, or "".
func encodingOf(head []byte) Encoding {
	for _, m := range marks {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			return m.encoding
		}
	}
	// Text in UTF-16 has a zero in every other byte of its header.
	if len(head) >= 4 {
		switch zeros := [4]bool{head[0] == 0, head[1] == 0, head[2] == 0, head[3] == 0}; zeros {
		case [4]bool{false, true, false, true}:
			return UTF16LE
		case [4]bool{true, false, true, false}:
			return UTF16BE
		}
	}
	return ""
}

// delimiterOf returns what separates most cells of the first record.
func delimiterOf(text []byte) rune {
	best, most := ',', 1
	for _, delimiter := range []rune{',', ';', '\t'} {
		rows := newCSVRows(bytes.NewReader(text), Form{Delimiter: delimiter}, 0, Place{})
		if cells, err := rows.record(); err == nil && len(cells) > most {
			best, most = delimiter, len(cells)
		}
	}
	return best
}

// UTF8 returns a file of this form as UTF-8 without byte order mark. It sets *found, unless
// nil, to the encoding once that is known. Errors: *Error with NotText, WrongEncoding or CutOff.
func (f Form) UTF8(r io.Reader, found *Encoding) io.Reader {
	if found == nil {
		found = new(Encoding)
	}
	if *found = f.Encoding; f.Encoding == UTF16LE || f.Encoding == UTF16BE {
		endian := unicode.LittleEndian
		if f.Encoding == UTF16BE {
			endian = unicode.BigEndian
		}
		r = transform.NewReader(&pairs{r: r}, unicode.UTF16(endian, unicode.UseBOM).NewDecoder())
		found = new(Encoding)
	}
	return transform.NewReader(r, &toUTF8{found: found, line: 1})
}

// pairs is a reader of bytes that must be even in number.
type pairs struct {
	r   io.Reader
	odd bool
}

func (p *pairs) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if p.odd = p.odd != (n%2 == 1); p.odd && err == io.EOF {
		err = &Error{Code: CutOff}
	}
	return n, err
}

// toUTF8 checks UTF-8, and turns Windows-1252 into it: which of them it is, the first
// character beyond ASCII decides.
type toUTF8 struct {
	found *Encoding
	line  int
	begun bool
}

// Reset implements transform.Transformer.
func (t *toUTF8) Reset() {}

// Transform implements transform.Transformer.
func (t *toUTF8) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	if !t.begun {
		if len(src) < 3 && !atEOF {
			return 0, 0, transform.ErrShortSrc
		}
		if bytes.HasPrefix(src, []byte("\ufeff")) {
			nSrc, *t.found = 3, UTF8
		}
		t.begun = true
	}
	for nSrc < len(src) {
		if nDst+utf8.UTFMax > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		r, size, err := t.decode(src[nSrc:], atEOF)
		if err != nil {
			return nDst, nSrc, err
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}

// decode returns the first character of src, and its size there.
func (t *toUTF8) decode(src []byte, atEOF bool) (r rune, size int, err error) {
	switch c := src[0]; {
	case c == 0:
		return 0, 0, &Error{Code: NotText}
	case c == '\n':
		t.line++
		return '\n', 1, nil
	case c < utf8.RuneSelf:
		return rune(c), 1, nil
	case !utf8.FullRune(src) && !atEOF:
		return 0, 0, transform.ErrShortSrc
	}
	r, size = utf8.DecodeRune(src)
	invalid := r == utf8.RuneError && size == 1
	if *t.found == "" {
		if *t.found = UTF8; invalid {
			*t.found = Windows1252
		}
	}
	switch {
	case *t.found == Windows1252:
		return charmap.Windows1252.DecodeByte(src[0]), 1, nil
	case invalid:
		return 0, 0, &Error{Code: WrongEncoding, Line: t.line}
	}
	return r, size, nil
}

// Columns returns the names of the columns of a file: its header, or the keys of the first
// objects. head is the beginning of the file in UTF-8, of which there should be Head bytes,
// or all. Errors: *Error, also if there are no rows.
func Columns(head []byte, f Form) ([]string, error) {
	if f.NDJSON() {
		names, err := keys(head, len(head) < Head)
		if err == nil && len(names) > MaxColumns {
			err = &Error{Code: TooManyColumns}
		}
		return names, err
	}
	rows := newCSVRows(bytes.NewReader(head), f, 0, Place{})
	record, err := rows.record()
	if err == io.EOF {
		return nil, &Error{Code: Empty}
	}
	if err != nil {
		return nil, err
	}
	if len(record) > MaxColumns {
		return nil, &Error{Code: TooManyColumns}
	}
	names := slices.Clone(record)
	for i, name := range names {
		if names[i] = strings.TrimSpace(name); names[i] == "" {
			names[i] = "Column " + strconv.Itoa(i+1)
		}
	}
	if _, err := rows.record(); err == io.EOF {
		return nil, &Error{Code: NoRows}
	}
	return names, nil
}
