package views

import (
	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// ContactErase is what the page shows before the personal data of a contact are erased.
type ContactErase struct {
	models.Contact
	By access.Actor
	// Leaves are some of the groups the contact is removed from; MoreLeaves says that there
	// are more.
	Leaves     []models.Group
	MoreLeaves bool
	// Wrote is how many messages the contact wrote in groups, and Conversation how many are in its conversation.
	Wrote, Conversation db.Count
	Typed, Reason       string
	Key                 string
	Next                string
	Problems            access.Invalid
	Now                 Clock
}

func (f ContactErase) back() templ.SafeURL { return ContactURL(f.ID) + FromList(listIn(f.Next)) }
