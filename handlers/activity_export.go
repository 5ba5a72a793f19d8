package handlers

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// exportFormat is a file format of an export.
type exportFormat struct {
	name, mediaType string
	// mark puts at the file's beginning with a byte order mark, without which Excel takes
	// UTF-8 for something else.
	mark bool
}

const csvType = "text/csv; charset=utf-8; header=present"

// exportFormats are the formats by the names that a form has for them.
var exportFormats = map[string]exportFormat{
	"":          {"csv", csvType, true},
	"csv":       {"csv", csvType, true},
	"plain_csv": {"csv", csvType, false},
	"ndjson":    {"ndjson", "application/x-ndjson", false},
}

const byteOrderMark = "\ufeff"

// export sends all of the activity that a list shows as a file. It is a POST because it leaves an
// audit line: no link on another site may cause one.
func (p activityPages) export(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, activityFilters...)
	_, query := readActivityAt(a)
	format, known := exportFormats[r.PostForm.Get("format")]
	if !known {
		return access.Invalid{{Field: "format", Code: access.Bad, Message: "Choose “csv”, “plain_csv” or “ndjson”."}}
	}
	if len(a.notes) > 0 { // a page says so; a file would pass for what was asked
		return access.Invalid{{Code: access.Bad, Message: a.notes[0]}}
	}
	e := newActivityExport(w, format)
	err := p.store.Audit.ExportActivity(r.Context(), by(r), query, format.name, func(lines []audit.Line) error {
		e.begin(w, format, p.store.DB.Now())
		return e.write(lines)
	})
	if err != nil && e.begun {
		p.log.Warn("an export broke off", "request_id", requestID(r), "err", err)
		panic(http.ErrAbortHandler) // so that the file doesn't pass for whole
	}
	return err
}

// activityExport writes a file of activity while it is sent.
type activityExport struct {
	begun bool
	out   *bufio.Writer
	csv   *csv.Writer // nil for NDJSON
}

func newActivityExport(w io.Writer, format exportFormat) *activityExport {
	e := &activityExport{out: bufio.NewWriterSize(w, 32<<10)}
	if format.name == "csv" {
		e.csv = csv.NewWriter(e.out)
		e.csv.UseCRLF = true
	}
	return e
}

// begin sends the headers, once it is certain that lines follow.
func (e *activityExport) begin(w http.ResponseWriter, format exportFormat, now time.Time) {
	if e.begun {
		return
	}
	e.begun = true
	w.Header().Set("Content-Type", format.mediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="activity-`+now.UTC().Format("2006-01-02T1504Z")+"."+format.name+`"`)
	if format.mark {
		_, _ = e.out.WriteString(byteOrderMark)
	}
	if e.csv != nil {
		_ = e.csv.Write(exportColumns) // the writer keeps the error for Flush
	}
}

func (e *activityExport) write(lines []audit.Line) error {
	for i := range lines {
		if err := e.line(&lines[i]); err != nil {
			return err
		}
	}
	if e.csv != nil {
		e.csv.Flush()
		if err := e.csv.Error(); err != nil {
			return err
		}
	}
	return e.out.Flush()
}

func (e *activityExport) line(l *audit.Line) error {
	if e.csv != nil {
		return e.csv.Write(exportRow(l))
	}
	encoder := json.NewEncoder(e.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(exportedLine{
		ID: l.ID, CreatedAt: l.CreatedAt, Time: isoTime(l.CreatedAt), Action: l.Action, Summary: views.Summary(*l),
		ActorKind: l.ActorKind, ActorID: l.ActorID, ActorName: l.ActorName, UserID: l.UserID,
		ObjectKind: l.ObjectKind, ObjectID: l.ObjectID, ObjectName: l.ObjectName,
		Changes: json.RawMessage(l.Changes), IP: l.IP, UserAgent: l.UserAgent, RequestID: l.RequestID, Seal: l.Number,
	})
}

// exportedLine is a line of NDJSON.
type exportedLine struct {
	ID         string           `json:"id"`
	CreatedAt  int64            `json:"created_at"`
	Time       string           `json:"time"`
	Action     audit.Action     `json:"action"`
	Summary    string           `json:"summary"`
	ActorKind  access.ActorKind `json:"actor_kind"`
	ActorID    string           `json:"actor_id"`
	ActorName  string           `json:"actor_name"`
	UserID     string           `json:"user_id"`
	ObjectKind string           `json:"object_kind"`
	ObjectID   string           `json:"object_id"`
	ObjectName string           `json:"object_name"`
	Changes    json.RawMessage  `json:"changes"`
	IP         string           `json:"ip"`
	UserAgent  string           `json:"user_agent"`
	RequestID  string           `json:"request_id"`
	Seal       int64            `json:"seal"`
}

var exportColumns = []string{
	"id", "time", "created_at", "action", "summary", "actor_kind", "actor_id", "actor_name", "user_id",
	"object_kind", "object_id", "object_name", "changes", "ip", "user_agent", "request_id", "seal",
}

func exportRow(l *audit.Line) []string {
	row := []string{
		l.ID, isoTime(l.CreatedAt), strconv.FormatInt(l.CreatedAt, 10), string(l.Action), views.Summary(*l), string(l.ActorKind), l.ActorID, l.ActorName, l.UserID,
		l.ObjectKind, l.ObjectID, l.ObjectName, l.Changes, l.IP, l.UserAgent, l.RequestID, strconv.FormatInt(l.Number, 10),
	}
	for i := range row {
		row[i] = cell(row[i])
	}
	return row
}

// cell returns text that no spreadsheet takes for a formula.
func cell(s string) string { return text.Cell(s) }

func isoTime(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }
