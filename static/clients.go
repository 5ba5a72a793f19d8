package static

import (
	"embed"
	"io/fs"
)

//go:embed clients
var clients embed.FS

// Client returns a file of the clients of the API by its name, such as "ApiClient.php". It is as it
// is here, comments included: people read it.
func Client(name string) ([]byte, bool) {
	body, err := fs.ReadFile(clients, "clients/"+name)
	return body, err == nil
}
