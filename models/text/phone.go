package text

import (
	"strings"
	"unicode"
)

// phoneSigns are what phone numbers are written with besides digits and spaces.
const phoneSigns = "+()-./·"

// IsPhonePart reports whether a folded word can be a part of a phone number.
func IsPhonePart(word string) bool {
	return word != "" && strings.Trim(word, "0123456789"+phoneSigns) == ""
}

// StartsPhone reports whether a word can begin nothing but a phone number.
func StartsPhone(word string) bool {
	word = Fold(word)
	return IsPhonePart(word) && strings.ContainsRune("+(0", rune(word[0])) && PhoneDigits(word) != ""
}

// NumberTerms is SearchTerms, except that adjacent parts of a phone number, however
// written, become the digits that a contact is found by. It returns nil if nothing in the
// text is written like a number.
func NumberTerms(text string) []string {
	var words []string
	parts, written := "", false
	flush := func() {
		if digits := PhoneDigits(parts); digits != "" {
			written = written || digits != parts
			words = append(words, digits)
		} else if parts != "" {
			words = append(words, parts)
		}
		parts = ""
	}
	for _, word := range strings.Fields(Fold(text)) {
		if IsPhonePart(word) {
			written = written || parts != ""
			parts += word
			continue
		}
		flush()
		words = append(words, word)
	}
	flush()
	if !written {
		return nil
	}
	return TermsOf(words)
}

// PhoneDigits returns the digits of a phone number, which is how it is searched.
func PhoneDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}
