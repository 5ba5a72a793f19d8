package models

import (
	"time"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/events"
)

// ExampleEvent returns the payload of an event of a type that didn't happen, for tests of
// receivers.
func ExampleEvent(kind events.Type, now time.Time) (string, error) {
	at := now.Unix()
	anna := Contact{
		ID: "0VblOpnj00000001", Username: "anna", PhoneNumber: new("+1 212 555 0123"), DisplayName: new("Anna Smith"),
		ConversationID: "0VblOpnj00000002", CreatedAt: at,
	}
	plaza := Group{
		ID: "0VblOpnj00000003", Name: "Plaza Hotel", Description: new("The finest in New York."), ConversationID: "0VblOpnj00000004",
		Contacts: []Contact{anna}, ContactsCount: 1, CreatedAt: at, UpdatedAt: at,
	}
	switch kind {
	case events.ContactCreated, events.ContactUpdated, events.ContactDeleted:
		return payload(anna.Object())
	case events.MessageCreated:
		return payload(Message{ID: "0VblOpnj00000005", ConversationID: plaza.ConversationID, ContactID: &anna.ID, Message: "Welcome!", CreatedAt: at}.Object())
	case events.MessageDeleted:
		spam := Message{ID: "0VblOpnj00000005", ConversationID: plaza.ConversationID, ContactID: &anna.ID, CreatedAt: at, Deleted: &MessageDeletion{At: at, Reason: "Spam"}}
		return payload(spam.deletedObject())
	case events.GroupArchived:
		plaza.ArchivedAt = &at
	case events.GroupMembersAdded, events.GroupMembersRemoved:
		return payload(moved{Group: plaza.Object(), Count: 1, Contacts: []audit.Member{{ID: anna.ID, Username: anna.Username}}})
	}
	return payload(plaza.Object())
}
