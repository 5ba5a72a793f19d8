package models

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/events"
)

// announced are the actions that other systems hear of, each as one event of this type, and
// its details beside it.
var announced = map[audit.Action]events.Type{
	audit.CreatedGroup:    events.GroupCreated,
	audit.UndeletedGroup:  events.GroupCreated, // as for those who have heard that it was deleted
	audit.UpdatedGroup:    events.GroupUpdated,
	audit.ArchivedGroup:   events.GroupUpdated,
	audit.RestoredGroup:   events.GroupUpdated,
	audit.RevertedGroup:   events.GroupUpdated,
	audit.RevertedGroupTo: events.GroupUpdated,
	audit.AddedMembers:    events.GroupUpdated,
	audit.RemovedMember:   events.GroupUpdated,
	audit.RevertedMembers: events.GroupUpdated,
	audit.DeletedGroup:    events.GroupDeleted,
	audit.CreatedContact:  events.ContactCreated,
	audit.UpdatedContact:  events.ContactUpdated,
	audit.RevertedContact: events.ContactUpdated,
	audit.DeletedContact:  events.ContactDeleted,
	audit.ErasedContact:   events.ContactDeleted,
	audit.MergedContact:   events.ContactUpdated,
	audit.MergedAway:      events.ContactDeleted,
	audit.PostedMessage:   events.MessageCreated,
	audit.DeletedMessage:  events.MessageDeleted,
}

// Announces reports whether other systems hear of an action.
func Announces(action audit.Action) bool { return announced[action] != "" }

// announcing returns a function that adds the events of changes, by the lines about them. Every
// change writes its line through the log, so that none is forgotten.
func (s *Store) announcing(add func(*gorm.DB, []events.Event) error) func(*gorm.DB, []audit.Line) error {
	return func(tx *gorm.DB, lines []audit.Line) error {
		made, err := s.eventsAbout(tx, lines)
		if err != nil || len(made) == 0 {
			return err
		}
		return add(tx, made)
	}
}

// eventsAbout returns the events of changes. Objects that the lines don't carry are read as they
// are now, at the end of the change.
func (s *Store) eventsAbout(tx *gorm.DB, lines []audit.Line) ([]events.Event, error) {
	var groups, contacts []string
	due := 0
	for _, l := range lines {
		t := announced[l.Action]
		if t == "" {
			continue
		}
		switch due++; {
		case l.Shown != nil:
		case l.ObjectKind == "group":
			groups = append(groups, l.ObjectID)
		case l.ObjectKind == "contact":
			contacts = append(contacts, l.ObjectID)
		}
	}
	if due == 0 {
		return nil, nil
	}
	objects, err := s.objects(tx, groups, contacts)
	if err != nil {
		return nil, err
	}
	made := make([]events.Event, 0, due)
	for _, l := range lines {
		if announced[l.Action] == "" {
			continue
		}
		if l.Shown == nil {
			l.Shown = objects[l.ObjectID]
		}
		if l.Shown == nil {
			continue // deleted by the same change, which has an event of its own
		}
		of, err := eventsOf(l)
		if err != nil {
			return nil, fmt.Errorf("events of %s %s: %w", l.Action, l.ObjectID, err)
		}
		made = append(made, of...)
	}
	return made, nil
}

// objects returns groups and contacts as the API shows them, by id.
func (s *Store) objects(tx *gorm.DB, groups, contacts []string) (map[string]any, error) {
	r, objects := s.DB.ReadIn(tx), map[string]any{}
	if len(groups) > 0 {
		query := selectGroups()
		query.Where(s.DB.Dialect.Among("id", groups))
		found, err := db.Collect(r, query.SQL(), false, query.Args, (*Group).columns)
		if err == nil {
			err = s.Members.addContacts(r, found)
		}
		if err != nil {
			return nil, err
		}
		for _, g := range found {
			objects[g.ID] = g.Object()
		}
	}
	if len(contacts) > 0 {
		query := selectContacts(s.DB.Dialect.Among("id", contacts))
		found, err := db.Collect(r, query.SQL(), false, query.Args, (*Contact).columns)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			objects[c.ID] = c.Object()
		}
	}
	return objects, nil
}

// eventsOf returns the events of a line, which carries its object.
func eventsOf(l audit.Line) ([]events.Event, error) {
	main := events.Event{Type: announced[l.Action], ObjectID: l.ObjectID, CreatedAt: l.CreatedAt, RequestID: l.RequestID}
	if l.EventsOf != "" {
		main.ObjectID = l.EventsOf
	}
	var err error
	if main.Payload, err = payload(l.Shown); err != nil || main.Type != events.GroupUpdated {
		return []events.Event{main}, err
	}
	var said struct {
		ArchivedAt *struct{ After *int64 }         `json:"archived_at"`
		Contacts   *struct{ Before, After *moved } `json:"contacts"`
	}
	if err := json.Unmarshal([]byte(l.Changes), &said); err != nil {
		return nil, err
	}
	made := []events.Event{main}
	if at := said.ArchivedAt; at != nil {
		detail := main
		if detail.Type = events.GroupRestored; at.After != nil {
			detail.Type = events.GroupArchived
		}
		made = append(made, detail)
	}
	if said.Contacts == nil {
		return made, nil
	}
	for i, who := range []*moved{said.Contacts.After, said.Contacts.Before} {
		if who == nil {
			continue
		}
		detail := main
		detail.Type = []events.Type{events.GroupMembersAdded, events.GroupMembersRemoved}[i]
		who.Group = json.RawMessage(main.Payload)
		if detail.Payload, err = payload(who); err != nil {
			return nil, err
		}
		made = append(made, detail)
	}
	return made, nil
}

// moved is the payload of the events about members: the group after the change, how many
// members it is about, and the first of them as audit lines name them.
type moved struct {
	Group    any            `json:"group"`
	Count    int            `json:"count"`
	Contacts []audit.Member `json:"contacts"`
}

// payload returns an object as JSON. A group has as many of its members as fit.
func payload(object any) (string, error) {
	encoded, err := events.Encode(object)
	for g, isGroup := object.(GroupObject); err == nil && isGroup && len(encoded) > events.MaxPayload-maxMoved; {
		g.Contacts = g.Contacts[:len(g.Contacts)/2]
		encoded, err = events.Encode(g)
	}
	return encoded, err
}

// maxMoved is how many bytes moved has at most besides its group: ids and usernames are short.
const maxMoved = MaxNamed*(MaxUsername+64) + 128
