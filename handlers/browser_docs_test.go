package handlers_test

import "testing"

// TestRightsOnAPhone: a desk shows the table of rights as one, a phone each right with those
// who have it, and no more.
func TestRightsOnAPhone(t *testing.T) {
	t.Parallel()
	s := one(t)
	const marks = "all('tbody tr').find((tr) => tr.textContent.includes('groups.delete')).querySelectorAll('td')"
	const seen = "[..." + marks + "].filter((td) => td.checkVisibility()).length"
	wide := s.in(desk)
	wide.visit("/docs/roles")
	wide.until("every role has its mark", seen+" === 5 && all('thead th').length === 6")
	for _, look := range []screen{phone, phone.withoutScripts()} {
		small := s.in(look)
		small.visit("/docs/roles")
		small.until("only those who may are named", seen+" === 2")
		small.until("it is not long", "document.documentElement.scrollHeight < 3600")
	}
}
