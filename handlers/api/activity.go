package api

import (
	"encoding/json"
	"net/http"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/views"
)

// activityObject is an activity entry as the API shows it.
type activityObject struct {
	ID        string          `json:"id"`
	Action    audit.Action    `json:"action"`
	Summary   string          `json:"summary"`
	Actor     actorObject     `json:"actor"`
	Object    *subjectObject  `json:"object"`
	Changes   json.RawMessage `json:"changes"`
	IP        *string         `json:"ip"`
	UserAgent *string         `json:"user_agent"`
	RequestID *string         `json:"request_id"`
	// Seal is the place in the chain; null if it has none yet.
	Seal      *int64 `json:"seal"`
	CreatedAt int64  `json:"created_at"`
}

type actorObject struct {
	Kind   access.ActorKind `json:"kind"`
	ID     *string          `json:"id"`
	Name   string           `json:"name"`
	UserID *string          `json:"user_id"`
}

type subjectObject struct {
	Kind string  `json:"kind"`
	ID   *string `json:"id"`
	Name string  `json:"name"`
}

func activityOf(l audit.Line) activityObject {
	o := activityObject{
		ID: l.ID, Action: l.Action, Summary: views.Summary(l), Changes: json.RawMessage(l.Changes),
		Actor: actorObject{l.ActorKind, orNull(l.ActorID), l.ActorName, orNull(l.UserID)},
		IP:    orNull(l.IP), UserAgent: orNull(l.UserAgent), RequestID: orNull(l.RequestID), Seal: orNull(l.Number), CreatedAt: l.CreatedAt,
	}
	if l.ObjectKind != "" {
		o.Object = &subjectObject{l.ObjectKind, orNull(l.ObjectID), l.ObjectName}
	}
	return o
}

// orNull returns a value, or JSON's null for the zero value.
func orNull[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

// activityCalls are the calls about activity.
type activityCalls struct{ *api }

func (a activityCalls) list(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	wanted := audit.ActivityQuery{
		Who: q.values["who"], Action: q.values["action"], Object: q.values["object"], Request: q.values["request_id"],
		From: q.moment("created_after"), To: q.moment("created_before"), Range: q.page(a.inFuture(r)),
	}
	page, err := a.Store.Audit.Activity(r.Context(), wanted)
	return listed(page.Lines, page.More, activityOf), err
}

// moment returns a parameter that is a time; the zero time if it isn't given.
func (q *query) moment(key string) time.Time {
	value, given := q.values[key]
	if !given {
		return time.Time{}
	}
	at, ok := moment(value)
	if !ok || at < 0 || at > maxMoment {
		q.invalid(key, "“%s” %s", key, mustBeMoment)
	}
	return time.Unix(at, 0)
}

// maxMoment is in the year 8888, the last one that ids reach.
const maxMoment = 218_340_105_584

func (a activityCalls) show(r *http.Request, _ access.Actor) (result, error) {
	l, err := a.Store.Audit.ActivityLine(r.Context(), r.PathValue("id"))
	return one(activityOf(l)), err
}

// proofObject is the result of verifying the activity.
type proofObject struct {
	Intact bool `json:"intact"`
	// First is where the log begins; retention deleted the entries before it.
	First         int64  `json:"first"`
	DeletedBefore *int64 `json:"deleted_before"`
	DeletedAt     *int64 `json:"deleted_at"`
	// Compared reports whether the expected head could be compared; null if none was given.
	Compared *bool `json:"compared"`
	// Adoptions is how often the log was accepted as is.
	Adoptions int64 `json:"adoptions"`
	Adopted   int64 `json:"adopted"`
	// Marked is the last entry that the mark outside the database confirms; null if there is no mark.
	Marked *int64       `json:"marked"`
	Sealed int64        `json:"sealed"`
	Tail   int64        `json:"tail"`
	Head   *string      `json:"head"`
	Broken *faultObject `json:"broken"`
}

type faultObject struct {
	Number  *int64  `json:"number"`
	LineID  *string `json:"line_id"`
	Code    string  `json:"code"`
	Message string  `json:"message"`
}

func (a activityCalls) verify(r *http.Request, _ access.Actor) (result, error) {
	q := queryOf(r)
	expect, given := q.values["expect"]
	if given && expect == "" {
		q.invalid("expect", "“expect” must be the head that an earlier check returned.")
	}
	if err := q.check(); err != nil {
		return result{}, err
	}
	proof, err := a.Store.Audit.VerifyAudit(r.Context(), expect)
	answer := proofObject{
		Intact: proof.Broken == nil, Sealed: proof.Sealed, Tail: proof.Tail, Head: orNull(proof.Head),
		First: proof.First, DeletedBefore: orNull(proof.DeletedBefore), DeletedAt: orNull(proof.DeletedAt),
	}
	answer.Adoptions, answer.Adopted = proof.Adoptions, proof.Adopted
	if proof.HasMark {
		answer.Marked = &proof.Marked
	}
	if given {
		answer.Compared = new(!proof.Incomparable)
	}
	if f := proof.Broken; f != nil {
		answer.Broken = &faultObject{orNull(f.Number), orNull(f.LineID), string(f.Kind), views.FaultText(*f, views.Clock{})}
	}
	return result{status: http.StatusOK, body: answer}, err
}
