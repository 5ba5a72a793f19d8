package api

import (
	"cmp"
	"io"
	"net/http"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

// exportCalls send whole lists as files, as they are at one moment.
type exportCalls struct{ *api }

// exportFormats are the formats by the names that calls have for them. CSV has no byte order mark,
// which only Excel needs.
var exportFormats = map[string]export.Format{
	"csv": export.Named("plain_csv"), "ndjson": export.Named("ndjson"), "json": export.Named("json"), "xlsx": export.Named("xlsx"),
}

func (a exportCalls) groups(r *http.Request, by access.Actor) (result, error) {
	q := queryOf(r)
	l := export.List{Of: export.Groups, Name: "groups" + export.Words(q.values["q"]), Groups: q.groups()}
	switch members, given := q.values["members"]; {
	case members == "ids":
		l.MemberIDs = true
	case given && members != "count":
		q.invalid("members", "“members” must be count or ids.")
	}
	if err := a.checkContacts(r.Context(), q, l.Groups); err != nil {
		return result{}, err
	}
	return a.file(r, by, l)
}

func (a exportCalls) contacts(r *http.Request, by access.Actor) (result, error) {
	q := queryOf(r).values["q"]
	return a.file(r, by, export.List{Of: export.Contacts, Name: "contacts" + export.Words(q), Contacts: models.ContactQuery{Text: q}})
}

func (a exportCalls) members(r *http.Request, by access.Actor) (result, error) {
	query := models.MemberQuery{Group: r.PathValue("id"), Text: queryOf(r).values["q"]}
	return a.file(r, by, export.List{Of: export.Members, Name: "members-" + query.Group, Members: query})
}

// file sends the file of a list. HEAD exports nothing, and so leaves no audit line.
func (a exportCalls) file(r *http.Request, by access.Actor, l export.List) (result, error) {
	q := queryOf(r)
	format, known := exportFormats[cmp.Or(q.values["format"], "ndjson")]
	if !known {
		q.invalid("format", "“format” must be csv, ndjson, json or xlsx.")
	}
	l.Format = format.Name
	return result{
		status: http.StatusOK, kind: format.MediaType, file: export.FileName(l.Name, a.Store.DB.Now(), format.Extension),
		stream: func(w io.Writer) error {
			if r.Method == http.MethodHead {
				return nil
			}
			out := export.NewWriter(w, format, l.Columns())
			defer out.Discard()
			if err := l.Rows(r.Context(), a.Store, by, nil, out.Write); err != nil {
				return err
			}
			return out.Close()
		},
	}, q.check()
}
