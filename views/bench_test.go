package views

import (
	"fmt"
	"io"
	"testing"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
)

// fullList returns a page of the list as most people see it.
func fullList() GroupList {
	description := "Everybody who works at the hotel, from the front desk down to the kitchen & the cellar"
	l := GroupList{By: owner, Status: models.Active, Total: &db.Count{N: 10_000, More: true}, Next: "0000000000000025", Origin: "https://console.example", Now: noon}
	for i := range identity.DefaultPageSize {
		g := models.Group{ID: fmt.Sprintf("%016d", i), Name: fmt.Sprintf("Plaza Hotel %d", i), ContactsCount: i * 100, CreatedAt: noon.AddDate(0, 0, -3*i).Unix()}
		if i%2 == 0 {
			g.Description = &description
		}
		l.Rows = append(l.Rows, models.GroupHit{Group: g})
	}
	return l
}

func BenchmarkGroupsPage(b *testing.B) {
	list := fullList()
	found := fullList()
	found.At.Q, found.Search = "hotel", models.ParseSearch("hotel", nil)
	for name, l := range map[string]GroupList{"list": list, "search": found} {
		b.Run(name, func(b *testing.B) {
			benchmark(b, Document(Page{Title: Groups, Section: Groups, Body: GroupsPage(l), Frame: Frame{User: "Anna", Path: "/groups", RequestID: "0123456789abcdef", Version: "1.0"}}))
		})
	}
}

func BenchmarkGroupPage(b *testing.B) {
	d := GroupDetail{Group: fullList().Rows[0].Group, Origin: "https://console.example", Now: noon}
	for range 10 {
		d.Contacts = append(d.Contacts, models.Contact{ID: d.ID, Username: "hector", DisplayName: new("Hector Alvarez")})
	}
	benchmark(b, Document(Page{Title: d.Name, Section: Groups, Body: GroupOverview(d), Frame: Frame{User: "Anna", Path: "/groups/" + d.ID}}))
}

func benchmark(b *testing.B, page templ.Component) {
	var size int64
	b.ReportAllocs()
	for b.Loop() {
		w := counter{io.Discard, 0}
		if err := page.Render(b.Context(), &w); err != nil {
			b.Fatal(err)
		}
		size = w.n
	}
	b.ReportMetric(float64(size), "bytes")
}

// counter counts what is written.
type counter struct {
	io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.Writer.Write(p)
}
