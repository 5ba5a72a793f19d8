package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Lines are never changed, with one exception: personal data are erased from them on request. Such
// a line keeps its MAC, which it no longer fits, and its changes begin with the id of a later line.
// That one, which is signed and chained as all others, names the redacted lines, each with a digest of
// what is left of it. So nobody can change a redacted line further, pass another change off as a
// redaction, or put back what was erased.

// The actions of lines that name redacted ones: RedactedEntries has those beyond what one line names.
const (
	ErasedContact   Action = "contact.erase"
	RedactedEntries Action = "contact.redact"
)

// Erased stands in place of what was erased. It has the form of a username.
const Erased = "-erased-"

const (
	// erasedByField is the field of a redacted line with the id of the line that names it.
	erasedByField = "erased_by"
	// redactedField is the field of the line that names redacted ones with the digest of each, by id.
	redactedField = "redacted"
	// redactedInLine is how many redacted lines one line names.
	redactedInLine = 200
)

// erasedByStart begins the changes of a redacted line.
const erasedByStart = `{"` + erasedByField + `":"`

// ErasedBy returns the id of the line that says that personal data were erased from this one; "" if
// none were.
func (l *Line) ErasedBy() string { return erasedBy(l.Changes) }

func erasedBy(changes string) string {
	rest, redacted := strings.CutPrefix(changes, erasedByStart)
	if !redacted || len(rest) < text.IDLength {
		return ""
	}
	return rest[:text.IDLength]
}

// withErasedBy returns changes with the id of the line that names them; it replaces an earlier one.
func withErasedBy(changes, id string) string {
	rest := strings.TrimPrefix(changes, "{")
	if earlier := erasedBy(changes); earlier != "" {
		rest = strings.TrimPrefix(strings.TrimPrefix(changes, erasedByStart+earlier+`"`), ",")
	}
	if rest != "}" {
		rest = "," + rest
	}
	return erasedByStart + id + `"` + rest
}

// redacted returns the digests of the lines that this one names, by their ids.
func (l *Line) redacted() map[string]string {
	if l.Action != ErasedContact && l.Action != RedactedEntries {
		return nil
	}
	var changes map[string]json.RawMessage
	var digests map[string]string
	if json.Unmarshal([]byte(l.Changes), &changes) != nil || json.Unmarshal(changes[redactedField], &digests) != nil {
		return nil
	}
	return digests
}

// digest identifies what is left of a redacted line, and its MAC.
func (l *Line) digest() string {
	sum := sha256.Sum256([]byte(l.macInput() + " " + l.MAC))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// redaction is the line that names redacted ones, as far as a check needs it.
type redaction struct {
	id      string
	digests map[string]string
}

// unchanged reports whether a line is as the console wrote it, accepted it, or left it when it erased
// personal data from it.
func (v *verifier) unchanged(l *Line, number int64) (bool, error) {
	by := l.ErasedBy()
	if v.s.genuine(l) || by <= l.ID {
		return v.s.genuine(l), nil
	}
	if v.redaction.id != by {
		found, err := db.First(v.r, db.SelectFrom("audit_lines", lineColumns, "id = ?", by), 1, (*Line).columns)
		if err != nil {
			return false, err
		}
		if len(found) == 0 {
			return v.deletedMeanwhile(number)
		}
		v.redaction = redaction{id: by}
		if v.s.genuine(&found[0]) {
			v.redaction.digests = found[0].redacted()
		}
	}
	digest, named := v.redaction.digests[l.ID]
	return named && digest == l.digest(), nil
}

// deletedMeanwhile reports whether retention has deleted a link since it was read.
func (v *verifier) deletedMeanwhile(number int64) (bool, error) {
	if v.readState == nil || number == 0 {
		return false, nil
	}
	b, err := v.readState()
	return err == nil && b.Number >= number, nil
}

// restored looks for a line that l names as redacted and which has again what was erased.
func (v *verifier) restored(l *Line) error {
	digests := l.redacted()
	if len(digests) == 0 {
		return nil
	}
	type named struct {
		id, changes string
		number      int64
	}
	query := db.SelectFrom("audit_lines", "id, changes, coalesce(audit_seals.number, 0)", "changes NOT LIKE ?", erasedByStart+"%")
	query.Joins = " LEFT JOIN audit_seals ON audit_seals.line_id = audit_lines.id"
	query.Where(v.s.db.Dialect.Among("id", slices.Sorted(maps.Keys(digests))))
	found, err := db.Collect(v.r, query.SQL(), false, query.Args, func(n *named) []any { return []any{&n.id, &n.changes, &n.number} })
	if err != nil || len(found) == 0 {
		return err
	}
	if adopted, err := v.adoptedSince(l.ID); err != nil || adopted {
		return err
	}
	kind := LineForged
	if found[0].number == 0 {
		kind = PendingForged
	}
	v.fault(AuditFault{Kind: kind, Number: found[0].number, LineID: found[0].id})
	return nil
}

// adoptedSince reports whether the log was accepted as it was found after a line.
func (v *verifier) adoptedSince(id string) (bool, error) {
	later := db.SelectFrom("audit_lines", "1", "area = 'activity' AND action = ? AND id > ?", AdoptedActivity, id)
	found, err := db.First(v.r, later, 1, db.OneColumn[int])
	return len(found) > 0, err
}

// errNotWhole refuses an erasure from a log that was tampered with, which it would hide.
var errNotWhole = access.Conflict{Message: "The activity log is not as the console wrote it, so nothing was erased from it. Run console audit verify; console audit adopt accepts the log as it is."}

// Mentions returns the ids of the lines from an id on that are about what is to be erased, or mention
// it.
func (s *Log) Mentions(r db.Reader, e Erasure, from string) ([]string, error) {
	query := db.SelectFrom("audit_lines", "id", "id >= ? AND action <> ? AND action <> ?", from, ErasedContact, RedactedEntries)
	about, ids := s.db.Dialect.Among("object_id", e.IDs)
	mentions, args := e.Mentioned("changes")
	query.Where("("+about+" OR "+mentions+")", append([]any{ids}, args...)...)
	query.Tail = " ORDER BY id"
	return db.Collect(r, query.SQL(), false, query.Args, db.OneColumn[string])
}

// Redact erases from lines, within the transaction that writes line, which then names them; it adds
// others if those are too many. It returns how many lines it has changed. Errors: Conflict if one of
// them is not as the console wrote it.
func (s *Log) Redact(tx *gorm.DB, e Erasure, ids []string, line *Line, changes map[string]any) (n int, err error) {
	if err := s.db.Dialect.Lock(tx, "redact"); err != nil {
		return 0, err
	}
	// Above all that it names, whichever console wrote that.
	line.ID = s.db.IDs.Next(s.db.Now(), slices.Max(append([]string{line.ID}, ids...)))
	changes[redactedField] = map[string]string{}
	var more []Line
	by := line
	for part := range slices.Chunk(ids, redactedInLine) {
		if n > 0 {
			next := s.line(*line.By, RedactedEntries)
			next.ID = s.db.IDs.Next(s.db.Now(), by.ID)
			next.SetObject(line.ObjectKind, line.ObjectID, line.ObjectName)
			more = append(more, next)
			by = &more[len(more)-1]
		}
		digests, err := s.redactSome(tx, e, part, by.ID)
		if err != nil {
			return n, err
		}
		n += len(digests)
		if by == line {
			changes[redactedField] = digests
		} else if err := by.SetChanges(map[string]any{redactedField: digests}); err != nil {
			return n, err
		}
	}
	return n, s.Add(tx, more)
}

// redactSome erases from some lines, and returns their digests.
func (s *Log) redactSome(tx *gorm.DB, e Erasure, ids []string, by string) (map[string]string, error) {
	v := verifier{s: s, r: s.db.ReadIn(tx)}
	query := db.Selection{Columns: lineColumns, From: "audit_lines"}
	query.Where(s.db.Dialect.Among("id", ids))
	lines, err := db.Collect(v.r, query.SQL(), false, query.Args, (*Line).columns)
	if err != nil {
		return nil, err
	}
	digests, rows := map[string]string{}, []string{}
	for i := range lines {
		l := &lines[i]
		if whole, err := v.unchanged(l, 0); err != nil || !whole {
			return nil, cmp.Or(err, error(errNotWhole))
		}
		if !e.from(l) {
			continue
		}
		l.Changes = withErasedBy(l.Changes, by)
		digests[l.ID] = l.digest()
		named := "-"
		if l.ObjectName == Erased {
			named = "+"
		}
		rows = append(rows, l.ID+named+l.Changes)
	}
	each, values := s.db.Dialect.Each(rows)
	update := "UPDATE audit_lines SET changes = substr(value, 18), object_name = CASE substr(value, 17, 1) WHEN '+' THEN '" + Erased + "' ELSE object_name END" +
		" FROM " + each + " WHERE audit_lines.id = substr(value, 1, 16)"
	return digests, s.exec(tx, update, values)
}

// from erases from a line, and reports whether there was anything to erase.
func (e Erasure) from(l *Line) bool {
	was := *l
	if slices.Contains(e.IDs, l.ObjectID) {
		if l.ObjectName != "" {
			l.ObjectName = Erased
		}
		l.Changes = e.Object(l.Changes)
	}
	l.Changes = e.In(l.Changes)
	return was != *l
}
