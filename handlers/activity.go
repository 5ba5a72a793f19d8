package handlers

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// activityFilters are what the address of a list of activity knows.
var activityFilters = []string{"who", "action", "object", "request", "from", "to", "q"}

// activity shows who did what.
func (c *Console) activity(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, append([]string{"after", "before", "limit"}, activityFilters...)...)
	at, query := readActivityAt(a)
	list, err := c.listActivity(r, a, at, query)
	if err == nil && len(list.Lines) == 0 {
		list.At, err = c.unguessed(r, a, at)
	}
	if err != nil {
		return err
	}
	if list.Names, err = c.store.Audit.ActivityNames(r.Context(), query); err != nil {
		return err
	}
	if list.Kept, err = c.store.Audit.Retention(r.Context()); err != nil {
		return err
	}
	if list.Users, list.Tokens, err = c.store.Audit.Doers(r.Context()); err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: views.Activity, Section: views.Activity, Body: views.ActivityPage(list)})
}

// unguessed is a place whose list is empty, without the filter that was made of what was
// looked for where that is the id of nothing at all.
func (c *Console) unguessed(r *http.Request, a *address, at views.ActivityAt) (views.ActivityAt, error) {
	q := text.Unquote(a.get("q"))
	if q == "" || q != at.Object && q != at.Request {
		return at, nil
	}
	query := audit.ActivityQuery{Range: db.Range{Limit: 1}}
	if q == at.Object {
		query.Object, at.Object = q, ""
	} else {
		query.Request, at.Request = q, ""
	}
	found, err := c.store.Audit.Activity(r.Context(), query)
	if len(found.Lines) > 0 {
		at.Object, at.Request = query.Object, query.Request
		return at, err
	}
	at.Q = q
	return at, err
}

// groupActivity shows what was done to a group.
func (c *Console) groupActivity(w http.ResponseWriter, r *http.Request) error {
	detail, err := c.detail(r)
	if err != nil {
		return err
	}
	a := readAddress(r, "after", "before", "limit", "list")
	at, query := readActivityAt(a)
	query.Object = detail.ID
	list, err := c.listActivity(r, a, at, query)
	if err != nil {
		return err
	}
	body := views.GroupActivityTab(views.GroupActivity{GroupDetail: detail, List: list.OfGroup(detail.ID, detail.List)})
	return c.show(w, r, http.StatusOK, views.Page{Title: detail.Name + " activity", Section: views.Groups, Body: body})
}

// ownActivity shows somebody what they did themselves, whatever else they may see.
func (c *Console) ownActivity(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "after", "before", "limit")
	at, query := readActivityAt(a)
	query.Who = by(r).UserID
	list, err := c.listActivity(r, a, at, query)
	if err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: "Your activity", Body: views.OwnActivityPage(list.Own())})
}

func (c *Console) listActivity(r *http.Request, a *address, at views.ActivityAt, query audit.ActivityQuery) (views.ActivityList, error) {
	page, err := c.store.Audit.Activity(r.Context(), query)
	if err == nil && !query.Before.IsZero() && !page.More {
		// The walk back came to the start: show the first page, and show it full.
		query.Before, at.Before = db.Cursor{}, ""
		page, err = c.store.Audit.Activity(r.Context(), query)
	}
	list := views.ActivityList{At: at, Lines: page.Lines, Notes: a.notes, PageSize: a.pageSize, By: by(r), Now: c.now(r)}
	if err != nil {
		return list, err
	}
	if n := len(page.Lines); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More, page.Lines[0].ID, page.Lines[n-1].ID)
		return list, nil
	}
	list.Since, err = c.store.Audit.ActivitySince(r.Context())
	return list, err
}

// A requestName is the id of a request. An ownRequest
// looks like an id of ours, but those begin with a 0 until the year 2081.
var (
	requestName = regexp.MustCompile(`^[!-~]{1,100}$`)
	ownRequest  = regexp.MustCompile(`^[A-Z2-7]{16}$`)
)

// readActivityAt reads a place in the list, and the query that it stands for.
func readActivityAt(a *address) (views.ActivityAt, audit.ActivityQuery) {
	at := views.ActivityAt{
		Who: a.id("who"), Object: a.id("object"), Action: a.action(),
		Request: a.matching("request", requestName), Limit: a.limit(),
	}
	switch q := text.Unquote(a.get("q")); {
	case q == "":
	case ownRequest.MatchString(q), requestName.MatchString(q) && !text.ValidID(q):
		at.Request = q
	case text.ValidID(q):
		at.Object = q
	default:
		at.Q = q
		a.note("“%s” is no id, so that filter was ignored.", clip(q))
	}
	query := audit.ActivityQuery{Who: at.Who, Action: at.Action, Object: at.Object, Request: at.Request, Range: a.page(at.Limit)}
	at.From, query.From = a.day("from", 0)
	at.To, query.To = a.day("to", 1)
	if at.From != "" && at.To != "" && !query.From.Before(query.To) {
		a.note("The first day is after the last one.")
	}
	query.After, query.Before = a.cursors(func(cursor db.Cursor) bool { return cursor.Value == "" })
	at.After, at.Before = query.After.String(), query.Before.String()
	return at, query
}

// id is a parameter that is an id, or "".
func (a *address) id(name string) string {
	value := text.Unquote(a.get(name))
	if value != "" && !text.ValidID(value) {
		a.note("“%s=%s” in the address is no id and was ignored.", name, clip(value))
		return ""
	}
	return value
}

// action is what activity can be narrowed to, or "".
func (a *address) action() string {
	value := a.get("action")
	if value != "" && !models.KnownAction(value) {
		a.note("“action=%s” in the address is not known and was ignored.", clip(value))
		return ""
	}
	return value
}

func (a *address) matching(name string, form *regexp.Regexp) string {
	value := text.Unquote(a.get(name))
	if value != "" && !form.MatchString(value) {
		a.note("“%s=%s” in the address is not known and was ignored.", name, clip(value))
		return ""
	}
	return value
}

// activityLine shows one act.
func (c *Console) activityLine(w http.ResponseWriter, r *http.Request) error {
	line, err := c.store.Audit.ActivityLine(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	d := views.ActivityDetail{Line: line, Names: map[string]string{}, Now: c.now(r)}
	if models.Reversible(line, by(r)) {
		if d.Reversible, d.RevertedBy, err = c.putBack(r, line); err != nil {
			return err
		}
	}
	for _, id := range views.UserIDs(line) {
		names, err := c.store.Audit.ActivityNames(r.Context(), audit.ActivityQuery{Who: id})
		if err != nil {
			return err
		}
		d.Names[id] = names.Who
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: models.Summary(line), Section: views.Activity, Body: views.ActivityLine(d)})
}

// putBack is the line that put another back, and reports whether there is a reason to offer
// that: not while nothing is left of it, nor where its object is gone.
func (c *Console) putBack(r *http.Request, line audit.Line) (offer bool, done audit.Line, err error) {
	if done, err = c.store.PutBackBy(r.Context(), line); err != nil {
		return false, done, err
	}
	reversal, err := c.store.Reversal(r.Context(), by(r), line.ID)
	if errors.Is(err, access.ErrNotFound) {
		return false, done, nil
	}
	return done.ID == "" || len(reversal.Possible()) > 0, done, err
}

// askRevert says what it would do to put a change back.
func (c *Console) askRevert(w http.ResponseWriter, r *http.Request) error {
	return c.showRevert(w, r, http.StatusOK, nil)
}

func (c *Console) showRevert(w http.ResponseWriter, r *http.Request, status int, wrong access.Invalid) error {
	reversal, err := c.store.Reversal(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := views.RevertForm{Reversal: reversal, Problems: wrong, Now: c.now(r)}
	return c.show(w, r, status, views.Page{
		Title: "Put back a change of " + reversal.Line.ObjectName, Section: views.Activity, Failed: len(wrong) > 0, Body: views.ConfirmRevert(f),
	})
}

// revert puts back the fields of a change that the form showed.
func (c *Console) revert(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	err := c.store.PutBack(r.Context(), by(r), id, r.PostForm["field"])
	invalid, ok := problems(err)
	switch {
	case ok:
		return c.showRevert(w, r, http.StatusUnprocessableEntity, invalid)
	case errors.Is(err, access.ErrChanged):
		return c.showRevert(w, r, http.StatusConflict, access.Invalid{{
			Code: access.Bad, Message: "This was changed meanwhile, and nothing was put back. Look at what can still be put back, and try again.",
		}})
	case err != nil:
		return err
	}
	line, err := c.store.Audit.ActivityLine(r.Context(), id)
	if err != nil {
		return err
	}
	return c.done(w, r, views.ActivityLineURL(id), views.Flash{Text: "The change of " + text.Isolated(line.ObjectName) + " is put back."})
}

// proofPatience is how long the activity is looked through for a page. A log that takes
// longer, of many millions of lines, is for the command.
const proofPatience = 2 * time.Minute

// verifyActivity says whether the activity is as the console wrote it.
func (c *Console) verifyActivity(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), proofPatience)
	defer cancel()
	r = r.WithContext(ctx)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(proofPatience + stallLimit))
	a := readAddress(r, "expect")
	p := views.ActivityProof{Expect: strings.TrimSpace(a.get("expect")), Now: c.now(r)}
	var err error
	p.AuditProof, err = c.store.Audit.VerifyAudit(ctx, p.Expect)
	status := http.StatusOK
	if invalid, ok := problems(err); ok {
		p.Problems, status = invalid, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	return c.show(w, r, status, views.Page{
		Title: "Verify activity", Section: views.Activity, Failed: len(p.Problems) > 0, Body: views.ActivityProofPage(p),
	})
}
