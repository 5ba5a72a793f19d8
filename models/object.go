package models

// GroupObject is a group as the API and the events show it. Its keys have the
// reference's order.
type GroupObject struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	Description    *string         `json:"description"`
	AvatarURL      *string         `json:"avatar_url"`
	ConversationID string          `json:"conversation_id"`
	Contacts       []ContactObject `json:"contacts"`
	ContactsCount  int             `json:"contacts_count"`
	CreatedAt      int64           `json:"created_at"`
	ArchivedAt     *int64          `json:"archived_at"`
	UpdatedAt      int64           `json:"updated_at"`
}

// Object returns the group as the API shows it, with the members that were read.
func (g Group) Object() GroupObject {
	contacts := make([]ContactObject, len(g.Contacts))
	for i, c := range g.Contacts {
		contacts[i] = c.Object()
	}
	return GroupObject{
		ID: g.ID, Name: g.Name, Description: g.Description, AvatarURL: g.AvatarURL, ConversationID: g.ConversationID,
		Contacts: contacts, ContactsCount: g.ContactsCount,
		CreatedAt: g.CreatedAt, ArchivedAt: g.ArchivedAt, UpdatedAt: g.UpdatedAt,
	}
}

// ContactObject is GroupObject for a contact.
type ContactObject struct {
	ID             string  `json:"id"`
	Username       string  `json:"username"`
	PhoneNumber    *string `json:"phone_number"`
	AvatarURL      *string `json:"avatar_url"`
	DisplayName    string  `json:"display_name"`
	ConversationID string  `json:"conversation_id"`
	LastActiveAt   *int64  `json:"last_active_at"`
	CreatedAt      int64   `json:"created_at"`
}

// Object returns the contact as the API shows it.
func (c Contact) Object() ContactObject {
	return ContactObject{
		ID: c.ID, Username: c.Username, PhoneNumber: c.PhoneNumber, AvatarURL: c.AvatarURL, DisplayName: c.Name(),
		ConversationID: c.ConversationID, LastActiveAt: c.LastActiveAt, CreatedAt: c.CreatedAt,
	}
}

// MessageObject is GroupObject for a message.
type MessageObject struct {
	ID             string  `json:"id"`
	ConversationID string  `json:"conversation_id"`
	ContactID      *string `json:"contact_id"`
	Message        string  `json:"message"`
	CreatedAt      int64   `json:"created_at"`
}

// Object returns the message as the API shows it.
func (m Message) Object() MessageObject {
	return MessageObject{ID: m.ID, ConversationID: m.ConversationID, ContactID: m.ContactID, Message: m.Message, CreatedAt: m.CreatedAt}
}

// DeletedMessageObject is what the events show of a message that was deleted.
type DeletedMessageObject struct {
	ID             string  `json:"id"`
	ConversationID string  `json:"conversation_id"`
	ContactID      *string `json:"contact_id"`
	CreatedAt      int64   `json:"created_at"`
	DeletedAt      int64   `json:"deleted_at"`
	Reason         string  `json:"reason"`
}

func (m Message) deletedObject() DeletedMessageObject {
	return DeletedMessageObject{
		ID: m.ID, ConversationID: m.ConversationID, ContactID: m.ContactID, CreatedAt: m.CreatedAt,
		DeletedAt: m.Deleted.At, Reason: m.Deleted.Reason,
	}
}
