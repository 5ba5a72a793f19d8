package handlers

import (
	"context"
	"net/http"
	"strings"
	"time"

	"protocol.chat/console/views"
)

// proofPatience is how long the activity is looked through for a page. A log that takes
// longer, of many millions of lines, is for the command.
const proofPatience = 2 * time.Minute

// verifyActivity says whether the activity is as the console wrote it.
func (c *Console) verifyActivity(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), proofPatience)
	defer cancel()
	r = r.WithContext(ctx)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(proofPatience + stallLimit))
	a := readAddress(r, "expect")
	p := views.ActivityProof{Expect: strings.TrimSpace(a.get("expect")), Now: c.now(r)}
	var err error
	p.AuditProof, err = c.store.Audit.VerifyAudit(ctx, p.Expect)
	status := http.StatusOK
	if invalid, ok := problems(err); ok {
		p.Problems, status = invalid, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	return c.show(w, r, status, views.Page{
		Title: "Verify activity", Section: views.Activity, Failed: len(p.Problems) > 0, Body: views.ActivityProofPage(p),
	})
}
