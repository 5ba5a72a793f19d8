package main

import (
	"strconv"
	"unicode/utf8"
)

func appendGroups(b []byte, groups []group, more bool) []byte {
	b = append(b, `{"has_more":`...)
	b = strconv.AppendBool(b, more)
	b = append(b, `,"data":[`...)
	for i := range groups {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendGroup(b, &groups[i])
	}
	return append(b, "]}\n"...)
}

func appendGroup(b []byte, g *group) []byte {
	b = append(b, `{"id":"`...)
	b = append(b, g.id...)
	b = append(b, `","name":`...)
	b = appendString(b, g.name)
	b = append(b, `,"description":`...)
	b = appendOptional(b, g.description)
	b = append(b, `,"avatar_url":`...)
	b = appendOptional(b, g.avatar)
	b = append(b, `,"conversation_id":"`...)
	b = append(b, g.conversation...)
	b = append(b, `","contacts":[`...)
	b = append(b, g.contacts...)
	b = append(b, `],"contacts_count":`...)
	b = strconv.AppendInt(b, int64(g.count), 10)
	b = append(b, `,"created_at":`...)
	b = strconv.AppendInt(b, g.created, 10)
	b = append(b, `,"archived_at":`...)
	b = appendNumber(b, g.archived)
	b = append(b, `,"updated_at":`...)
	b = strconv.AppendInt(b, g.updated, 10)
	return append(b, '}')
}

func appendContact(b []byte, c *contact) []byte {
	b = append(b, `{"id":"`...)
	b = append(b, c.id...)
	b = append(b, `","username":"`...)
	b = append(b, c.username...)
	b = append(b, `","phone_number":`...)
	b = appendOptional(b, c.phone)
	b = append(b, `,"avatar_url":`...)
	b = appendOptional(b, c.avatar)
	b = append(b, `,"display_name":`...)
	b = appendString(b, c.name())
	b = append(b, `,"conversation_id":"`...)
	b = append(b, c.conversation...)
	b = append(b, `","last_active_at":`...)
	b = appendNumber(b, c.active)
	b = append(b, `,"created_at":`...)
	b = strconv.AppendInt(b, c.created, 10)
	return append(b, '}')
}

func appendOptional(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return appendString(b, *s)
}

func appendNumber(b []byte, n *int64) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, *n, 10)
}

// appendString appends s as encoding/json does without escaping <, > and &.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == '\u2028' || r == '\u2029' {
				b = append(append(b, s[from:i]...), `\u202`...)
				b = append(b, "89"[r-'\u2028'])
				from = i + n
			}
			i += n
			continue
		}
		b = appendEscaped(append(b, s[from:i]...), c)
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

func appendEscaped(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
