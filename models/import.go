package models

import (
	"context"
	"io"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
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
	Match   ImportMatch
	Mode    ImportMode
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
func (t ImportType) Fields() []ImportField { panic("not yet") }

// Matches returns the ways to match that a type has, the usual one first.
func (t ImportType) Matches() []ImportMatch { panic("not yet") }

// Right returns the right that an import takes. One that changes members or the archive
// takes those rights as well.
func (t ImportType) Right() access.Right { panic("not yet") }

// Kind returns the kind of the type's jobs.
func (t ImportType) Kind() string { return string(t) + ".import" }

// ImportOf returns what a job imports, and false if it is another job.
func ImportOf(job jobs.Job) (ImportType, ImportOptions, bool) { panic("not yet") }

// Upload stores a file, and returns its job in the state Uploaded. Errors: Denied; Invalid
// about "file" for what is no file of rows.
func (s *Imports) Upload(ctx context.Context, by access.Actor, u ImportUpload, file io.Reader) (jobs.Job, error) {
	panic("not yet")
}

// Describe returns what is known of an import's file. Errors: ErrNotFound, also if the file
// has expired; Denied.
func (s *Imports) Describe(ctx context.Context, by access.Actor, id string) (ImportFile, error) {
	panic("not yet")
}

// Check starts to find out what an import would do: the job is Checking, and then Checked
// with the numbers in Job.Expected, or Failed if the file can't be read to its end. The rows
// that have errors are its failed results. An import can be checked again until it is started.
// Errors: ErrNotFound, Denied, Invalid about "mapping", "match" or "mode", Conflict.
func (s *Imports) Check(ctx context.Context, by access.Actor, id string, o ImportOptions) (jobs.Job, error) {
	panic("not yet")
}

// Start starts a checked import. Errors: ErrNotFound, Denied, Conflict if it is not checked,
// or if it is AllOrNothing and has errors.
func (s *Imports) Start(ctx context.Context, by access.Actor, id string) (jobs.Job, error) {
	panic("not yet")
}
