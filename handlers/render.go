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

// render sends a page, or the region of it that was asked for. The page stands in the section of the
// request's route, unless it is shown in place of the route's own page to somebody who isn't signed in.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, p views.Page) error {
	frame, err := s.frame(w, r)
	if err != nil {
		return err
	}
	p.Frame = frame
	if rt := routeOf(r); rt.right == anybody || signedInAs(r) != nil {
		p.Section = rt.section
	}
	ctx, err := s.withPictures(r)
	if err != nil {
		return err
	}
	region := region(r)
	if region == "" {
		if p.Frame.Stopped, err = s.store.Webhooks.PausedWebhooks(r.Context(), p.Frame.By); err != nil {
			return err
		}
		if p.Frame.Views, err = s.menuViews(r); err != nil {
			return err
		}
		return send(w, status, func(whole *bytes.Buffer) error { return views.Document(p).Render(ctx, whole) })
	}
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

// respond sends a component.
func respond(w http.ResponseWriter, r *http.Request, status int, component templ.Component) error {
	return send(w, status, func(whole *bytes.Buffer) error { return component.Render(withoutDeadline(r), whole) })
}

// withoutDeadline returns the request's context without its deadline. A page that has all its data is
// rendered even if getting the data took all the time there was.
func withoutDeadline(r *http.Request) context.Context { return context.WithoutCancel(r.Context()) }

// send sends HTML, nothing of it before it is complete.
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

// region returns the name of the region that the request wants to replace, or "" for the whole
// document.
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

// frame returns what stands around every page. Messages are shown once.
func (s *site) frame(w http.ResponseWriter, r *http.Request) (views.Frame, error) {
	f := views.Frame{Theme: s.themeOf(r), RequestID: requestID(r), Path: r.URL.RequestURI()}
	v := signedInAs(r)
	if v == nil {
		return f, nil
	}
	general, err := s.store.Identity.Settings.General(r.Context())
	if err != nil {
		return f, err
	}
	f.Workspace = general.Workspace
	f.User, f.By, f.Restricted, f.Version = v.user.Name, v.actor, v.mustEnroll, s.version
	f.Calls = routeOf(r).hasCalls()
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

// retryAfter is for how many seconds a database that is down should be left alone.
const retryAfter = "2"

// now returns the time in the zone and the format of whoever sees the page.
func (s *site) now(r *http.Request) views.Clock {
	if v := signedInAs(r); v != nil {
		return s.nowOf(v.user)
	}
	return views.NewClock(s.store.DB.Now().UTC(), identity.DayFirst)
}

// nowOf returns the time in a user's zone and format.
func (s *site) nowOf(user identity.User) views.Clock {
	return views.NewClock(s.store.DB.Now().In(user.Location()), user.Locale)
}

func plain(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte(text))
	return err
}
