package handlers

import (
	"net/http"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// exportForm asks how the contacts of a list are exported.
func (p contactPages) exportForm(w http.ResponseWriter, r *http.Request) error {
	list, err := p.listAt(r, readAddress(r, "q", "sort"))
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Export contacts", Body: views.ExportContacts(list, exportOptions())})
}

// export sends the contacts of a list as a file.
func (p contactPages) export(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "q", "sort")
	at, query := readContactsAt(a)
	format, err := exportFormat(r, a)
	if err != nil {
		return err
	}
	d := p.download(w, format, "contacts"+fileWords(at.Q), contactColumns)
	query.Range = db.Range{}
	err = p.store.Exports.ExportContacts(r.Context(), by(r), query, format.Name, func(c models.Contact) error { return d.write(contactRow(c)...) })
	return p.finish(r, d, err)
}

// contactColumns are as groupColumns.
var contactColumns = []string{
	"id", "username", "display_name", "phone_number", "avatar_url", "conversation_id",
	"last_active_at", "created_at", "updated_at", "last_active_time", "created_time", "updated_time",
}

func contactRow(c models.Contact) []any {
	return []any{
		c.ID, c.Username, c.DisplayName, c.PhoneNumber, c.AvatarURL, c.ConversationID,
		c.LastActiveAt, c.CreatedAt, c.UpdatedAt, export.MomentOrNil(c.LastActiveAt), export.Moment(c.CreatedAt), export.Moment(c.UpdatedAt),
	}
}

// exportAll sends a contact with all its groups, and the messages of its conversation, as one JSON
// object.
func (p contactPages) exportAll(w http.ResponseWriter, r *http.Request) error {
	var o *export.Object
	err := p.store.Exports.ExportContact(r.Context(), by(r), r.PathValue("id"), "json", models.Parts{
		Contact: func(c models.Contact) (err error) {
			o, err = p.object(w, "contact"+fileWords(c.Username), contactColumns, contactRow(c),
				export.List{Name: "groups", Columns: groupColumns}, export.List{Name: "messages", Columns: messageColumns})
			return err
		},
		Groups:   func(g models.Group) error { return o.Write("groups", groupRow(g)...) },
		Messages: func(m models.Message) error { return o.Write("messages", messageRow(m)...) },
	})
	return p.finishObject(r, o, err)
}
