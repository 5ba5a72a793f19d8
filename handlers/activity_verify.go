package handlers

import (
	"net/http"
	"strings"

	"protocol.chat/console/views"
)

// verify reports whether the activity log is as the console wrote it.
func (p activityPages) verify(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "expect")
	proof := views.ActivityProof{Expect: strings.TrimSpace(a.get("expect")), Now: p.now(r)}
	var err error
	proof.AuditProof, err = p.store.Audit.VerifyAudit(r.Context(), proof.Expect)
	status := http.StatusOK
	if invalid, ok := problems(err); ok {
		proof.Problems, status = invalid, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	return p.render(w, r, status, views.Page{
		Title: "Verify activity log", Failed: len(proof.Problems) > 0, Body: views.ActivityProofPage(proof),
	})
}
