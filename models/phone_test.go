package models_test

import (
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

func TestPhoneNumbersAreFoundInAnyFormat(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		anna := contactNamed(t, store, by, "anna", "", "+49 (151) 234-5678")
		contactNamed(t, store, by, "paul", "Paul 2024 12", "+33612345699")
		contactNamed(t, store, by, "room-12-34", "", "")
		g := modelstest.Group(t, store, by, "Plaza Hotel", anna)
		for text, want := range map[string]string{
			"+49 (151) 234-5678": "anna", "+49 151 2345678": "anna", "49-151-234-5678": "anna", "+491512345678": "anna",
			"+49.151.234.5678": "anna", "+49/151/234 56 78": "anna", "(151) 234": "anna", "15 12 34 56": "anna", "234-5678": "anna",
			"5123": "anna", "4 9 1 5": "anna", "+49": "anna", "＋４９　（１５１）": "anna", "+٤٩ (١٥١)": "anna", "+49\u00a0151\u2011234": "anna",
			"anna +49 (151) 234": "anna", "+33 6 12 34 56 99": "paul", "2024 12": "paul", "12 2024": "paul", "12-34": "room-12-34",
			"+49 (151) 234-9999": "", "5678 234 151": "anna", "-": "room-12-34", "+": "",
		} {
			page, err := store.Contacts(t.Context(), models.ContactQuery{Text: text})
			if err != nil || called(page.Contacts) != want {
				t.Errorf("contacts %q: got %q, want %q, %v", text, called(page.Contacts), want, err)
			}
			n, err := store.CountContacts(t.Context(), models.ContactQuery{Text: text})
			if err != nil || n.N != len(page.Contacts) {
				t.Errorf("contacts %q: counted %+v, %v", text, n, err)
			}
			if want != "anna" {
				continue
			}
			members, err := store.Members.List(t.Context(), models.MemberQuery{Group: g.ID, Text: text})
			if err != nil || called(members.Contacts) != want {
				t.Errorf("members %q: got %q, %v", text, called(members.Contacts), err)
			}
			if got := names(t, store, models.GroupQuery{Search: models.ParseSearch(`member:"`+text+`"`, nil)}); len(got) != 1 {
				t.Errorf("member:%q: got %q", text, got)
			}
		}
		for _, search := range []string{"member:+49 (151) 234-5678", "plaza member:+49 151 2345678", "member:(151) 234 is:active", "member:5123"} {
			if got := names(t, store, models.GroupQuery{Search: models.ParseSearch(search, nil)}); len(got) != 1 {
				t.Errorf("%s: got %q", search, got)
			}
		}
	})
}

func contactNamed(t *testing.T, store *models.Store, by access.Actor, username, display, phone string) models.Contact {
	t.Helper()
	c, err := store.CreateContact(t.Context(), by, models.ContactChange{Username: &username, DisplayName: &display, PhoneNumber: &phone}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// called returns the usernames of contacts, with commas.
func called(contacts []models.Contact) (all string) {
	for i, c := range contacts {
		if i > 0 {
			all += ","
		}
		all += c.Username
	}
	return all
}
