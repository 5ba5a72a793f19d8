package handlers

import (
	"context"
	"net/http"
	"strconv"

	"protocol.chat/console/handlers/avatars"
	"protocol.chat/console/views"
)

// avatarPages are the pictures of groups and contacts, each by the id of what it belongs to. Its
// address comes from the database, never from the request.
type avatarPages struct{ *site }

func (p avatarPages) group(w http.ResponseWriter, r *http.Request) error {
	return p.send(w, r, p.store.Avatars.OfGroup)
}

func (p avatarPages) contact(w http.ResponseWriter, r *http.Request) error {
	return p.send(w, r, p.store.Avatars.OfContact)
}

// How long browsers keep a picture without asking again, and that there is none.
const (
	keepPicture   = "private, max-age=86400"
	keepNoPicture = "private, max-age=60"
)

// send sends a picture. What it sends is one in any case: one that can't be shown is transparent
// and lets the initials through, which an error would too, but browsers would complain about it.
func (p avatarPages) send(w http.ResponseWriter, r *http.Request, addressOf func(context.Context, string) (string, error)) error {
	address, err := addressOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	shown, err := p.showsPictures(r)
	if err != nil {
		return err
	}
	var picture avatars.Picture
	if address != "" && shown {
		picture = p.avatars.Get(r.Context(), address)
	}
	header := w.Header()
	header.Set("Vary", "Cookie")
	switch {
	case picture.Pending: // and no-store
		picture.PNG = avatars.None
	case picture.PNG == nil:
		picture.PNG = avatars.None
		header.Set("Cache-Control", keepNoPicture)
	default:
		header.Set("ETag", picture.ETag)
		header.Set("Cache-Control", keepPicture)
		if r.Header.Get("If-None-Match") == picture.ETag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	header.Set("Content-Type", "image/png")
	header.Set("Content-Length", strconv.Itoa(len(picture.PNG)))
	_, _ = w.Write(picture.PNG) // the client may have gone
	return nil
}

// showsPictures reports whether pages have pictures.
func (s *site) showsPictures(r *http.Request) (bool, error) {
	if s.avatars == nil {
		return false, nil
	}
	general, err := s.store.Identity.Settings.General(r.Context())
	return general.Avatars, err
}

// withPictures returns the context to render a page in: with pictures, if they are shown.
func (s *site) withPictures(r *http.Request) (context.Context, error) {
	ctx := withoutDeadline(r)
	if signedInAs(r) == nil {
		return ctx, nil
	}
	shown, err := s.showsPictures(r)
	if shown {
		ctx = views.WithPictures(ctx)
	}
	return ctx, err
}
