package models

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// MembersLike is a search by members to suggest.
type MembersLike struct {
	// Name is what contacts match.
	Name string
	// Groups is how many groups have such a member, if nothing else was found; nil if no
	// one counted.
	Groups *db.Count
}

// Search returns the search for those groups.
func (m MembersLike) Search() string {
	if strings.ContainsFunc(m.Name, unicode.IsSpace) {
		return `member:"` + m.Name + `"`
	}
	return "member:" + m.Name
}

// MembersTried is how many contacts a member: search considers.
const MembersTried = 20

// resolveSearch looks up the id and the members in a query's search, and returns a page
// without its groups.
func (s *Store) resolveSearch(r db.Reader, q GroupQuery) (page GroupPage, err error) {
	page.Search = q.Search
	if err := q.check().OrNil(); err != nil {
		return page, err
	}
	if id := text.Unquote(q.Search.Typed); text.ValidID(id) {
		if err := findExact(r, id, &page); err != nil {
			return page, err
		}
	}
	var also []alsoMembers
	page.members, also, err = s.searchedMembers(r, q, &page)
	page.query, page.query.Search, page.query.alsoMembers = q, page.Search, also
	if name := cmp.Or(q.Search.Limits.Creator, q.Limits.Creator); name != "" && err == nil {
		page.query.creators, err = s.Creators.find(r, name)
	}
	return page, err
}

// findExact looks up an id among groups, conversations and contacts.
func findExact(r db.Reader, id string, page *GroupPage) error {
	query := selectGroups()
	query.Where("(id = ? OR conversation_id = ?)", id, id)
	groups, err := db.First(r, query, 1, (*Group).columns)
	if err != nil {
		return err
	}
	if len(groups) > 0 {
		page.Exact = &groups[0]
		return nil
	}
	contacts, err := contactByAnyID(r, ContactQuery{Text: id})
	if len(contacts) > 0 {
		page.Contact = &contacts[0]
		page.Search.Words = nil // the id is not also a word
	}
	return err
}

// alsoMembers are contacts of whom one must be in a group, and the condition for that.
type alsoMembers struct {
	ids       []string
	condition db.Clauses
}

func (s *Store) alsoMembers(contacts []Contact) alsoMembers {
	also := alsoMembers{ids: contactIDs(contacts)}
	is, ids := s.DB.Dialect.Among("others.contact_id", also.ids)
	also.condition.Where("EXISTS (SELECT 1 FROM memberships AS others WHERE others.group_id = groups.id AND "+is+")", ids)
	return also
}

// searchedMembers returns the contacts of whom one must be a member, and others of whom one must be
// too; nil if the query asks for none. If the first are none and not nil, nothing is found. They are
// those with the fewest memberships, by which the groups are found.
func (s *Store) searchedMembers(r db.Reader, q GroupQuery, page *GroupPage) (members []Contact, also []alsoMembers, err error) {
	sets, err := s.queriedContacts(r, q, page)
	if err != nil {
		return nil, nil, err
	}
	for _, typed := range append([]string{page.Search.Member}, page.Search.AlsoMembers...) {
		if typed == "" {
			continue
		}
		set, err := s.contactsLike(r, typed, page)
		if err != nil {
			return nil, nil, err
		}
		if len(set) == 0 && !page.AtLeast {
			page.NoContacts = append(page.NoContacts, typed)
		}
		sets = append(sets, set)
	}
	if slices.ContainsFunc(sets, func(set []Contact) bool { return len(set) == 0 }) {
		return []Contact{}, nil, nil
	}
	if len(sets) == 0 {
		return nil, nil, nil
	}
	first, err := s.fewestMemberships(r, sets)
	for i, set := range sets {
		if i != first {
			also = append(also, s.alsoMembers(set))
		}
	}
	return sets[first], also, err
}

// queriedContacts returns the contacts whose ids are in the query or were searched for, each as a
// list of its own, which is empty for an id that no contact has.
func (s *Store) queriedContacts(r db.Reader, q GroupQuery, page *GroupPage) (sets [][]Contact, err error) {
	ids := q.contactIDs()
	if len(ids) == 0 {
		if page.Contact != nil {
			sets = append(sets, []Contact{*page.Contact})
		}
		return sets, nil
	}
	query := selectContacts(s.DB.Dialect.Among("id", ids))
	found, err := db.Collect(r, query.SQL(), false, query.Args, (*Contact).columns)
	for _, id := range ids {
		i := slices.IndexFunc(found, func(c Contact) bool { return c.ID == id })
		if i < 0 {
			page.Missing = append(page.Missing, id)
			sets = append(sets, nil)
			continue
		}
		if id == q.Contact {
			page.Contact = &found[i]
		}
		sets = append(sets, found[i:i+1])
	}
	return sets, err
}

// contactsLike returns the contacts that a member: search means.
func (s *Store) contactsLike(r db.Reader, typed string, page *GroupPage) ([]Contact, error) {
	found, err := db.First(r, selectContacts(s.DB.Dialect.Among("username_key", text.Valid([]string{text.UsernameKey(typed)}))), 1, (*Contact).columns)
	if err != nil || len(found) > 0 {
		return found, err
	}
	named, err := s.contacts(r, ContactQuery{Text: typed, Range: db.Range{Limit: MembersTried}})
	page.AtLeast = page.AtLeast || named.More || named.Partial
	switch {
	case named.More:
		page.Search.Hints = append(page.Search.Hints, Hint{Kind: HintManyMembers, Text: typed})
	case named.Partial:
		page.Search.Hints = append(page.Search.Hints, Hint{Kind: HintPartial})
	}
	return named.Contacts, err
}

// fewestMemberships returns the place of the contacts who are in the fewest groups, as far as groups
// of contacts are counted.
func (s *Store) fewestMemberships(r db.Reader, sets [][]Contact) (place int, err error) {
	fewest := groupsCounted + 1
	for i, set := range sets {
		if len(sets) == 1 {
			break
		}
		query := db.Selection{Columns: "1", From: "memberships"}
		query.Where(s.DB.Dialect.Among("contact_id", contactIDs(set)))
		n, err := db.CountUpTo(r, query, groupsCounted)
		if err != nil {
			return 0, err
		}
		if !n.More && n.N < fewest {
			place, fewest = i, n.N
		}
	}
	return place, nil
}

// setMatchedMembers sets the member by whom each group was found.
func (s *Store) setMatchedMembers(r db.Reader, groups []GroupHit, members []Contact) error {
	switch {
	case len(members) == 0 || len(groups) == 0:
		return nil
	case len(members) == 1:
		for i := range groups {
			groups[i].Member = &members[0]
		}
		return nil
	}
	found, err := s.memberOf(r, groups, members)
	for i := range groups {
		groups[i].Member = found[groups[i].ID]
	}
	return err
}

// memberOf returns for each of the groups, by its id, one of the contacts who is in it.
func (s *Store) memberOf(r db.Reader, groups []GroupHit, members []Contact) (map[string]*Contact, error) {
	byID, ids := map[string]*Contact{}, make([]string, len(groups))
	for i := range members {
		byID[members[i].ID] = &members[i]
	}
	for i, g := range groups {
		ids[i] = g.ID
	}
	query := db.Selection{Columns: "group_id, contact_id", From: "memberships"}
	query.Where(s.DB.Dialect.Among("group_id", ids))
	query.Where(s.DB.Dialect.Among("contact_id", contactIDs(members)))
	rows, err := db.Collect(r, query.SQL(), false, query.Args, func(m *membership) []any { return []any{&m.GroupID, &m.ContactID} })
	found := map[string]*Contact{}
	for _, row := range rows {
		found[row.GroupID] = byID[row.ContactID]
	}
	return found, err
}

// hintMembers sets MembersLike on a first page if contacts match its words, or an unquoted
// member: with the words after it.
func (s *Store) hintMembers(r db.Reader, page *GroupPage) error {
	q, search := page.query, page.Search
	if len(search.Words) == 0 || len(search.AlsoMembers) > 0 || page.Exact != nil || !q.First() {
		return nil
	}
	name := strings.TrimSpace(search.Member + " " + strings.Join(search.Words, " "))
	found, err := s.contacts(r, ContactQuery{Text: name, Range: db.Range{Limit: 1}})
	if err != nil || len(found.Contacts) == 0 {
		return err
	}
	like := MembersLike{Name: name}
	if text.Length(like.Search()) > MaxSearch {
		return nil
	}
	if len(page.Groups) == 0 {
		others, err := s.resolveSearch(r, GroupQuery{Search: ParseSearch(like.Search(), nil), Status: q.Shown()})
		if err != nil {
			return err
		}
		n, err := s.countGroups(r, others)
		if err != nil || n.N == 0 {
			return err
		}
		like.Groups = &n
	}
	page.MembersLike = &like
	return nil
}
