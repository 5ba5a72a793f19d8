package text

import (
	"unicode"
	"unicode/utf8"
)

// plainLetters is what Fold writes for Latin letters that have no mark to remove and for
// the signs that stand for an apostrophe, a quotation mark or a hyphen. It is the part of
// CLDR's transform Latin-ASCII, which ICU has too, that is left for a text that is
// decomposed (NFKD) and in lower case:
// https://github.com/unicode-org/cldr/blob/main/common/transforms/Latin-ASCII.xml
// If several letters stand for one, as æ for ae, their order does not matter to lists:
// "Æsir" is beside "Aesir".
var plainLetters = func() map[rune]string {
	letters := map[rune]string{}
	for plain, all := range map[string]string{
		"a": "ⱥᶏ", "b": "ƀɓƃᵬᶀ", "c": "ƈȼɕ", "d": "đðɖɗƌȡᵭᶁᶑ", "e": "ɛɇᶒᶓⱸ", "f": "ƒᵮᶂ", "g": "ǥɠɡᶃ",
		"h": "ħɦɧⱨ", "i": "ıɨɩᶖ", "j": "ȷɉɟʝ", "k": "ƙⱪꝁꝃꝅᶄ", "l": "łƚȴɫɬɭⱡꝇꝉᶅ", "m": "ɱᵯᶆ", "n": "ŋɲƞȵɳᵰᶇ",
		"o": "øⱺꝋꝍ", "p": "ƥᵱᵽᶈꝑꝓꝕ", "q": "ĸɋʠꝗꝙ", "r": "ɍɼɽɾᵲᵳᶉ", "s": "ʂȿᵴᶊẜẝ", "t": "ŧƫƭʈȶⱦᵵ",
		"u": "ʉᶙ", "v": "ʋⱱⱴᶌꝟỽ", "w": "ⱳ", "x": "ᶍ", "y": "ƴɏỿ", "z": "ƶȥɀʐʑᵶᶎⱬ",
		"aa": "ꜳ", "ae": "æ", "ao": "ꜵ", "au": "ꜷ", "av": "ꜹꜻ", "ay": "ꜽ", "db": "ȸ", "dz": "ʣʥ", "hv": "ƕ", "ll": "ỻ",
		"ls": "ʪ", "lz": "ʫ", "oe": "œ", "oi": "ƣ", "oo": "ꝏ", "qp": "ȹ", "ss": "ß", "th": "þᵺꝥꝧ", "ts": "ʦ", "ue": "ᵫ", "vy": "ꝡ",
		"'": "‘’‛′ʹʻʼʽˈ＇", `"`: "“”„‟″", "-": "‐‑‒–—―−",
	} {
		for _, letter := range all {
			letters[letter] = plain
		}
	}
	return letters
}()

// isAccent reports whether r is a mark that Fold removes. The vowels of scripts without
// word gaps, such as Thai, are marks too, but spell the word.
func isAccent(r rune) bool {
	return unicode.Is(unicode.Mn, r) && !(unicode.Is(unicode.Other_Alphabetic, r) && unicode.In(r, gaplessScripts...))
}

// DigitOf returns the ASCII digit of a decimal digit of any script, and r for anything
// else.
func DigitOf(r rune) rune {
	if !unicode.IsDigit(r) {
		return r
	}
	for _, tens := range unicode.Nd.R16 { // each begins with a zero
		if uint32(r) >= uint32(tens.Lo) && uint32(r) <= uint32(tens.Hi) {
			return '0' + (r-rune(tens.Lo))%10
		}
	}
	for _, tens := range unicode.Nd.R32 {
		if uint32(r) >= tens.Lo && uint32(r) <= tens.Hi {
			return '0' + (r-rune(tens.Lo))%10
		}
	}
	return r
}

// gaplessScripts are written without gaps between words or, as Korean, with words that
// others are joined to. A search finds text in them wherever it begins.
var gaplessScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo, unicode.Yi,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Javanese,
	unicode.Tai_Le, unicode.New_Tai_Lue, unicode.Tai_Tham, unicode.Tai_Viet,
}

// firstGapless is below every character of gaplessScripts, and above nearly all text.
const firstGapless = '\u0e00'

// IsGapless reports whether r is a letter of a script without word gaps. The mark for a
// long vowel in Katakana belongs to no script.
func IsGapless(r rune) bool {
	return r >= firstGapless && IsWord(r) && (r == 'ー' || unicode.In(r, gaplessScripts...))
}

// beginsGapless reports whether a term begins in a script without word gaps.
func beginsGapless(term string) bool {
	r, _ := utf8.DecodeRuneInString(term)
	return IsGapless(r)
}
