package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/sheet"
	"protocol.chat/console/models/text"
)

// An import is a job (package jobs) about the rows of a file, each of which makes or changes
// a group or contact. The file is uploaded (Upload), looked at (Describe), checked without a
// change of anything (Check), and then written (Start).

// ImportType is what the rows of a file are.
type ImportType string

// The types of imports.
const (
	ImportGroups   ImportType = "groups"
	ImportContacts ImportType = "contacts"
)

// ImportTypes are all types of imports.
var ImportTypes = []ImportType{ImportGroups, ImportContacts}

// ImportMatch is how the group or contact is found that a row is about.
type ImportMatch string

// The ways to match. By MatchID a row with an id from another console finds what an earlier
// import created for it.
const (
	MatchID       ImportMatch = "id"
	MatchName     ImportMatch = "name"
	MatchUsername ImportMatch = "username"
)

// ImportMode is what becomes of a file with rows that can't be imported.
type ImportMode string

// The modes.
const (
	// BestEffort imports the other rows.
	BestEffort ImportMode = "best_effort"
	// AllOrNothing imports none, and all rows in one transaction.
	AllOrNothing ImportMode = "all_or_nothing"
)

// ImportModes are all modes, the usual one first.
var ImportModes = []ImportMode{BestEffort, AllOrNothing}

// Limits of imports.
const (
	MaxImportSize = 200 << 20 // bytes of a file
	MaxImportRows = 1_000_000
	// MaxWholeRows is how many rows a file has at most in AllOrNothing.
	MaxWholeRows = 10_000
)

// ImportUpload is a file that is sent for an import.
type ImportUpload struct {
	Type ImportType
	// Filename is what the sender calls the file; "" if it has no name.
	Filename string
}

// ImportOptions say how a file is imported. The zero values are what Describe guesses.
type ImportOptions struct {
	// Mapping has the field that each column is, as ImportType.Fields names it, or "" for a
	// column that is left out.
	Mapping []string
	// Names has the fields of columns by their names, over Mapping or what is guessed: "" for
	// a column that is left out.
	Names map[string]string `json:"-"`
	Match ImportMatch
	Mode  ImportMode
}

// ImportFile is what is known of an uploaded file.
type ImportFile struct {
	Type     ImportType
	Filename string
	// Size is in bytes, of the file as UTF-8.
	Size int64
	// Format is "csv" or "ndjson"; Encoding "utf-8", "utf-16le", "utf-16be" or
	// "windows-1252"; Delimiter ",", ";" or "\t", or "" for NDJSON.
	Format, Encoding, Delimiter string
	Columns                     []ImportColumn
	// Options are those of the last check, or guessed.
	Options ImportOptions

	guessed ImportOptions
}

// ImportColumn is a column of a file, with its first values that are not empty.
type ImportColumn struct {
	Name    string
	Samples []string
}

// ImportField is a value that a column can have.
type ImportField struct {
	// Name is the API's: "description".
	Name string
	// Label is for people, within a sentence.
	Label string
}

// Fields returns what the columns of a file can be.
func (t ImportType) Fields() []ImportField {
	fields := []ImportField{{"id", "id"}}
	if t == ImportContacts {
		for _, f := range contactFields {
			fields = append(fields, ImportField{f.name, f.label})
		}
		return fields
	}
	for _, f := range groupFields {
		fields = append(fields, ImportField{f.name, f.label})
	}
	return append(fields, ImportField{"archived_at", "archive time"}, ImportField{"contacts", "members"})
}

// known reports whether a type has a field.
func (t ImportType) known(field string) bool {
	return slices.ContainsFunc(t.Fields(), func(f ImportField) bool { return f.Name == field })
}

// Matches returns the ways to match that a type has, the usual one first.
func (t ImportType) Matches() []ImportMatch {
	if t == ImportContacts {
		return []ImportMatch{MatchUsername, MatchID}
	}
	return []ImportMatch{MatchName, MatchID}
}

// Right returns the right that an import takes. One that changes members or the archive
// takes those rights as well.
func (t ImportType) Right() access.Right {
	if t == ImportContacts {
		return access.EditContacts
	}
	return access.EditGroups
}

// Kind returns the kind of the type's jobs, and undoKind that of those that undo them.
func (t ImportType) Kind() string     { return string(t) + ".import" }
func (t ImportType) undoKind() string { return string(t) + ".import_undo" }

// ImportOf returns what a job imports, and false if it is another job.
func ImportOf(job jobs.Job) (ImportType, ImportOptions, bool) {
	spec, ok := importSpecOf(job)
	return spec.Type, spec.Options, ok
}

// importSpec is an import as its job stores it.
type importSpec struct {
	Type ImportType
	// Filename is what the sender called the file; "" of older jobs.
	Filename string `json:",omitempty"`
	Form     sheet.Form
	Columns  []string
	Options  ImportOptions
	// Snapshot is above the ids of all audit lines of the time of the check: what others
	// changed later is left alone.
	Snapshot string `json:",omitempty"`
	// RetryOf is the job whose failed rows are meant instead, and FileOf the one that has the
	// file, if it is not this one.
	RetryOf string `json:",omitempty"`
	FileOf  string `json:",omitempty"`
}

// ImportFilename returns the name of the file that a job imports, or "".
func ImportFilename(job jobs.Job) string {
	spec, _ := importSpecOf(job)
	return spec.Filename
}

func importSpecOf(job jobs.Job) (spec importSpec, ok bool) {
	ok = slices.ContainsFunc(ImportTypes, func(t ImportType) bool { return t.Kind() == job.Kind }) && job.Read(&spec) == nil
	return spec, ok
}

// column returns the name of the column that is a field.
func (spec importSpec) column(field string) string {
	if i := slices.Index(spec.Options.Mapping, field); i >= 0 {
		return spec.Columns[i]
	}
	return field
}

func (spec importSpec) maps(field string) bool { return slices.Contains(spec.Options.Mapping, field) }

// rights returns what an import takes besides ImportType.Right.
func (s *Imports) rights(job jobs.Job) (rights []access.Right) {
	spec, _ := importSpecOf(job)
	if spec.maps("contacts") {
		rights = append(rights, access.EditMembers)
	}
	if spec.maps("archived_at") {
		rights = append(rights, access.ArchiveGroups)
	}
	return rights
}

// Describe returns what is known of an import's file. Errors: ErrNotFound, also if the file
// has expired; Denied.
func (s *Imports) Describe(ctx context.Context, by access.Actor, id string) (ImportFile, error) {
	job, spec, err := s.importJob(ctx, by, id)
	if err != nil {
		return ImportFile{}, err
	}
	stored, content, err := s.store.Jobs.Files.Open(ctx, cmp.Or(spec.FileOf, job.ID))
	if err != nil {
		return ImportFile{}, err
	}
	f := spec.describe(io.LimitReader(content, sheet.Head))
	f.Filename, f.Size = stored.Name, stored.Size
	return f, nil
}

// importJob returns the job of an import. Errors: ErrNotFound, Denied.
func (s *Imports) importJob(ctx context.Context, by access.Actor, id string) (jobs.Job, importSpec, error) {
	job, err := s.store.Jobs.Job(ctx, id)
	if err != nil {
		return job, importSpec{}, err
	}
	spec, ok := importSpecOf(job)
	if !ok {
		return job, spec, access.ErrNotFound
	}
	return job, spec, by.Check(job.Needs)
}

// Check starts to find out what an import would do: the job is Checking, and then Checked
// with the numbers in Job.Expected, or Failed if the file can't be read to its end. The rows
// that have errors are its failed results. An import can be checked again until it is started.
// Errors: ErrNotFound, Denied, Invalid about "mapping", "match" or "mode", Conflict.
func (s *Imports) Check(ctx context.Context, by access.Actor, id string, o ImportOptions) (jobs.Job, error) {
	file, err := s.Describe(ctx, by, id)
	if errors.Is(err, access.ErrNotFound) {
		if _, _, known := s.importJob(ctx, by, id); known == nil {
			err = access.Conflict{Message: "The file of this import is no longer there. Upload it again."}
		}
	}
	if err != nil {
		return jobs.Job{}, err
	}
	_, spec, err := s.importJob(ctx, by, id)
	if err != nil {
		return jobs.Job{}, err
	}
	var problems access.Invalid
	if spec.Options, problems = spec.resolve(file, o); len(problems) > 0 {
		return jobs.Job{}, problems
	}
	if spec.Snapshot, err = s.store.BulkChanges.snapshot(ctx, string(spec.Type)); err != nil {
		return jobs.Job{}, err
	}
	return s.store.Jobs.Check(ctx, by, id, spec)
}

// resolve returns the options that are meant for a file, with what is guessed for what they
// leave open, and what is wrong with them.
func (spec importSpec) resolve(f ImportFile, o ImportOptions) (ImportOptions, access.Invalid) {
	match := spec.Type.Matches()[0]
	if o.Mapping == nil {
		o.Mapping, match = f.guessed.Mapping, f.guessed.Match
	}
	var problems access.Invalid
	if o.Mapping, problems = spec.named(o.Mapping, o.Names); len(problems) > 0 {
		return o, problems
	}
	if !slices.Contains(o.Mapping, string(match)) {
		match = spec.Type.Matches()[0]
	}
	o.Match, o.Mode = cmp.Or(o.Match, match), cmp.Or(o.Mode, BestEffort)
	return o, spec.checkOptions(o)
}

// named returns a mapping with the columns that names says something of. A field that one of
// them gets is taken from the column that had it.
func (spec importSpec) named(mapping []string, names map[string]string) ([]string, access.Invalid) {
	var problems access.Invalid
	mapping = slices.Clone(mapping)
	for i, column := range spec.Columns {
		if _, named := names[column]; !named && i < len(mapping) && slices.Contains(slices.Collect(maps.Values(names)), mapping[i]) {
			mapping[i] = ""
		}
	}
	for _, column := range slices.Sorted(maps.Keys(names)) {
		i := slices.Index(spec.Columns, column)
		if i < 0 || i >= len(mapping) {
			problems = problems.And(access.Refused("map["+text.Cut(column, 64)+"]", "The file has no column “%s”. It has %s.", text.Cut(column, 64), text.Cut(strings.Join(spec.Columns, ", "), 200)))
			continue
		}
		mapping[i] = names[column]
	}
	return mapping, problems
}

// checkOptions returns what is wrong with options for a file.
func (spec importSpec) checkOptions(o ImportOptions) (problems access.Invalid) {
	if !slices.Contains(spec.Type.Matches(), o.Match) {
		problems = access.Refused("match", "%s can be matched by %s or %s.", spec.Type.label(), spec.Type.Matches()[0], spec.Type.Matches()[1])
	}
	if !slices.Contains(ImportModes, o.Mode) {
		problems = problems.And(access.Refused("mode", "The mode must be best_effort or all_or_nothing."))
	}
	if len(o.Mapping) != len(spec.Columns) {
		return problems.And(access.Refused("mapping", "Choose a field for each of the %d columns.", len(spec.Columns)))
	}
	seen := map[string]bool{}
	for i, field := range o.Mapping {
		switch {
		case field == "":
		case !spec.Type.known(field):
			problems = problems.And(access.Refused("mapping", "The column “%s” can't be “%s”.", text.Cut(spec.Columns[i], 64), text.Cut(field, 64)))
		case seen[field]:
			problems = problems.And(access.Refused("mapping", "Two columns are assigned to the %s.", spec.Type.fieldLabel(field)))
		}
		seen[field] = true
	}
	if needed := string(o.Match); !seen[needed] && len(problems) == 0 {
		problems = access.Refused("mapping", "No column is assigned to the %s, which rows are matched by. The first line of the file must name the columns, such as %s.",
			spec.Type.fieldLabel(needed), spec.Type.header())
	}
	return problems
}

// Start starts a checked import. Errors: ErrNotFound, Denied, Conflict if it is not checked,
// or if it is AllOrNothing and has errors.
func (s *Imports) Start(ctx context.Context, by access.Actor, id string) (jobs.Job, error) {
	job, spec, err := s.importJob(ctx, by, id)
	if err != nil {
		return jobs.Job{}, err
	}
	if spec.Options.Mode == AllOrNothing && job.State == jobs.Checked {
		switch {
		case job.Failed > 0:
			return jobs.Job{}, access.Conflict{Message: fmt.Sprintf("%s rows have errors, so none are imported. Correct the file, or import the other rows alone.", text.Thousands(job.Failed))}
		case job.Total > MaxWholeRows:
			return jobs.Job{}, access.Conflict{Message: fmt.Sprintf("At most %s rows can be imported all or nothing; this file has %s.", text.Thousands(MaxWholeRows), text.Thousands(job.Total))}
		}
	}
	return s.store.Jobs.Release(ctx, by, id)
}

// retry starts a job over the rows that failed in another one.
func (s *Imports) retry(ctx context.Context, by access.Actor, job jobs.Job) (jobs.Job, error) {
	spec, _ := importSpecOf(job)
	if !job.Finished() || job.Failed == 0 {
		return jobs.Job{}, access.Conflict{Message: "There's nothing to retry: no rows failed, or the job is still running."}
	}
	spec.FileOf, spec.RetryOf = cmp.Or(spec.FileOf, job.ID), job.ID
	if _, err := s.store.Jobs.Files.Of(ctx, spec.FileOf); err != nil {
		return jobs.Job{}, access.Conflict{Message: "The file of this import is no longer there. Upload it again."}
	}
	var err error
	if spec.Snapshot, err = s.store.BulkChanges.snapshot(ctx, string(spec.Type)); err != nil {
		return jobs.Job{}, err
	}
	return s.store.Jobs.Start(ctx, by, jobs.Request{Kind: job.Kind, Needs: job.Needs, Spec: spec, Note: job.Note})
}
