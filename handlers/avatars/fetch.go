package avatars

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"protocol.chat/console/models/guard"
)

const (
	// fetchLimit is how long a picture may take until it is here, with all redirects.
	fetchLimit = 10 * time.Second
	// maxFile is how large its file may be.
	maxFile      = 5 << 20
	maxRedirects = 3
)

var (
	errTooLarge = errors.New("the file is too large")
	errGone     = errors.New("the host has no such file any more")
)

// hostError is an error that other addresses of the host would have, too.
type hostError struct{ error }

func (e hostError) Unwrap() error { return e.error }

// newClient returns the client that fetches pictures. It sends nothing that tells of the console
// or of who looks.
func newClient(loopback bool) *http.Client {
	return &http.Client{
		Timeout:   fetchLimit,
		Transport: guard.New(guard.Options{Loopback: loopback}).Transport(fetchLimit),
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			r.Header.Del("Referer")
			return nil
		},
	}
}

// fetch returns the file at an address. Its type is what decodes, whatever its host says.
func fetch(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	at.User = nil // a password that somebody pasted with it isn't passed on
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "image/webp,image/png,image/jpeg,image/gif")
	r.Header.Set("User-Agent", "Protocol-Console-Avatars")
	answer, err := client.Do(r)
	if failed, ok := errors.AsType[*url.Error](err); ok && hostOf(failed.URL) == at.Host {
		return nil, hostError{err} // and not one that it redirected to
	}
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch status := answer.StatusCode; {
	case status == http.StatusNotFound || status == http.StatusGone:
		return nil, errGone
	case status >= http.StatusInternalServerError || status == http.StatusTooManyRequests:
		return nil, hostError{fmt.Errorf("the host answers with status %d", status)}
	case status != http.StatusOK:
		return nil, fmt.Errorf("the host answers with status %d", status)
	case answer.ContentLength > maxFile:
		return nil, errTooLarge
	}
	file, err := io.ReadAll(io.LimitReader(answer.Body, maxFile+1))
	switch {
	case err != nil:
		return nil, hostError{err}
	case len(file) > maxFile:
		return nil, errTooLarge
	}
	return file, nil
}
