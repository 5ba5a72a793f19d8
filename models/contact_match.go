package models

import (
	"context"
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// MaxMatched is how many entries of a pasted list are looked up at once.
const MaxMatched = 500

// minPhoneDigits is how many digits a phone number has at least. Fewer begin too many numbers.
const minPhoneDigits = 5

// ContactMatch is an entry of a list that someone pasted, with the contacts that it can mean:
// none, one, or several to choose from.
type ContactMatch struct {
	Entry    string
	Contacts []Contact
}

// ListEntries returns the entries of a pasted list, each once: what stands between newlines,
// tabs, commas and semicolons.
func ListEntries(list string) []string {
	var entries []string
	seen := map[string]bool{}
	for _, part := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune("\n\r\t,;", r) }) {
		entry := text.Unquote(part)
		if key := text.UsernameKey(entry); entry != "" && !seen[key] {
			seen[key] = true
			entries = append(entries, entry)
		}
	}
	return entries
}

// Match finds the contacts that the entries name exactly: by username, in capital or
// small letters; by id; or by the digits of their phone number. Errors: Invalid if there are
// more than MaxMatched.
func (s *Members) Match(ctx context.Context, entries []string) ([]ContactMatch, error) {
	if len(entries) > MaxMatched {
		return nil, access.Refused("paste", "At most %s contacts can be looked up at once; these are %s.",
			text.Thousands(MaxMatched), text.Thousands(len(entries)))
	}
	r := s.store.DB.Read(ctx)
	refs := make([]ContactRef, 0, 2*len(entries))
	for _, entry := range entries {
		refs = append(refs, ContactRef{Username: usernameIn(entry)})
		if text.ValidID(entry) {
			refs = append(refs, ContactRef{ID: entry})
		}
	}
	byID, byName, err := s.lookUp(r, refs, "")
	if err != nil {
		return nil, s.store.DB.Failed(ctx, err)
	}
	byPhone, err := s.lookUpPhones(r, entries)
	matches := make([]ContactMatch, len(entries))
	for i, entry := range entries {
		matches[i].Entry = entry
		if c, found := byName[text.UsernameKey(usernameIn(entry))]; found {
			matches[i].add(c)
		}
		if c, found := byID[entry]; found {
			matches[i].add(c)
		}
		matches[i].add(byPhone[phoneIn(entry)]...)
	}
	return matches, s.store.DB.Failed(ctx, err)
}

// add adds the contacts that aren't there yet.
func (m *ContactMatch) add(contacts ...Contact) {
	for _, c := range contacts {
		if !slices.ContainsFunc(m.Contacts, func(other Contact) bool { return other.ID == c.ID }) {
			m.Contacts = append(m.Contacts, c)
		}
	}
}

// usernameIn returns an entry as a username, which may be written with an @ before it.
func usernameIn(entry string) string { return strings.TrimPrefix(entry, "@") }

// phoneIn returns the digits of an entry that is written like a phone number, or "".
func phoneIn(entry string) string {
	folded := text.Fold(entry)
	if !text.IsPhonePart(strings.Join(strings.Fields(folded), "")) {
		return ""
	}
	if digits := text.PhoneDigits(folded); len(digits) >= minPhoneDigits {
		return digits
	}
	return ""
}

// lookUpPhones returns the contacts whose phone number has the digits of an entry, by the
// digits. The phone number is the end of what a contact is searched by.
func (s *Members) lookUpPhones(r db.Reader, entries []string) (map[string][]Contact, error) {
	var endings []string
	for _, entry := range entries {
		if digits := phoneIn(entry); digits != "" {
			endings = append(endings, text.SearchKey(digits))
		}
	}
	if len(endings) == 0 {
		return nil, nil
	}
	from, arg := s.store.DB.Dialect.EndingIn("contacts", endings)
	query := db.Selection{Columns: contactColumns, From: from, Clauses: db.Clauses{Args: []any{arg}}, Tail: " ORDER BY contacts.id"}
	found, err := db.Collect(r, query.SQL(), true, query.Args, (*Contact).columns)
	byPhone := map[string][]Contact{}
	for _, c := range found {
		if digits := phoneIn(text.Deref(c.PhoneNumber)); digits != "" {
			byPhone[digits] = append(byPhone[digits], c)
		}
	}
	return byPhone, err
}

// SuggestUsername returns a username, and the display name if they differ, for a contact that
// someone looked for by a text. Both are "" if the text can't be a name.
func SuggestUsername(typed string) (username, display string) {
	typed = text.NormalText(typed)
	if usernameForm.MatchString(typed) && len(typed) <= MaxUsername {
		return typed, ""
	}
	if display, problem := displayName(typed); problem != "" || text.StartsPhone(display) {
		return "", ""
	}
	var words []string
	for _, word := range strings.Fields(text.Fold(typed)) {
		if word = strings.Map(keptInUsername, word); word != "" {
			words = append(words, word)
		}
	}
	username = text.Cut(strings.Join(words, "."), MaxUsername)
	if username == "" {
		return "", ""
	}
	return username, typed
}

// keptInUsername leaves out what no username has.
func keptInUsername(r rune) rune {
	if usernameForm.MatchString(string(r)) {
		return r
	}
	return -1
}
