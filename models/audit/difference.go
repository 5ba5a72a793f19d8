package audit

// Difference is one field of an object before and after a change. Before and After are
// pointers of one type: *string, *int64 or *bool.
type Difference struct {
	Field         string
	Before, After any
}

// Changes returns the fields that differ, for SetChanges.
func Changes(fields []Difference) map[string]Change {
	changes := map[string]Change{}
	for _, f := range fields {
		if !same(f.Before, f.After) {
			changes[f.Field] = Change{f.Before, f.After}
		}
	}
	return changes
}

// same reports whether two pointers of one type are nil or point to equal values, alike.
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
