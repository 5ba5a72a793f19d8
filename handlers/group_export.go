package handlers

import (
	"net/http"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// exportForm asks how the groups of a list are exported.
func (p groupPages) exportForm(w http.ResponseWriter, r *http.Request) error {
	list, err := p.listAt(r, readAddress(r, append(groupFilters, "sort")...))
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Export groups", Body: views.ExportGroups(list, exportOptions())})
}

// export sends the groups of a list as a file.
func (p groupPages) export(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, append(groupFilters, "sort")...)
	at, query := readGroupsAt(a)
	format, err := exportFormat(r, a)
	if err != nil {
		return err
	}
	e := models.Export{Format: format.Name, MemberIDs: r.PostForm.Get("members") == "ids"}
	columns := groupColumns
	if e.MemberIDs {
		columns = append(columns[:len(columns):len(columns)], "contacts")
	}
	d := p.download(w, format, "groups"+fileWords(string(query.Shown()), at.Q), columns)
	query.Range = db.Range{}
	err = p.store.Exports.ExportGroups(r.Context(), by(r), query, e, func(g models.Group, members []string) error {
		row := groupRow(g)
		if e.MemberIDs {
			row = append(row, append([]string{}, members...))
		}
		return d.write(row...)
	})
	return p.finish(r, d, err)
}

// exportOptions are the formats as a form offers them.
func exportOptions() []views.ExportFormat {
	options := make([]views.ExportFormat, len(export.Formats))
	for i, f := range export.Formats {
		options[i] = views.ExportFormat{Name: f.Name, Label: f.Label, Hint: f.Hint}
	}
	return options
}

// groupColumns are those of a file of groups, with the names that the API has for them. Times are
// in Unix seconds and as ISO 8601 has them.
var groupColumns = []string{
	"id", "name", "description", "avatar_url", "conversation_id", "contacts_count",
	"created_at", "archived_at", "updated_at", "created_time", "archived_time", "updated_time",
}

func groupRow(g models.Group) []any {
	return []any{
		g.ID, g.Name, g.Description, g.AvatarURL, g.ConversationID, g.ContactsCount,
		g.CreatedAt, g.ArchivedAt, g.UpdatedAt, export.Moment(g.CreatedAt), export.MomentOrNil(g.ArchivedAt), export.Moment(g.UpdatedAt),
	}
}

// exportForm asks how the members of a group are exported.
func (p memberPages) exportForm(w http.ResponseWriter, r *http.Request) error {
	detail, err := p.detail(r)
	if err != nil {
		return err
	}
	a := readAddress(r, "q", "list")
	body := views.ExportMembers(detail, a.search(), exportOptions())
	return p.render(w, r, http.StatusOK, views.Page{Title: "Export members of " + detail.Name, Body: body})
}

// export sends the members of a group as a file.
func (p memberPages) export(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "q", "list")
	query := models.MemberQuery{Group: r.PathValue("id"), Text: a.search()}
	format, err := exportFormat(r, a)
	if err != nil {
		return err
	}
	g, err := p.store.GroupPreview(r.Context(), query.Group)
	if err != nil {
		return err
	}
	d := p.download(w, format, "members"+fileWords(g.Name, query.Text), contactColumns)
	err = p.store.Exports.ExportMembers(r.Context(), by(r), query, format.Name, func(c models.Contact) error { return d.write(contactRow(c)...) })
	return p.finish(r, d, err)
}

var messageColumns = []string{"id", "conversation_id", "contact_id", "message", "created_at", "created_time"}

func messageRow(m models.Message) []any {
	return []any{m.ID, m.ConversationID, m.ContactID, m.Message, m.CreatedAt, export.Moment(m.CreatedAt)}
}

// exportAll sends a group with all its members and messages as one JSON object.
func (p groupPages) exportAll(w http.ResponseWriter, r *http.Request) error {
	var o *export.Object
	err := p.store.Exports.ExportGroup(r.Context(), by(r), r.PathValue("id"), "json", models.Parts{
		Group: func(g models.Group) (err error) {
			o, err = p.object(w, "group"+fileWords(g.Name), groupColumns, groupRow(g),
				export.List{Name: "contacts", Columns: contactColumns}, export.List{Name: "messages", Columns: messageColumns})
			return err
		},
		Contacts: func(c models.Contact) error { return o.Write("contacts", contactRow(c)...) },
		Messages: func(m models.Message) error { return o.Write("messages", messageRow(m)...) },
	})
	return p.finishObject(r, o, err)
}
