package views

import (
	"strings"
	"testing"

	"protocol.chat/console/models/audit"
)

func TestFaultsHaveWords(t *testing.T) {
	for kind := range faultWords {
		if got := valueText(audit.FaultField, audit.FieldValue{Text: string(kind)}); got == "" || got == string(kind) || strings.Contains(got, "{") {
			t.Errorf("%s: %q", kind, got)
		}
	}
	const old = "entry 4: The line was deleted."
	if got := valueText(audit.FaultField, audit.FieldValue{Text: old}); got != old {
		t.Errorf("the fault of a line from before: %q", got)
	}
	const want = "Entry 8 is missing: the end of the log was cut off. It went on to entry 12."
	if got := FaultText(audit.AuditFault{Kind: audit.EndMissing, Number: 8, Last: 12}, Clock{}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
