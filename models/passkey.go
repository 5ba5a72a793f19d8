package models

// Passkey is a key in a device of its owner's that signs them in.
type Passkey struct {
	ID, UserID   string
	CredentialID string
	Name         string
	// Data is what the passkey library keeps, as JSON. There is nothing secret in it.
	Data string
	// Times are Unix seconds.
	CreatedAt  int64
	LastUsedAt *int64
}
