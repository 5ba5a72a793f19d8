package api

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"protocol.chat/console/handlers/stream"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/jobs"
)

// list is a page of objects.
type list[T any] struct {
	HasMore bool `json:"has_more"`
	Data    []T  `json:"data"`
	// Total is nil unless the call asked for it.
	Total *total `json:"total,omitempty"`
}

// each renders every value. It returns an empty array, not null, for none.
func each[V, T any](values []V, render func(V) T) []T {
	rendered := make([]T, len(values))
	for i, v := range values {
		rendered[i] = render(v)
	}
	return rendered
}

// result is the answer to a call: an object, a list, or nothing.
type result struct {
	status int
	// kind is the media type of body if that is a []byte, which is sent unchanged.
	kind string
	body any
	// tagged says that the answer is one object, which has an ETag.
	tagged bool
	// location is the path of the created object, or "".
	location string
	// replayed is true if this is the answer to an earlier request.
	replayed bool
	// stream, unless nil, writes the body, of the media type kind, while it is read.
	stream func(w io.Writer) error
	// file is what a body is called if it is a file to be saved, or "".
	file string
}

func one(object any) result {
	return result{status: http.StatusOK, body: object, tagged: true}
}

func created(object any, location string, once *audit.IdempotencyKey) result {
	return result{status: http.StatusCreated, body: object, tagged: true, location: location, replayed: once.Replayed}
}

// accepted is a job that was started.
func accepted(j jobs.Job, once *audit.IdempotencyKey) result {
	return result{status: http.StatusAccepted, body: jobOf(j), location: "/v1/jobs/" + j.ID, replayed: once.Replayed}
}

func listed[V, T any](values []V, more bool, render func(V) T) result {
	return result{status: http.StatusOK, body: list[T]{HasMore: more, Data: each(values, render)}}
}

func nothing() result { return result{status: http.StatusNoContent} }

// answer writes a result, or 304 if the caller has it already.
func answer(w http.ResponseWriter, r *http.Request, res result) error {
	kind, body, err := encodeResult(res)
	if err != nil {
		return err
	}
	head := w.Header()
	if res.location != "" {
		head.Set("Location", res.location)
	}
	if res.replayed {
		head.Set("Idempotent-Replayed", "true")
	}
	if res.tagged {
		tag := etag(body)
		head.Set("ETag", tag)
		read := r.Method == http.MethodGet || r.Method == http.MethodHead
		if read && names(r.Header.Values("If-None-Match"), tag, true) {
			head.Set("Cache-Control", cacheControl)
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	write(w, res.status, kind, body)
	return nil
}

// stream sends a body while it is made.
func (a *api) stream(w http.ResponseWriter, r *http.Request, res result) error {
	answer := stream.NewAnswer(w, func(head http.Header) {
		head.Set("Cache-Control", cacheControl)
		head.Set("Content-Type", res.kind)
		if res.file != "" {
			stream.Attachment(head, res.kind, res.file)
		}
	}, func(err error) {
		a.Log.WarnContext(r.Context(), "an answer broke off", "request_id", a.RequestID(r), "err", err)
	})
	out := bufio.NewWriterSize(answer, 32<<10)
	err := res.stream(out)
	if err == nil {
		err = out.Flush()
	}
	return answer.End(err)
}

func encodeResult(res result) (kind string, body []byte, err error) {
	switch content := res.body.(type) {
	case nil:
		return "", nil, nil
	case []byte:
		return res.kind, content, nil
	}
	body, err = encode(res.body)
	return jsonType, body, err
}

const cacheControl = "private, no-cache"

// write sends a whole answer.
func write(w http.ResponseWriter, status int, kind string, body []byte) {
	head := w.Header()
	head.Set("Cache-Control", cacheControl)
	if kind != "" {
		head.Set("Content-Type", kind)
		head.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that went away misses nothing
}

// encode returns v as JSON, with <, > and & unescaped: no browser takes it for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return b.Bytes(), err
}

// Answer is the response to a call: its body and the entity tag of that.
type Answer struct {
	Body []byte
	ETag string
}

// AnswerOf returns the response that has an object.
func AnswerOf(object any) (Answer, error) {
	body, err := encode(object)
	return Answer{body, etag(body)}, err
}

// etag returns the entity tag of a body.
func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// names reports whether a header of entity tags names tag, or any by an asterisk.
// weak lets weak tags count, as they do for If-None-Match only (RFC 9110, 13.1).
func names(headers []string, tag string, weak bool) bool {
	tags := strings.Split(strings.Join(headers, ","), ",")
	return slices.ContainsFunc(tags, func(named string) bool {
		named = strings.TrimSpace(named)
		if weak {
			named = strings.TrimPrefix(named, "W/")
		}
		return named == tag || named == "*"
	})
}

// ifMatch returns the request's If-Match as a question to the object that is about
// to change; nil if there is none. The routes that heed it say so.
func ifMatch[V, T any](r *http.Request, render func(V) T) func(V) bool {
	wanted := r.Header.Values("If-Match")
	if len(wanted) == 0 || !callOf(r).route.conditional {
		return nil
	}
	return func(now V) bool {
		body, err := encode(render(now))
		return err == nil && names(wanted, etag(body), false)
	}
}
