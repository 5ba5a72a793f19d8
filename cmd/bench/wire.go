package main

import (
	"errors"
	"net/http"
	"regexp"
)

// wire is the size of responses in bytes, headers included, as a browser receives them.
type wire struct{ page, assets, fragment int }

// asset is the address of a style, a script or a picture, without the name of
// the icon in it.
var asset = regexp.MustCompile(`(?:href|src)="(/static/[^"#]+)`)

// weigh measures the first view of the list, with an empty cache, and a fragment.
func weigh(s *server) (wire, error) {
	plain, err := s.ask(get("/groups"))
	if err != nil {
		return wire{}, err
	}
	seen := map[string]bool{}
	for _, found := range asset.FindAllSubmatch(plain.body, -1) {
		seen[string(found[1])] = true
	}
	if len(seen) == 0 {
		return wire{}, errors.New("the list has no styles and scripts")
	}
	var w wire
	for path := range seen {
		if err := s.weigh(&w.assets, call{path: path}); err != nil {
			return w, err
		}
	}
	err = s.weigh(&w.page, call{path: "/groups"})
	return w, errors.Join(err, s.weigh(&w.fragment, call{path: "/groups", region: "results"}))
}

func (s *server) weigh(sum *int, c call) error {
	c.method, c.compressed = http.MethodGet, true
	a, err := s.ask(c)
	*sum += a.size
	return err
}
