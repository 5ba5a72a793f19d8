package models_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

func TestPastedListsAreMatchedExactly(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		anna := contactNamed(t, store, by, "Anna", "", "+49 (151) 234-5678")
		contactNamed(t, store, by, "anna.b", "Anna", "+49 151 234 567")
		contactNamed(t, store, by, "twin1", "", "+33 6123")
		contactNamed(t, store, by, "twin2", "", "0033-6123")
		contactNamed(t, store, by, "twin3", "", "33.6123")
		contactNamed(t, store, by, "336123", "", "")
		contactNamed(t, store, by, "after", "Ends in 49151234567", "")
		list := strings.Join([]string{
			" ANNA ", "@anna", `"anna.b"`, anna.ID, "49151 2345678,(49) 151-234567;+٤٩١٥١٢٣٤٥٦٧٨", "+33 6123\t0033 6123\r\n336123", "hector", "Ends", "6123", "", "annä", "a\x00b",
		}, "\n")
		want := []string{
			"ANNA: Anna", "@anna: Anna", "anna.b: anna.b", anna.ID + ": Anna", "49151 2345678: Anna", "(49) 151-234567: anna.b", "+٤٩١٥١٢٣٤٥٦٧٨: Anna",
			"+33 6123: twin1,twin3", "0033 6123: twin2", "336123: 336123,twin1,twin3", "hector: ", "Ends: ", "6123: ", "annä: ", "a\x00b: ",
		}
		matches, err := store.Members.Match(t.Context(), models.ListEntries(list))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range matches {
			got = append(got, m.Entry+": "+called(m.Contacts))
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
		many := make([]string, models.MaxMatched+1)
		for i := range many {
			many[i] = strconv.Itoa(10_000 + i)
		}
		if _, err := store.Members.Match(t.Context(), many[1:]); err != nil {
			t.Error(err)
		}
		if _, err := store.Members.Match(t.Context(), many); err == nil {
			t.Errorf("%d entries were looked up", len(many))
		}
	})
}

func TestListsAreSplitIntoEntries(t *testing.T) {
	got := models.ListEntries("\ufeffanna, \"bob\";Anna\r\n\n+49 151 1\tcarl ")
	if want := []string{"anna", "bob", "+49 151 1", "carl"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
