package handlers

import (
	"net/http"

	"protocol.chat/console/handlers/export"
)

// export sends all of the activity that a list shows. It is a POST because it leaves an audit line:
// no link on another site may cause one.
func (p activityPages) export(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, activityFilters...)
	_, query := readActivityAt(a)
	format, err := exportFormat(r, a)
	if err != nil {
		return err
	}
	return p.exported(w, r, export.List{Of: export.Activity, Format: format, Name: "activity", Activity: query})
}
