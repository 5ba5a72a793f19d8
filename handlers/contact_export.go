package handlers

import (
	"net/http"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/views"
)

// exportForm asks how the contacts of a list are exported.
func (p contactPages) exportForm(w http.ResponseWriter, r *http.Request) error {
	list, err := p.listAt(r, readAddress(r, "q", "sort"))
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Export contacts", Body: views.ExportContacts(list, r.PostForm["ids"], exportOptions())})
}

// export sends the contacts of a list as a file.
func (p contactPages) export(w http.ResponseWriter, r *http.Request) error {
	if chosenNow(r) {
		return p.exportForm(w, r)
	}
	a := readAddress(r, "q", "sort")
	at, query := readContactsAt(a)
	format, err := exportFormat(r, a)
	if err != nil {
		return err
	}
	return p.exported(w, r, export.List{Of: export.Contacts, Format: format, Name: "contacts" + export.Words(at.Q), Contacts: query, IDs: r.PostForm["ids"]})
}

// exportAll sends a contact with all its groups, the messages of its conversation, and those that it
// wrote in groups, as one JSON object.
func (p contactPages) exportAll(w http.ResponseWriter, r *http.Request) error {
	var o objectFile
	err := p.store.Exports.ExportContact(r.Context(), by(r), r.PathValue("id"), "json", models.Parts{
		Contact: func(c models.Contact) (err error) {
			o, err = p.object(w, r, "contact"+export.Words(c.Username), export.ContactColumns, export.ContactRow(c),
				export.Part{Name: "groups", Columns: export.GroupColumns}, export.Part{Name: "messages", Columns: export.MessageColumns},
				export.Part{Name: "messages_in_groups", Columns: export.MessageColumns})
			return err
		},
		Groups:   func(g models.Group) error { return o.Write("groups", export.GroupRow(g)...) },
		Messages: func(m models.Message) error { return o.Write("messages", export.MessageRow(m)...) },
		InGroups: func(m models.Message) error { return o.Write("messages_in_groups", export.MessageRow(m)...) },
	})
	return o.finish(err)
}
