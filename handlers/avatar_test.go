package handlers_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/handlers"
	"protocol.chat/console/handlers/avatars"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// withAvatars lets a console fetch pictures, also of this machine.
func withAvatars(folder string) func(*handlers.Config) {
	return func(c *handlers.Config) {
		c.Avatars = avatars.New(avatars.Config{Folder: folder, AllowLoopback: true, Log: slog.New(slog.DiscardHandler)})
	}
}

// pictureHost serves a green picture, and counts who asks for it.
func pictureHost(t testing.TB) (address string, asked *atomic.Int32) {
	green := image.NewUniform(color.RGBA{G: 200, A: 255})
	picture := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for at := range 300 * 200 {
		picture.Set(at%300, at/300, green.C)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path != "/green.png" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(file.Bytes())
	}))
	t.Cleanup(server.Close)
	return server.URL + "/green.png", asked
}

// pictures returns the addresses of the pictures on a page.
func pictures(p *page) (all []string) {
	p.doc.Find(".avatar img").Each(func(_ int, img *goquery.Selection) { all = append(all, img.AttrOr("src", "")) })
	return all
}

func TestAvatars(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := open(t, store, withAvatars(t.TempDir()))
		s.setUp()
		address, asked := pictureHost(t)
		g := s.group("Plaza Hotel")
		if _, err := store.UpdateGroup(t.Context(), s.by, g.ID, models.GroupChange{AvatarURL: &address}); err != nil {
			t.Fatal(err)
		}
		other := s.group("No picture")
		bare := "/avatars/groups/" + other.ID

		page := s.get("/groups/" + g.ID).wants(200)
		shown := pictures(page)
		if len(shown) != 1 || !strings.HasPrefix(shown[0], "/avatars/groups/"+g.ID+"?v=") {
			t.Fatalf("the page shows %q", shown)
		}
		if list := pictures(s.get("/groups").wants(200)); len(list) != 1 || list[0] != shown[0] {
			t.Errorf("the list shows %q", list)
		}
		picture := s.get(shown[0]).wants(200)
		if picture.header.Get("Content-Type") != "image/png" || !strings.HasPrefix(picture.header.Get("Cache-Control"), "private, max-age=") || s.with("If-None-Match", picture.header.Get("ETag")).get(shown[0]).status != 304 {
			t.Errorf("headers: %v", picture.header)
		}
		if size := pixels(t, picture); size != avatars.Size {
			t.Errorf("a picture of %d pixels", size)
		}
		s.get("/avatars/groups/" + g.ID + "?v=other&url=http://127.0.0.1/secret.png").wants(200)
		if size := pixels(t, s.get(bare).wants(200)); size != 1 {
			t.Errorf("without an address: %d pixels", size)
		}
		s.get("/avatars/groups/0123456789abcdef").wants(404)
		s.newBrowser().get(shown[0]).wants(303)

		s.turnAvatars("").wants(303)
		if off := pictures(s.get("/groups").wants(200)); len(off) != 0 {
			t.Errorf("off, the list shows %q", off)
		}
		if size := pixels(t, s.get(shown[0]).wants(200)); size != 1 {
			t.Errorf("off: %d pixels", size)
		}
		s.turnAvatars("yes").wants(303)
		if n := asked.Load(); n != 1 {
			t.Errorf("the host was asked %d times", n)
		}
	})
}

// turnAvatars switches them as an owner does.
func (s *site) turnAvatars(on string) *page { return s.post("/settings/general", "avatars", on) }

// pixels returns how wide a picture is.
func pixels(t *testing.T, p *page) int {
	t.Helper()
	config, err := png.DecodeConfig(strings.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	return config.Width
}

func TestAvatarsAreSwitchedByOwners(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := open(t, store)
		s.setUp()
		shown := func() bool {
			is, err := store.Identity.Settings.General(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return is.Avatars
		}
		lines := func() int {
			page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Action: string(audit.ChangedSettings)})
			if err != nil {
				t.Fatal(err)
			}
			return len(page.Lines)
		}
		if !shown() {
			t.Error("off from the start")
		}
		for i, on := range []bool{true, false, false, true} { // of which two change something
			if err := store.Identity.Settings.UpdateGeneral(t.Context(), s.by, identity.GeneralChange{Avatars: &on}); err != nil || shown() != on {
				t.Errorf("%d: %v", i, err)
			}
		}
		if n := lines(); n != 2 {
			t.Errorf("%d lines", n)
		}
		admin := s.by
		admin.Role = access.Admin
		if err := store.Identity.Settings.UpdateGeneral(t.Context(), admin, identity.GeneralChange{Avatars: new(false)}); err == nil || !shown() {
			t.Errorf("an admin: %v", err)
		}
	})
}
