package handlers

import (
	"errors"
	"net/http"
	"time"
)

// maxAnswer is how many bytes of a foreign host's answer are read: far more than keys and
// claims take.
const maxAnswer = 1 << 20

// outbound returns the client for requests to foreign hosts. An answer must be here, whole,
// within the time, and may have maxAnswer bytes; redirects are not followed. It is for hosts that
// the operator of the console names, such as the identity provider, or that those name: they are
// often of a private network, or behind the proxy that the environment sets, so there is no
// guard. Connections to hosts that users name go through models/guard.
func outbound(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: limitedTransport{http.DefaultTransport}, CheckRedirect: refuseRedirect}
}

func refuseRedirect(*http.Request, []*http.Request) error {
	return errors.New("redirects are not followed")
}

// limitedTransport ends answers after maxAnswer bytes, with an error.
type limitedTransport struct{ http.RoundTripper }

func (t limitedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, maxAnswer)
	}
	return answer, err
}
