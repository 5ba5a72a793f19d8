package models

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/sheet"
	"protocol.chat/console/models/text"
)

// Upload stores a file, and returns its job in the state Uploaded. Errors: Denied; Invalid
// about "file" for what is no file of rows.
func (s *Imports) Upload(ctx context.Context, by access.Actor, u ImportUpload, file io.Reader) (jobs.Job, error) {
	spec, _, whole, err := recognise(by, u, file)
	if err != nil {
		return jobs.Job{}, err
	}
	return s.upload(ctx, by, &spec, whole, nil, nil)
}

// Send is Upload and Check at once: unless both succeed, there is no job. Of two requests with
// the same key and the same file, the second returns the job of the first. Errors: as Upload
// and Check, those of the options before all of the file is read.
func (s *Imports) Send(ctx context.Context, by access.Actor, u ImportUpload, o ImportOptions, key *audit.IdempotencyKey, file io.Reader) (jobs.Job, error) {
	if key != nil {
		file = &fingerprinted{r: file, sum: sha256.New(), key: key}
	}
	spec, f, whole, err := recognise(by, u, file)
	if err != nil {
		return jobs.Job{}, err
	}
	if _, problems := spec.resolve(f, o); len(problems) > 0 {
		return jobs.Job{}, problems
	}
	job, err := s.upload(ctx, by, &spec, whole, key, func(ctx context.Context, job jobs.Job) (jobs.Job, error) {
		return s.Check(ctx, by, job.ID, o)
	})
	s.store.Jobs.Wake() // what woke before the transaction ended found no job
	return job, err
}

// fingerprinted is a file that is a part of a key's fingerprint once all of it was read.
type fingerprinted struct {
	r   io.Reader
	sum hash.Hash // nil then
	key *audit.IdempotencyKey
}

func (f *fingerprinted) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if f.sum != nil {
		f.sum.Write(p[:n])
		if err == io.EOF {
			f.key.Fingerprint += " " + hex.EncodeToString(f.sum.Sum(nil))
			f.sum = nil
		}
	}
	return n, err
}

// upload stores a file that was recognised, and does then, unless nil, with its job.
func (s *Imports) upload(ctx context.Context, by access.Actor, spec *importSpec, whole io.Reader, key *audit.IdempotencyKey, then func(context.Context, jobs.Job) (jobs.Job, error)) (jobs.Job, error) {
	media := "text/csv"
	if spec.Form.NDJSON() {
		media = "application/x-ndjson"
	}
	stored := jobs.File{
		Name: cmp.Or(spec.Filename, string(spec.Type)), MediaType: media, ExpiresAt: s.store.DB.Now().Add(jobs.Kept).Unix(),
	}
	request := jobs.Request{Kind: spec.Type.Kind(), Needs: spec.Type.Right(), Spec: spec, Key: key}
	return s.store.Jobs.Upload(ctx, by, request, stored, func(w io.Writer) error {
		_, err := io.Copy(w, spec.Form.UTF8(&sizeLimit{r: whole, left: MaxImportSize}, &spec.Form.Encoding))
		return refusedFile(err)
	}, then)
}

// Recognise returns what is known of a file that is not stored, and how it would be imported.
// Errors: as Send.
func (s *Imports) Recognise(by access.Actor, u ImportUpload, o ImportOptions, file io.Reader) (ImportFile, error) {
	spec, f, whole, err := recognise(by, u, file)
	if err != nil {
		return ImportFile{}, err
	}
	var problems access.Invalid
	if f.Options, problems = spec.resolve(f, o); len(problems) > 0 {
		return ImportFile{}, problems
	}
	counted := &sizeLimit{r: whole, left: MaxImportSize}
	if _, err := io.Copy(io.Discard, spec.Form.UTF8(counted, &spec.Form.Encoding)); err != nil {
		return ImportFile{}, refusedFile(err)
	}
	f.Size, f.Encoding = MaxImportSize-counted.left, cmp.Or(string(spec.Form.Encoding), string(sheet.UTF8))
	return f, nil
}

// recognise returns what the beginning of a file says, and all of the file. Errors: Denied,
// Invalid.
func recognise(by access.Actor, u ImportUpload, file io.Reader) (spec importSpec, f ImportFile, whole io.Reader, err error) {
	if !slices.Contains(ImportTypes, u.Type) {
		return spec, f, nil, access.Refused("type", "The type must be groups or contacts.")
	}
	if err := by.Check(u.Type.Right()); err != nil {
		return spec, f, nil, err
	}
	head := make([]byte, sheet.Head)
	n, err := io.ReadFull(file, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return spec, f, nil, err
	}
	head = head[:n]
	spec.Type, spec.Filename = u.Type, text.Cut(text.StripInvisible(strings.ToValidUTF8(u.Filename, "")), 255)
	if spec.Form, err = sheet.Detect(head); err != nil {
		return spec, f, nil, refusedFile(err)
	}
	// An error is about what was cut off, or will be found when all of it is read.
	begin, _ := io.ReadAll(io.LimitReader(spec.Form.UTF8(bytes.NewReader(head), nil), sheet.Head))
	if spec.Columns, err = sheet.Columns(begin, spec.Form); err != nil {
		return spec, f, nil, refusedFile(err)
	}
	if !spec.Form.NDJSON() && spec.headless() {
		return spec, f, nil, access.Refused("file", "The first line doesn't name the columns. Add a header, such as %s.", u.Type.header())
	}
	f = spec.describe(bytes.NewReader(begin))
	f.Filename = spec.Filename
	return spec, f, io.MultiReader(bytes.NewReader(head), file), nil
}

// refusedFile returns an Invalid for what is wrong with a file, and other errors as they are.
func refusedFile(err error) error {
	if bad, ok := errors.AsType[*sheet.Error](err); ok {
		return access.Refused("file", "%s", bad.Error())
	}
	return err
}

// sizeLimit is a reader that refuses a file that is too large.
type sizeLimit struct {
	r    io.Reader
	left int64
}

func (l *sizeLimit) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return n, access.Refused("file", "The file is larger than %d MB. Split it into several.", MaxImportSize>>20)
	}
	return n, err
}
