package api

import (
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
)

// bulk changes many contacts, as manyCalls.bulk does groups.
func (a contactCalls) bulk(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	b, note := contactBulkOf(in)
	if callOf(r).dryRun {
		p, err := a.Store.BulkChanges.PreviewContacts(r.Context(), by, b)
		return result{status: http.StatusOK, body: contactPreviewOf(p)}, placed(err)
	}
	j, err := a.Store.BulkChanges.StartBulk(r.Context(), by, b, note)
	return accepted(j, b.Key), placed(err)
}

// contactBulkOf reads a bulk change of contacts and its note.
func contactBulkOf(in *input) (b models.ContactBulk, note string) {
	b = models.ContactBulk{Action: models.BulkAction("contacts." + in.plain("action")), All: in.boolean("all"), Groups: in.ids("groups"), Key: in.key}
	note, problems := jobs.CheckNote(in.plain("note"))
	in.problems = in.problems.And(problems)

	filter := in.object("filter")
	b.IDs, b.Group = filter.ids("ids"), filter.plain("group")
	q := filter.query([]string{"q"})
	b.Query.Text = q.values["q"]
	filter.problems = append(filter.problems, q.problems...)
	in.adopt("filter", filter)
	b.Query.Problems = in.check()
	return b, note
}

// contactPreviewObject is what a bulk change of contacts would do.
type contactPreviewObject struct {
	figuresObject
	// Ending is how many memberships would end, and EndingRelation how that is to be read.
	Ending         int                    `json:"memberships_ending"`
	EndingRelation string                 `json:"memberships_ending_relation"`
	Sample         []models.ContactObject `json:"sample"`
}

func contactPreviewOf(p models.ContactPreview) contactPreviewObject {
	o := contactPreviewObject{figuresOf(p.Figures), p.Ending.N, "exact", each(p.Sample, models.Contact.Object)}
	if p.Ending.More || p.Ending.AtLeast {
		o.EndingRelation = "at_least"
	}
	return o
}
