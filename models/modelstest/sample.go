package modelstest

import (
	"fmt"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// OwnerPassword is the password of the user that Owner creates.
const OwnerPassword = "glacier-teapot-42-umbrella"

// Owner creates the owner ada@example.com and returns her as an actor.
func Owner(t testing.TB, store *models.Store) access.Actor {
	t.Helper()
	user, err := store.Identity.Users.CreateUser(t.Context(), access.System("modelstest"), identity.NewUser{
		Email: "ada@example.com", Name: "Ada Lovelace", Role: access.Owner, Password: Keep(store, Password, OwnerPassword),
	})
	if err != nil {
		t.Fatal(err)
	}
	return user.Actor()
}

// Contacts creates n contacts with the usernames contact1, contact2 and so on, once for
// each store.
func Contacts(t testing.TB, store *models.Store, by access.Actor, n int) []models.Contact {
	t.Helper()
	contacts := make([]models.Contact, n)
	for i := range contacts {
		contacts[i] = Contact(t, store, by, fmt.Sprintf("contact%d", i+1))
	}
	return contacts
}

// Contact creates one contact.
func Contact(t testing.TB, store *models.Store, by access.Actor, username string) models.Contact {
	t.Helper()
	contact, err := store.CreateContact(t.Context(), by, models.ContactChange{Username: &username}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return contact
}

// Group creates a group with these members.
func Group(t testing.TB, store *models.Store, by access.Actor, name string, contacts ...models.Contact) models.Group {
	t.Helper()
	refs := make([]models.ContactRef, len(contacts))
	for i, c := range contacts {
		refs[i].ID = c.ID
	}
	group, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: &name, Contacts: &refs}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return group.Group
}
