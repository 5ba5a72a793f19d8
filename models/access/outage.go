package access

import (
	"errors"
	"fmt"
)

// Outage is why the database can't work: a stable name for programs. Each engine maps its
// errors in one table (Dialect.Outage in models/db).
type Outage string

const (
	// Busy: it did not respond in time, or others hold what is needed.
	Busy Outage = "busy"
	// Full: there is no space left to write to.
	Full Outage = "full"
	// Damaged: what is stored can't be read.
	Damaged Outage = "damaged"
	// ReadOnly: it can be read and not written to.
	ReadOnly Outage = "read_only"
	// Gone: it can't be reached, or its files were deleted or replaced.
	Gone Outage = "gone"
	// Unsealed: the audit log can't be sealed. Only Ready reports it.
	Unsealed Outage = "unsealed"
)

// Unavailable is an ErrUnavailable with its kind and its cause.
type Unavailable struct {
	Outage Outage
	Cause  error
}

func (u Unavailable) Error() string {
	return fmt.Sprintf("%v (%s): %v", ErrUnavailable, u.Outage, u.Cause)
}

// Unwrap makes errors.Is(err, ErrUnavailable) true.
func (u Unavailable) Unwrap() []error { return []error{ErrUnavailable, u.Cause} }

// OutageOf returns the kind of outage that an error reports, or "" if it reports none.
func OutageOf(err error) Outage {
	u, _ := errors.AsType[Unavailable](err)
	return u.Outage
}
