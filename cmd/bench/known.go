package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/text"
)

// known is what the bench has learnt of a database from the console.
type known struct {
	random   *rand.Rand
	groups   []string // ids of any groups with no more members than a response has
	small    string   // an active group with five members
	large    string   // the active group with the most members
	members  int      // how many those are
	deep     string   // a group near the end of the list, the oldest ones
	contacts []string
	member   string   // a contact who is in some groups
	made     []string // ids of groups that were made here
}

// Words that the bench writes into descriptions, so that there is one of each
// frequency at every size.
const (
	rareWord  = "quetzal" // in ten groups
	someWord  = "narwhal" // in one of a thousand
	manyWord  = "the"     // of the sample: in a third
	noWord    = "zzqxv"
	rareCount = 10
)

// object is what is read of a group or a contact.
type object struct {
	ID            string `json:"id"`
	Description   string `json:"description"`
	ContactsCount int    `json:"contacts_count"`
	CreatedAt     int64  `json:"created_at"`
	ArchivedAt    *int64 `json:"archived_at"`
}

// rowID is how pages name the rows of their lists.
var rowID = regexp.MustCompile(`id="(?:row|pick)-([0-9A-Za-z]{16})"`)

// learn looks up what the jobs request, and writes the words that they search.
func learn(s *server, size int) (*known, error) {
	k := &known{random: rand.New(rand.NewPCG(1, 2))}
	for _, step := range []func(*server) error{k.findLarge, k.findDeep, k.findGroups, k.findContacts} {
		if err := step(s); err != nil {
			return nil, err
		}
	}
	return k, k.plant(s, size)
}

func (k *known) findLarge(s *server) error {
	rows, err := s.rows("/groups?sort=members&limit=1")
	if err != nil {
		return err
	}
	var large object
	if err := s.read("/v1/groups/"+rows[0], &large); err != nil {
		return err
	}
	k.large, k.members = large.ID, large.ContactsCount
	return nil
}

func (k *known) findDeep(s *server) error {
	rows, err := s.rows("/groups?sort=-created&status=all&limit=100")
	if err == nil {
		k.deep = rows[min(20, len(rows)-1)]
	}
	return err
}

// findGroups takes groups from all the time that there are any.
func (k *known) findGroups(s *server) error {
	const places = 100
	var newest, oldest object
	first, err := s.list("/v1/groups?limit=1")
	if err != nil {
		return err
	}
	newest = first[0]
	if err := s.read("/v1/groups/"+k.deep, &oldest); err != nil {
		return err
	}
	seen := map[string]bool{}
	for range places {
		at := oldest.CreatedAt + k.random.Int64N(newest.CreatedAt-oldest.CreatedAt+1)
		groups, err := s.list("/v1/groups?limit=50&starting_after=" + text.FirstID(time.Unix(at, 0)))
		if err != nil {
			return err
		}
		for _, g := range groups {
			if g.ContactsCount <= models.ShownContacts && !seen[g.ID] {
				seen[g.ID] = true
				k.groups = append(k.groups, g.ID)
			}
			if g.ContactsCount == 5 && g.ArchivedAt == nil {
				k.small = g.ID
			}
		}
	}
	if k.small == "" {
		return errors.New("there is no group with five members")
	}
	k.random.Shuffle(len(k.groups), func(i, j int) { k.groups[i], k.groups[j] = k.groups[j], k.groups[i] })
	return nil
}

func (k *known) findContacts(s *server) error {
	contacts, err := s.list("/v1/contacts?limit=100")
	if err != nil {
		return err
	}
	for _, c := range contacts {
		k.contacts = append(k.contacts, c.ID)
	}
	var group struct{ Contacts []object }
	if err := s.read("/v1/groups/"+k.small, &group); err != nil {
		return err
	}
	k.member = group.Contacts[0].ID
	return nil
}

// plant writes the words that are searched for.
func (k *known) plant(s *server, size int) error {
	some := max(1, size/1000)
	if rareCount+some > len(k.groups) {
		return fmt.Errorf("only %d groups were found, too few to write words into", len(k.groups))
	}
	for i, id := range k.groups[:rareCount+some] {
		word := rareWord
		if i >= rareCount {
			word = someWord
		}
		body := url.Values{"description": {"Here they talk about the " + word + "."}}.Encode()
		if _, err := s.ask(call{method: http.MethodPut, path: "/v1/groups/" + id, body: body}); err != nil {
			return err
		}
	}
	return nil
}

func (k *known) any(ids []string) string { return ids[k.random.IntN(len(ids))] }

// read reads one object of the API.
func (s *server) read(path string, into any) error {
	a, err := s.ask(get(path))
	if err != nil {
		return err
	}
	return json.Unmarshal(a.body, into)
}

// list reads a list of the API; it is never empty.
func (s *server) list(path string) ([]object, error) {
	var page struct{ Data []object }
	err := s.read(path, &page)
	if err == nil && len(page.Data) == 0 {
		err = fmt.Errorf("there is nothing at %s", path)
	}
	return page.Data, err
}

// rows returns the ids of the rows of a page; there is one at least.
func (s *server) rows(path string) ([]string, error) {
	a, err := s.ask(get(path))
	if err != nil {
		return nil, err
	}
	ids := rowsOf(a.body)
	if len(ids) == 0 {
		return nil, fmt.Errorf("there are no rows at %s", path)
	}
	return ids, nil
}

func rowsOf(page []byte) []string {
	var ids []string
	for _, found := range rowID.FindAllSubmatch(page, -1) {
		ids = append(ids, string(found[1]))
	}
	return ids
}
