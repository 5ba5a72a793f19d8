package handlers

import (
	"net/http"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/views"
)

// exportForm asks how the groups of a list are exported.
func (p groupPages) exportForm(w http.ResponseWriter, r *http.Request) error {
	list, err := p.listAt(r, readAddress(r, append(groupFilters, "sort")...))
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Export groups", Body: views.ExportGroups(list, r.PostForm["ids"], exportOptions())})
}

// export sends the groups of a list as a file.
func (p groupPages) export(w http.ResponseWriter, r *http.Request) error {
	if chosenNow(r) {
		return p.exportForm(w, r)
	}
	a := readAddress(r, append(groupFilters, "sort")...)
	at, query := readGroupsAt(a)
	format, err := exportFormat(r, a)
	if err != nil {
		return err
	}
	return p.exported(w, r, export.List{
		Of: export.Groups, Format: format, Name: "groups" + export.Words(string(query.Shown()), at.Q), Groups: query, IDs: r.PostForm["ids"],
		MemberIDs: r.PostForm.Get("members") == "ids",
	})
}

// exportForm asks how the members of a group are exported.
func (p memberPages) exportForm(w http.ResponseWriter, r *http.Request) error {
	detail, err := p.detail(r)
	if err != nil {
		return err
	}
	a := readAddress(r, "q", "list")
	at := views.MembersAt{Q: a.search(), List: detail.List}
	body := views.ExportMembers(detail, at, r.PostForm["ids"], exportOptions())
	return p.render(w, r, http.StatusOK, views.Page{Title: "Export members of " + detail.Name, Body: body})
}

// export sends the members of a group as a file.
func (p memberPages) export(w http.ResponseWriter, r *http.Request) error {
	if chosenNow(r) {
		return p.exportForm(w, r)
	}
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
	return p.exported(w, r, export.List{
		Of: export.Members, Format: format, Name: "members" + export.Words(g.Name, query.Text), Members: query, IDs: r.PostForm["ids"],
	})
}

// exportAll sends a group with all its members and messages as one JSON object.
func (p groupPages) exportAll(w http.ResponseWriter, r *http.Request) error {
	var o objectFile
	err := p.store.Exports.ExportGroup(r.Context(), by(r), r.PathValue("id"), "json", models.Parts{
		Group: func(g models.Group) (err error) {
			o, err = p.object(w, r, "group"+export.Words(g.Name), export.GroupColumns, export.GroupRow(g),
				export.Part{Name: "contacts", Columns: export.ContactColumns}, export.Part{Name: "messages", Columns: export.MessageColumns})
			return err
		},
		Contacts: func(c models.Contact) error { return o.Write("contacts", export.ContactRow(c)...) },
		Messages: func(m models.Message) error { return o.Write("messages", export.MessageRow(m)...) },
	})
	return o.finish(err)
}
