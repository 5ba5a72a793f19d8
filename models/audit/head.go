package audit

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// auditHead is the newest link of the chain, stored in a setting. It is written when the
// database is created, so that a missing one is always a fault.
type auditHead struct {
	Number int64 // 0 before the first link
	Seal   string
	// Adoptions is how often the log was accepted as it was found: see AdoptAudit.
	Adoptions int64
	// Rule is the newest sealed line that changes the retention state. A state older than
	// that is forged.
	Rule string
	// early reports whether an earlier version wrote it, without Rule.
	early bool
}

// HeadSetting is the setting with the head of the chain.
const HeadSetting = "audit_head"

// errHeadForged is returned if the head is missing or forged.
var errHeadForged = access.Conflict{Message: "The record of where the activity log ends is missing, or wasn't written by the console. Run console audit verify; console audit adopt accepts the log as it is."}

// ReadHead returns how far the chain goes, or errHeadForged if the console did not write
// it.
func (s *Log) ReadHead(tx *gorm.DB) (auditHead, error) {
	var found []db.Setting
	if err := tx.Where("key = ?", HeadSetting).Find(&found).Error; err != nil {
		return auditHead{}, err
	}
	if len(found) == 0 {
		return auditHead{}, errHeadForged
	}
	words := strings.Fields(found[0].Value)
	last := len(words) - 1
	if last < 3 || last > 4 || !s.Keyring.Signed(HeadMACInput(words[:last]), words[last]) {
		return auditHead{}, errHeadForged
	}
	h := auditHead{Seal: orEmpty(words[1]), early: last == 3}
	var err error
	if h.Number, err = strconv.ParseInt(words[0], 10, 64); err != nil || h.early {
		return h, err
	}
	h.Rule = orEmpty(words[3])
	h.Adoptions, err = strconv.ParseInt(words[2], 10, 64)
	return h, err
}

func (s *Log) writeHead(tx *gorm.DB, h auditHead) error {
	words := []string{strconv.FormatInt(h.Number, 10), orDash(h.Seal), strconv.FormatInt(h.Adoptions, 10), orDash(h.Rule)}
	row := db.Setting{Key: HeadSetting, Value: strings.Join(append(words, s.Keyring.Sign(HeadMACInput(words))), " ")}
	return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
}

// HeadMACInput returns what the head's signature is of.
func HeadMACInput(words []string) string { return "head " + strings.Join(words, " ") }

// orDash writes "-" for an empty word, so that it can stand between spaces.
func orDash(word string) string {
	if word == "" {
		return "-"
	}
	return word
}

func orEmpty(word string) string {
	if word == "-" {
		return ""
	}
	return word
}

// at reports whether two heads are the same link.
func (h auditHead) at(other auditHead) bool { return h.Number == other.Number && h.Seal == other.Seal }

// headShown is how many characters of a seal a Name has.
const headShown = 16

// Name returns the head as NUMBER:START of its seal, for AuditProof.Head; "" before the
// first link.
func (h auditHead) Name() string {
	if h.Number == 0 {
		return ""
	}
	_, mac, _ := strings.Cut(h.Seal, ":")
	return fmt.Sprintf("%d:%s", h.Number, text.Cut(mac, headShown))
}

// HeadName returns the Name of the head that is stored, without looking at its signature; ""
// if there is none.
func HeadName(r db.Reader) (string, error) {
	found, err := db.Collect(r, "SELECT value FROM settings WHERE key = ?", false, []any{HeadSetting}, db.OneColumn[string])
	if err != nil || len(found) == 0 {
		return "", err
	}
	words := strings.Fields(found[0])
	if len(words) < 2 {
		return "", nil
	}
	number, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil {
		return "", nil
	}
	return auditHead{Number: number, Seal: orEmpty(words[1])}.Name(), nil
}

// beginChain writes the head of a new database, in which no one has done anything yet. In
// any other a missing head is a fault, which only AdoptAudit ends.
func (s *Log) beginChain(ctx context.Context) error {
	var heads int64
	if err := s.db.Writer.WithContext(ctx).Model(&db.Setting{}).Where("key = ?", HeadSetting).Count(&heads).Error; err != nil || heads > 0 {
		return s.db.Failed(ctx, err)
	}
	return s.db.Transaction(ctx, func(tx *gorm.DB) error {
		if err := s.db.Dialect.Lock(tx, "seal"); err != nil {
			return err
		}
		if err := tx.Model(&db.Setting{}).Where("key = ?", HeadSetting).Count(&heads).Error; err != nil || heads > 0 {
			return err
		}
		for _, table := range []string{"audit_lines", "audit_seals", "audit_tail", "audit_retention", "users", "groups", "contacts", "tokens"} {
			rows, err := db.First(s.db.ReadIn(tx), db.Selection{Columns: "1", From: table}, 1, db.OneColumn[int])
			if err != nil || len(rows) > 0 {
				return err
			}
		}
		return s.writeHead(tx, auditHead{})
	})
}
