package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// AuditMark is how far the chain went when this console last sealed. It is kept in a file
// beside the key, so that someone who controls only the database can't restore an earlier
// copy or start a new log undetected. Each console has its own.
type AuditMark struct {
	auditHead
	// Since is the number of the link at which the file was created. The mark proves
	// nothing about earlier links.
	Since int64
}

// markFile is where a mark is kept; nowhere if path is "".
type markFile struct {
	path string
	mu   sync.Mutex
	Last AuditMark // as it was read or written last
	Done bool      // whether the chain was compared with it
	at   time.Time // when it was last
}

var errMarkForged = access.Conflict{Message: "The checkpoint in the file beside the key wasn't written by the console. Run console audit verify; console audit adopt accepts the log as it is."}

// UseMarkFile sets the file that keeps the mark of how far the audit log goes. Call it
// before the first use; without it there is no mark.
func (s *Log) UseMarkFile(file string) { s.Mark.path = file }

// markEvery is how often the chain is compared with the mark while another console seals.
const markEvery = 10 * time.Second

// compared reports whether the chain was compared with the mark within markEvery.
func (m *markFile) compared() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.path == "" || m.Done && time.Since(m.at) < markEvery
}

// verified reports whether this process has found the chain intact since it started.
func (m *markFile) verified() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Done
}

// readMark returns the mark and whether there is one, or errMarkForged if the console did
// not write it.
func (s *Log) readMark() (AuditMark, bool, error) {
	s.Mark.mu.Lock()
	defer s.Mark.mu.Unlock()
	if s.Mark.path == "" {
		return AuditMark{}, false, nil
	}
	text, err := os.ReadFile(s.Mark.path)
	if errors.Is(err, fs.ErrNotExist) { // it may have just been deleted: use the remembered mark
		return s.Mark.Last, s.Mark.Done, nil
	}
	if err != nil {
		return AuditMark{}, false, fmt.Errorf("the mark of the audit log can't be read: %w", err)
	}
	words := strings.Fields(string(text))
	if len(words) != 5 || !s.Keyring.Signed(markMACInput(words[:4]), words[4]) {
		return AuditMark{}, false, errMarkForged
	}
	var m AuditMark
	m.Seal = orEmpty(words[1])
	if _, err := fmt.Sscan(words[0]+" "+words[2]+" "+words[3], &m.Number, &m.Adoptions, &m.Since); err != nil {
		return AuditMark{}, false, errMarkForged
	}
	if s.Mark.Done && s.Mark.Last.beyond(m.auditHead) {
		m = s.Mark.Last
	}
	return m, true, nil
}

func markMACInput(words []string) string { return "mark " + strings.Join(words, " ") }

// beyond reports whether h is later than other.
func (h auditHead) beyond(other auditHead) bool {
	if h.Adoptions != other.Adoptions {
		return h.Adoptions > other.Adoptions
	}
	return h.Number > other.Number
}

// compareMark returns a Conflict if the chain up to head does not include the mark.
func (s *Log) compareMark(tx *gorm.DB, head auditHead) error {
	m, found, err := s.readMark()
	if err != nil || !found {
		return err
	}
	follows, err := s.follows(tx, head, m)
	if err == nil && (follows || s.Mark.verified()) {
		s.db.Trust(follows)
	}
	if err != nil || follows {
		return err
	}
	return access.Conflict{Message: fmt.Sprintf("The activity log doesn't continue what this console has seen: it ends at entry %d, and the console has seen entry %d. If you restored a backup, accept it with console audit adopt.",
		head.Number, m.Number)}
}

// follows reports whether the chain up to head includes the mark. It returns true after an
// adoption that the mark doesn't know of, because only the console can adopt, and if the
// retention rule has deleted the marked link.
func (s *Log) follows(tx *gorm.DB, head auditHead, m AuditMark) (bool, error) {
	switch {
	case head.Adoptions > m.Adoptions:
		return true, nil
	case m.beyond(head):
		return false, nil
	case m.Number == 0:
		return true, nil
	case m.Number == head.Number:
		return m.at(head), nil
	}
	seals, err := db.First(s.db.ReadIn(tx), db.SelectFrom("audit_seals", "seal", "number = ?", m.Number), 1, db.OneColumn[string])
	if err != nil || len(seals) > 0 {
		return err == nil && seals[0] == m.Seal, err
	}
	b, err := s.Retention.readRetentionState(tx)
	return err == nil && (m.Number < b.Number || m.auditHead.at(b.end())), err
}

// raiseMark stores that the chain extends to head. If several consoles share a file, one
// that is late may store an older head; the next call corrects it.
func (s *Log) raiseMark(head auditHead) error {
	m, found, err := s.readMark()
	if err != nil || s.Mark.path == "" {
		return err
	}
	if found && !head.beyond(m.auditHead) {
		s.Mark.remember(m)
		return nil
	}
	if !found {
		m.Since = head.Number
	}
	m.auditHead = head
	return s.writeMark(m)
}

func (m *markFile) remember(mark AuditMark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Last, m.Done, m.at = mark, true, time.Now()
}

// writeMark writes the file atomically.
func (s *Log) writeMark(m AuditMark) error {
	if s.Mark.path == "" {
		return nil
	}
	words := []string{strconv.FormatInt(m.Number, 10), orDash(m.Seal), strconv.FormatInt(m.Adoptions, 10), strconv.FormatInt(m.Since, 10)}
	if err := writeFileAtomic(s.Mark.path, strings.Join(append(words, s.Keyring.Sign(markMACInput(words))), " ")+"\n"); err != nil {
		return fmt.Errorf("the mark of the audit log can't be written: %w", err)
	}
	s.Mark.remember(m)
	return nil
}

// writeFileAtomic replaces a file atomically, readable by its owner only.
func writeFileAtomic(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	made, err := os.CreateTemp(filepath.Dir(file), ".mark-*")
	if err != nil {
		return err
	}
	defer os.Remove(made.Name())
	_, err = made.WriteString(text)
	if err := errors.Join(err, made.Sync(), made.Close()); err != nil {
		return err
	}
	return os.Rename(made.Name(), file)
}
