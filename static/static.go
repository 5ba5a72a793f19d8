// Package static holds the console's stylesheet, scripts and icons. Every file is served at an
// address with a hash of its content, so that browsers can cache it forever and never use an old
// one.
package static

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

// Prefix is the path that Handler must be mounted at.
const Prefix = "/static/"

//go:embed css js icons.svg favicon.svg docs.css
var files embed.FS

// reloaded are the files that Reload has read, or nil.
var reloaded atomic.Pointer[bundle]

// embedded are the files of the program. Minifying them would be a third of what its start takes.
var embedded = sync.OnceValue(func() *bundle {
	read, err := load(files, "")
	if err != nil {
		panic(fmt.Sprintf("static: reading the embedded files: %v", err))
	}
	return read
})

// current returns the files that are served.
func current() *bundle {
	if read := reloaded.Load(); read != nil {
		return read
	}
	return embedded()
}

// Prepare makes the files ready, so that the first page needn't wait for them.
func Prepare() {
	for _, a := range embedded().assets {
		a.gzipped()
	}
}

// Reload serves the files of fsys, a folder like this one, from now on, not minified and with
// script at the end of app.js. It is for development.
func Reload(fsys fs.FS, script string) error {
	read, err := load(fsys, script)
	if err == nil {
		reloaded.Store(read)
	}
	return err
}

// provided are files that the program makes itself, by name.
var provided = map[string][]byte{}

// Provide adds a file that the program makes, and returns its name. Call it before main begins.
func Provide(name string, body []byte) string {
	provided[name] = body
	return name
}

// bundle is a set of files that belong together.
type bundle struct {
	assets    map[string]*asset // by address
	addresses map[string]string // by name
}

// An asset is a file, ready to be sent plain or compressed.
type asset struct {
	contentType string
	plain       []byte
	gzipped     func() []byte // made when it is first needed; nil if it isn't smaller
	// brotli is an eighth smaller, and takes too long to be made before the first answer.
	brotli     atomic.Pointer[[]byte]
	makeBrotli sync.Once
}

// URL returns the address of a file: URL("app.css") is /static/app.<hash>.css. It panics if the
// file does not exist.
func URL(name string) string {
	address, ok := current().addresses[name]
	if !ok {
		panic("static: there is no file " + strconv.Quote(name))
	}
	return address
}

// Handler returns a handler of the addresses that URL returns; all others are not found.
func Handler() http.Handler {
	return http.HandlerFunc(serve)
}

func serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET and HEAD are allowed.", http.StatusMethodNotAllowed)
		return
	}
	a, ok := current().assets[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "max-age=31536000, immutable")
	h.Set("Content-Type", a.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding") // Set, so that it is there once
	body, coding := a.encoded(r.Header.Get("Accept-Encoding"))
	etag := `"` + cmp.Or(coding, "plain") + `"` // what else differs has another address
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	h.Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the client is gone
}

// encoded returns the smallest form of the asset that an Accept-Encoding header allows, and its
// coding, "" for none. What is compressed with Brotli is made beside the first request for it,
// which is answered with gzip.
func (a *asset) encoded(accept string) (body []byte, coding string) {
	if accepts(accept, "br") {
		a.makeBrotli.Do(func() { go a.compressMore() })
		if smaller := a.brotli.Load(); smaller != nil {
			return *smaller, "br"
		}
	}
	if accepts(accept, "gzip") {
		if smaller := a.gzipped(); smaller != nil {
			return smaller, "gzip"
		}
	}
	return a.plain, ""
}

// accepts reports whether an Accept-Encoding header has a coding, and not with q=0.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) != coding {
			continue
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !found || (err == nil && weight > 0)
	}
	return false
}

// joined are the folders whose files are joined into one, in the order of their names, so that a page
// needs few requests: the styles into app.css, and scripts into one that is a strict function.
var joined = map[string]string{"css": "app.css", "js/app": "app.js", "js/console": "console.js"}

// load reads all files. Those of ours are minified, unless they are to be read by who works on
// them: then script is added to app.js.
func load(fsys fs.FS, script string) (*bundle, error) {
	b := &bundle{map[string]*asset{}, map[string]string{}}
	parts := maps.Clone(provided)
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || contentType(path.Ext(name)) == "" {
			return err
		}
		body, err := fs.ReadFile(fsys, name)
		whole := cmp.Or(joined[path.Dir(name)], path.Base(name))
		parts[whole] = append(parts[whole], body...)
		return err
	})
	for _, name := range []string{"app.js", "console.js"} {
		parts[name] = slices.Concat([]byte("(() => {\n'use strict';\n"), parts[name], []byte("})();\n"))
	}
	for name, body := range parts {
		switch {
		case script == "" && !strings.HasSuffix(name, ".min.js"):
			if body, err = minified(name, body); err != nil {
				return nil, err
			}
		case name == "app.js":
			body = append(body, script...)
		}
		b.add(name, body)
	}
	return b, err
}

// minified returns a stylesheet or script without comments, spaces and long names that nobody but us
// needs, and anything else as it is.
func minified(name string, body []byte) ([]byte, error) {
	m := minify.New()
	m.AddFunc(".css", css.Minify)
	m.AddFunc(".js", js.Minify)
	short, err := m.Bytes(path.Ext(name), body)
	if errors.Is(err, minify.ErrNotExist) {
		return body, nil
	}
	return short, err
}

func (b *bundle) add(name string, body []byte) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:8])
	ext := path.Ext(name)
	address := Prefix + strings.TrimSuffix(name, ext) + "." + hash + ext
	b.addresses[name] = address
	b.assets[address] = &asset{
		contentType: contentType(ext),
		plain:       body,
		gzipped:     sync.OnceValue(func() []byte { return compress(body) }),
	}
}

// contentType returns the type of a file. It doesn't rely on the machine's list of types, which
// varies.
func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".json":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	}
	return ""
}

// compress returns the body compressed with gzip, or nil if that isn't smaller.
func compress(body []byte) []byte {
	var out bytes.Buffer
	zw, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic(fmt.Sprintf("static: %v", err))
	}
	write(zw, body)
	if out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
}

// compressMore makes the form that is compressed with Brotli, if it is the smallest.
func (a *asset) compressMore() {
	var out bytes.Buffer
	write(brotli.NewWriterLevel(&out, brotli.BestCompression), a.plain)
	if out.Len() < min(len(a.plain), cmp.Or(len(a.gzipped()), len(a.plain))) {
		a.brotli.Store(new(out.Bytes()))
	}
}

// write writes the body to memory through a compressor.
func write(zw io.WriteCloser, body []byte) {
	_, err := zw.Write(body)
	if err == nil {
		err = zw.Close()
	}
	if err != nil {
		panic(fmt.Sprintf("static: compressing: %v", err))
	}
}
