package db

import "time"

// Kept says how long something is kept that grows by itself.
type Kept struct {
	// What it is, as a noun in the plural, and Tables are where: first that whose rows count.
	What   string
	Tables []string
	// For is how long after Since it is deleted; 0 if Since says it all.
	For   time.Duration
	Since string
	// Setting is where that is set: RetentionSetting, or "" if it is fixed.
	Setting string
	// Sweeper deletes it.
	Sweeper string
}

// RetentionSetting is the Setting of what is kept as long as owners choose.
const RetentionSetting = "retention"
