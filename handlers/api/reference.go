package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views/reference"
)

// Reference returns what the description says of the calls, with what only the code knows of them: the
// right that each needs, and what its errors look like. publicURL is as in Config.
func Reference(publicURL string) (*reference.Reference, error) {
	ref, err := reference.Parse(description)
	if err != nil {
		return nil, err
	}
	a := &api{Config: Config{PublicURL: publicURL, RequestID: func(*http.Request) string { return "JZVQZVGPNKEW422E" }}}
	for _, rt := range a.table() {
		for _, g := range ref.Groups {
			for _, c := range g.Calls {
				if c.Method == rt.method && c.Path == rt.path {
					if rt.right != anyToken {
						c.Right = string(rt.right)
					}
					a.exemplify(c, &rt)
				}
			}
		}
	}
	return ref, nil
}

// sampleID stands for the object of a call.
const sampleID = "0Tz5hM4Xk3VbQ8rA"

// exemplify sets what the errors of a call look like, by making one of each.
func (a *api) exemplify(c *reference.Call, rt *route) {
	r, err := http.NewRequest(c.Method, c.Path, nil)
	if err != nil {
		return // the path of a route is always one
	}
	r = r.WithContext(context.WithValue(r.Context(), callKey{}, &call{route: rt}))
	for _, p := range c.In("path") {
		r.SetPathValue(p.Name, sampleID)
	}
	var failures []reference.Failure
	for _, e := range c.Errors {
		for _, doc := range ErrorDocs() {
			sample := sampleError(c, rt, doc)
			if doc.Status != e.Status || sample == nil {
				continue
			}
			_, object := a.errorOf(r, sample)
			body, _ := encode(object) // strings always marshal
			e.Code, e.Example = doc.Code, reference.Indented(body)
			failures = append(failures, e)
		}
	}
	c.Errors = failures
}

// sampleError returns an error with the code that the call can have, or nil if there is none.
func sampleError(c *reference.Call, rt *route, doc ErrorDoc) error {
	switch doc.Code {
	case codeMalformed:
		if rt.body {
			return malformed("", "The body isn't well-formed JSON: unexpected end of JSON input.")
		}
		return malformed("", "A percent sign must be followed by two hexadecimal digits. Write the percent sign itself as %25.")
	case codeUnauthorized:
		return errBadToken
	case codeForbidden:
		if rt.right == anyToken {
			return identity.ErrForeignAddress
		}
		return access.Denied{Right: rt.right}
	case codeMissing:
		return access.ErrNotFound
	case codeConflict:
		return sampleConflict(c, rt)
	case codeBefore:
		if c.ID != "getGroup" {
			return nil
		}
		return models.BeforeRecords{Since: 692233200}
	case codeChanged:
		return access.ErrChanged
	case codeTooLarge:
		if rt.upload {
			return fileTooLarge(rt.maxBody())
		}
		return tooLarge(rt.maxBody())
	case codeMediaType:
		if rt.upload {
			return errNoFile
		}
		return errMediaType
	case access.Missing, access.Bad, access.Unknown:
		return sampleProblem(c, doc.Code)
	case codeLimited:
		return limited{wait: 6e9}
	case codeCanceled:
		return context.Canceled
	case codeUnavailable:
		return access.Unavailable{Outage: access.Busy}
	case codeInternal:
		return errors.New("unforeseen")
	}
	return nil
}

// sampleConflict returns why the current state may be in the way of a call.
func sampleConflict(c *reference.Call, rt *route) error {
	switch {
	case rt.right == access.Export:
		return db.ErrExporting
	case rt.idempotent:
		return audit.ErrKeyUsed
	case c.ID == "updateGroup":
		return models.ErrTooManyToReplace(sampleID, 240)
	}
	return nil
}

// sampleProblem returns what can be wrong with the input of a call.
func sampleProblem(c *reference.Call, code string) error {
	switch {
	case code == access.Unknown:
		return access.Invalid{unknown("nmae")}
	case code == access.Bad && slices.ContainsFunc(c.Params, func(p reference.Field) bool { return p.Name == "limit" }):
		q := &query{values: map[string]string{"limit": "0"}}
		q.limit()
		return q.problems
	}
	for _, s := range sampleInputs {
		if s.call == c.ID && s.problem.Code == code {
			return access.Invalid{s.problem}
		}
	}
	return nil
}

// sampleInputs are bodies that calls refuse, with what is wrong. TestReferenceErrors sends them.
var sampleInputs = []struct {
	call, body string
	problem    access.Problem
}{
	{"createGroup", `{"name": ""}`, access.Problem{Field: "name", Code: access.Missing, Message: "Enter a name for the group."}},
	{"createGroup", `{"name": "Plaza Hotel", "avatar_url": "plaza.jpg"}`, access.Problem{Field: "avatar_url", Code: access.Bad, Message: "The avatar URL must be a full web address, like https://example.com/picture.jpg."}},
	{"updateGroup", `{"name": ""}`, access.Problem{Field: "name", Code: access.Missing, Message: "Enter a name for the group."}},
	{"updateGroup", `{"avatar_url": "plaza.jpg"}`, access.Problem{Field: "avatar_url", Code: access.Bad, Message: "The avatar URL must be a full web address, like https://example.com/picture.jpg."}},
	{"addMembers", `{}`, access.Problem{Field: "contacts", Code: access.Missing, Message: "List the contacts to add in “contacts”."}},
	{"addMembers", `{"contacts": [{"username": "nobody"}]}`, access.Problem{Field: "contacts[0]", Code: access.Bad, Message: "There is no contact with the username “nobody”."}},
	{"createContact", `{"username": ""}`, access.Problem{Field: "username", Code: access.Missing, Message: "Enter a username for the contact."}},
	{"createContact", `{"username": "Hector!"}`, access.Problem{Field: "username", Code: access.Bad, Message: "The username can have letters A to Z, digits, dots, hyphens and underscores only."}},
	{"updateContact", `{"username": ""}`, access.Problem{Field: "username", Code: access.Missing, Message: "Enter a username for the contact."}},
	{"updateContact", `{"username": "Hector!"}`, access.Problem{Field: "username", Code: access.Bad, Message: "The username can have letters A to Z, digits, dots, hyphens and underscores only."}},
	{"postMessage", `{"message": ""}`, access.Problem{Field: "message", Code: access.Missing, Message: "Enter a message."}},
	{"postMessage", `{"message": "Hi", "contact_id": "Hector"}`, access.Problem{Field: "contact_id", Code: access.Bad, Message: "There is no contact with the id “Hector”."}},
	{"batchGroups", `{}`, access.Problem{Field: "operations", Code: access.Missing, Message: "List the operations in “operations”."}},
	{"bulkGroups", `{"action": "archive"}`, access.Problem{Field: "filter", Code: access.Missing, Message: "This would change every group. Set all to true if that is meant."}},
	{"bulkContacts", `{"action": "delete"}`, access.Problem{Field: "filter", Code: access.Missing, Message: "This would change every contact. Set all to true if that is meant."}},
}
