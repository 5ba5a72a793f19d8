package db

// Setting is a named value shared by the whole console.
type Setting struct {
	Key   string `gorm:"primaryKey"`
	Value string
}
