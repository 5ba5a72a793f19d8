package models

import "strings"

// phoneSigns are what phone numbers are written with beside digits and spaces.
const phoneSigns = "+()-./·"

// isPhonePart reports whether a folded word can be a part of a phone number.
func isPhonePart(word string) bool {
	return word != "" && strings.Trim(word, "0123456789"+phoneSigns) == ""
}

// startsPhone reports whether a word is how nothing but a phone number begins.
func startsPhone(word string) bool {
	word = Fold(word)
	return isPhonePart(word) && strings.ContainsRune("+(0", rune(word[0])) && phoneDigits(word) != ""
}

// numberTerms is searchTerms of a text in which neighbouring parts of a phone number,
// however they are written, are the digits that a contact is found by. It is nil if nothing
// in the text is written like a number.
func numberTerms(text string) []string {
	var words []string
	parts, written := "", false
	flush := func() {
		if digits := phoneDigits(parts); digits != "" {
			written = written || digits != parts
			words = append(words, digits)
		} else if parts != "" {
			words = append(words, parts)
		}
		parts = ""
	}
	for _, word := range strings.Fields(Fold(text)) {
		if isPhonePart(word) {
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
	return termsOf(words)
}

// orNumbers is what is sought by a text. What is written like phone numbers is read so if
// nothing is found by it as words: a name may be written like a number.
func (s *Store) orNumbers(r reader, l sought, text string) (sought, error) {
	terms := numberTerms(text)
	if terms == nil {
		return l, nil
	}
	found, err := search(s, r, l, Range{Limit: 1}, nil, (*Contact).columns)
	if err == nil && len(found.rows) == 0 {
		l.terms = terms
	}
	return l, err
}
