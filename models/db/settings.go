package db

// Setting is a value that the whole console shares.
type Setting struct {
	Key   string `gorm:"primaryKey"`
	Value string
}
