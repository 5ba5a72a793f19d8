package handlers

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// show answers with a page, or with the region of it that was asked for.
func (c *Console) show(w http.ResponseWriter, r *http.Request, status int, p views.Page) error {
	frame, err := c.frame(w, r)
	if err != nil {
		return err
	}
	p.Frame = frame
	region := region(r)
	if region == "" {
		return render(w, r, status, views.Document(p))
	}
	ctx := unhurried(r)
	return send(w, status, func(part *bytes.Buffer) error {
		if err := templ.RenderFragments(ctx, part, p.Body, region); err != nil {
			return err
		}
		if part.Len() == 0 { // asked for by a page older than the program
			return views.Document(p).Render(ctx, part)
		}
		return views.Flashes(p).Render(ctx, part)
	})
}

// render answers with a component.
func render(w http.ResponseWriter, r *http.Request, status int, component templ.Component) error {
	return send(w, status, func(whole *bytes.Buffer) error { return component.Render(unhurried(r), whole) })
}

// unhurried is the request's context without its deadline. A page that has all it shows is
// drawn even where finding that took all the time there was.
func unhurried(r *http.Request) context.Context { return context.WithoutCancel(r.Context()) }

// send answers with HTML that is whole before anything of it is sent.
func send(w http.ResponseWriter, status int, fill func(*bytes.Buffer) error) error {
	html := templ.GetBuffer()
	defer templ.ReleaseBuffer(html)
	if err := fill(html); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(html.Len()))
	w.WriteHeader(status)
	_, _ = html.WriteTo(w) // the client may have gone
	return nil
}

// region is the name of the region that the request wants to replace, or "" for
// the whole document.
func region(r *http.Request) string {
	if !isPartial(r) {
		return ""
	}
	_, id, _ := strings.Cut(r.Header.Get("HX-Target"), "#")
	return id
}

func isPartial(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Request-Type") == "partial" &&
		r.Header.Get("HX-History-Restore-Request") != "true"
}

// frame is what stands around every page. Messages are shown once.
func (c *Console) frame(w http.ResponseWriter, r *http.Request) (views.Frame, error) {
	f := views.Frame{Theme: c.themeOf(r), RequestID: requestID(r), Path: r.URL.RequestURI()}
	v := visitOf(r)
	if v == nil {
		return f, nil
	}
	var err error
	if f.Workspace, err = c.store.Identity.Workspace(r.Context()); err != nil {
		return f, err
	}
	f.User, f.By, f.Held, f.Version = v.user.Name, v.actor, v.must, c.version
	f.Density, f.Locale, f.Shortcuts = v.user.Density, v.user.Locale, v.user.Shortcuts
	if !v.remembered() {
		f.Idle = identity.IdleLimit
	}
	if f.Flashes = v.flashes(); len(f.Flashes) > 0 && r.Method != http.MethodHead {
		v.setFlashes(nil)
		err = v.session.Save(r, w)
	}
	return f, err
}

// retryAfter is for how many seconds a database that is away should be left alone.
const retryAfter = "2"

// now is the time as a page tells it, in the zone of who looks at it.
func (c *Console) now(r *http.Request) views.Clock {
	if v := visitOf(r); v != nil {
		return c.nowOf(v.user)
	}
	return views.NewClock(c.store.DB.Now().UTC(), identity.DayFirst)
}

// nowOf is the time in a user's zone, to be written as the user does.
func (c *Console) nowOf(user identity.User) views.Clock {
	return views.NewClock(c.store.DB.Now().In(user.Location()), user.Locale)
}

func plain(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte(text))
	return err
}
