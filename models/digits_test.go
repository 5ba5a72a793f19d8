package models_test

import (
	"testing"
	"unicode"

	"protocol.chat/console/models"
)

// TestDigitsOfAllScripts checks that those of every script run from zero to nine.
func TestDigitsOfAllScripts(t *testing.T) {
	n := 0
	for r := range rune(unicode.MaxRune + 1) {
		if !unicode.Is(unicode.Nd, r) || r >= 0x1d7ce && r <= 0x1d7ff { // the mathematical ones follow each other
			continue
		}
		want := rune('0' + n%10)
		if got := models.PlainCode(string(r)); got != string(want) {
			t.Errorf("%U is %q, want %c", r, got, want)
		}
		n++
	}
	if n < 600 {
		t.Errorf("only %d digits", n)
	}
}
