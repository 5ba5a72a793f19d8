package models

import (
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/sheet"
	"protocol.chat/console/models/text"
)

// fieldNames are what columns are called, by field, besides the field's own name.
var fieldNames = map[ImportType]map[string][]string{
	ImportGroups: {
		"id":          {"group_id", "external_id"},
		"name":        {"group", "group_name", "title"},
		"description": {"desc", "about", "topic", "purpose"},
		"avatar_url":  {"avatar", "image", "image_url", "picture"},
		"archived_at": {"archived", "archive_time"},
		"contacts":    {"members", "member", "member_ids", "contact_ids", "usernames", "users", "participants"},
	},
	ImportContacts: {
		"id":           {"contact_id", "user_id", "external_id"},
		"username":     {"user_name", "user", "login", "handle"},
		"display_name": {"name", "full_name", "real_name", "displayname"},
		"phone_number": {"phone", "mobile", "tel", "telephone"},
		"avatar_url":   {"avatar", "image", "image_url", "picture"},
	},
}

var noWord = regexp.MustCompile(`[^a-z0-9]+`)

// headerWord returns the name of a column as fieldNames has it.
func headerWord(name string) string {
	return strings.Trim(noWord.ReplaceAllString(text.Fold(name), "_"), "_")
}

// guess returns the field that each column seems to be.
func (spec importSpec) guess() []string {
	mapping := make([]string, len(spec.Columns))
	for _, exact := range []bool{true, false} {
		for i, name := range spec.Columns {
			word := headerWord(name)
			for _, f := range spec.Type.Fields() {
				fits := word == f.Name || !exact && slices.Contains(fieldNames[spec.Type][f.Name], word)
				if fits && mapping[i] == "" && !slices.Contains(mapping, f.Name) {
					mapping[i] = f.Name
				}
			}
		}
	}
	return mapping
}

// headless reports whether the first line seems to hold values instead of the names of
// columns: nothing in it is known, and some of it is no name.
func (spec importSpec) headless() bool {
	if slices.ContainsFunc(spec.guess(), func(field string) bool { return field != "" }) {
		return false
	}
	return slices.ContainsFunc(spec.Columns, func(name string) bool {
		return len(name) > 100 || text.ValidID(name) || strings.Contains(name, "://") || strings.Trim(name, "0123456789+-:. ") == ""
	})
}

// header returns an example of a header.
func (t ImportType) header() string {
	if t == ImportContacts {
		return "username,display_name"
	}
	return "name,description"
}

func (t ImportType) label() string {
	if t == ImportContacts {
		return "Contacts"
	}
	return "Groups"
}

func (t ImportType) fieldLabel(name string) string {
	for _, f := range t.Fields() {
		if f.Name == name {
			return f.Label
		}
	}
	return name
}

// How much of a file is shown.
const (
	sampleRows    = 100
	sampleValues  = 3
	sampleLetters = 100
)

// describe returns what is known of a file, whose beginning in UTF-8 is head.
func (spec importSpec) describe(head io.Reader) ImportFile {
	f := ImportFile{Type: spec.Type, Format: "csv", Encoding: string(spec.Form.Encoding), Columns: make([]ImportColumn, len(spec.Columns))}
	if f.Encoding == "" { // ASCII
		f.Encoding = string(sheet.UTF8)
	}
	if spec.Form.NDJSON() {
		f.Format = "ndjson"
	} else {
		f.Delimiter = string(spec.Form.Delimiter)
	}
	for i, name := range spec.Columns {
		f.Columns[i].Name = name
	}
	rows, err := sheet.Open(head, spec.Form, spec.Columns, sheet.Place{})
	for n := 0; n < sampleRows && err == nil; n++ {
		var row sheet.Row
		if row, err = rows.Next(); err != nil || row.Err != nil {
			continue
		}
		for i, cell := range row.Cells {
			if samples := &f.Columns[i].Samples; cell.Text != "" && len(*samples) < sampleValues {
				*samples = append(*samples, text.Cut(cell.Text, sampleLetters))
			}
		}
	}
	f.guessed = ImportOptions{Mapping: spec.guess(), Match: spec.Type.Matches()[0], Mode: BestEffort}
	if i := slices.Index(f.guessed.Mapping, "id"); i >= 0 && len(f.Columns[i].Samples) > 0 && text.ValidID(f.Columns[i].Samples[0]) {
		f.guessed.Match = MatchID // a console wrote it
	}
	if f.Options = spec.Options; f.Options.Mapping == nil {
		f.Options = f.guessed
	}
	return f
}

// archiveTime reads the time of a cell, in Unix seconds; nil if the group is active. "true"
// is now.
func archiveTime(cell string, now time.Time) (at *int64, ok bool) {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "", "0", "false", "no", "active":
		return nil, true
	case "true", "yes", "archived":
		return new(now.Unix()), true
	}
	if seconds, err := strconv.ParseInt(strings.TrimSpace(cell), 10, 64); err == nil {
		return &seconds, true
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(cell)); err == nil {
			return new(t.Unix()), true
		}
	}
	return nil, false
}
