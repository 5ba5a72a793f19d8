package db

import (
	"errors"
	"syscall"

	"protocol.chat/console/models/access"
)

// Reserve is how many bytes of a disk large files leave free: all other changes need room,
// and so does the deletion of what fills the disk.
const Reserve = 64 << 20

// Room returns Unavailable, with Full, if less of the database's disk is free than DB.Reserve. It is
// unknown of a server's.
func (s *DB) Room() error { return s.Dialect.room(s.Reserve) }

// RoomIn returns Unavailable, with Full, if less of a folder's disk is free than a number of bytes.
func RoomIn(folder string, reserve int64) error {
	if free, known := freeIn(folder); known && free < reserve {
		return access.Unavailable{Outage: access.Full, Cause: errors.New("little of the disk is free: " + folder)}
	}
	return nil
}

// Crowded returns Unavailable, with Full, in place of an error that a full disk is the reason of.
// Others pass through.
func Crowded(err error) error {
	if errors.Is(err, syscall.ENOSPC) && !errors.Is(err, access.ErrUnavailable) {
		return access.Unavailable{Outage: access.Full, Cause: err}
	}
	return err
}
