package views

import (
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// GroupPast is what the page of a group as it was at an earlier time shows.
type GroupPast struct {
	GroupDetail
	// At is what was typed, or the time that the form starts with.
	At string
	// Moment is that time in Unix seconds, and Then the group; nil if there is no answer.
	Moment int64
	Then   *models.Group
	// Since is from when on the group can be seen, in Unix seconds.
	Since int64
	// Problem is what is wrong with At, or "".
	Problem string
}

func (p GroupPast) hint() string {
	return "From " + fullTime(p.Since, p.Now) + " until now. " + daysIn(p.Now)
}

// moment is the time that the page is about, to the second.
func (p GroupPast) moment() string {
	return zoned(p.Moment, p.Now, p.Now.style().day+p.Now.style().join+"15:04:05 ")
}

// pastFact is a value of a group as it was, and whether it is another now.
type pastFact struct {
	label, value string
	changed      bool
}

func (p GroupPast) facts() []pastFact {
	fact := func(label string, value func(g models.Group) string) pastFact {
		then := value(*p.Then)
		return pastFact{label, then, then != value(p.Group)}
	}
	return []pastFact{
		fact("Name", func(g models.Group) string { return g.Name }),
		fact("Description", func(g models.Group) string { return text.Deref(g.Description) }),
		fact("Avatar", func(g models.Group) string { return text.Deref(g.AvatarURL) }),
		fact("Status", func(g models.Group) string {
			if g.ArchivedAt == nil {
				return "Active"
			}
			return "Archived on " + fullTime(*g.ArchivedAt, p.Now)
		}),
		fact("Last updated", func(g models.Group) string { return fullTime(g.UpdatedAt, p.Now) }),
	}
}

// GroupRevertTo is what the confirmation before reverting a group to an earlier time shows.
type GroupRevertTo struct {
	GroupPast
	models.Reversal
	Problems access.Invalid
}
