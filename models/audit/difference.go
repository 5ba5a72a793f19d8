package audit

// Difference is one field of an object before and after a change: two *string, two
// *int64 or two *bool.
type Difference struct {
	Field         string
	Before, After any
}

// Changes keeps those fields that differ, as an audit line tells of them.
func Changes(fields []Difference) map[string]Change {
	said := map[string]Change{}
	for _, f := range fields {
		if !same(f.Before, f.After) {
			said[f.Field] = Change{f.Before, f.After}
		}
	}
	return said
}

// same compares two pointers of one type by what they point to.
func same(a, b any) bool {
	switch a := a.(type) {
	case *string:
		return equal(a, b.(*string))
	case *int64:
		return equal(a, b.(*int64))
	case *bool:
		return equal(a, b.(*bool))
	}
	return false
}

func equal[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}
