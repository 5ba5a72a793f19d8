package identity

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"protocol.chat/console/models/text"
)

// PlainCode normalizes a typed code: without spaces, hyphens and invisible characters, with
// ASCII digits, in lower case, and with letters that no recovery code has replaced by the
// digits that they look like. Accented letters stay.
func PlainCode(typed string) string {
	return lookalikes.Replace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.In(r, unicode.Pd), r == '\u2212': // the minus sign
			return -1
		case unicode.Is(unicode.Nd, r):
			return text.DigitOf(r)
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, width.Fold.String(text.StripInvisible(typed))))
}

var lookalikes = strings.NewReplacer("i", "1", "l", "1", "o", "0")

// plainSecret returns a secret without what a clipboard adds to it.
func plainSecret(typed string) string {
	return strings.Join(strings.Fields(text.StripInvisible(typed)), "")
}
