package handlers_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAFileIsImportedInTheBrowser imports a file and undoes that, with scripts and without.
func TestAFileIsImportedInTheBrowser(t *testing.T) {
	t.Parallel()
	s := one(t)
	s.group("Plaza Hotel")
	file := filepath.Join(t.TempDir(), "hotels.csv")
	if err := os.WriteFile(file, []byte("name;about\nPlaza Hotel;World-renowned\nGrand Hotel;\nGrand Hotel;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, look := range []screen{desk, phone.withoutScripts()} {
		a := s.in(look)
		inspect := func(name string) {
			if !look.scriptless {
				a.inspect(name)
			}
		}
		a.visit("/groups")
		a.goes("Import")
		a.goes("Upload")
		a.sees("#file-error", "Choose a file.")
		inspect("import refused")
		a.do(chromedp.SetUploadFiles("#file", []string{file}))
		a.goes("Upload")
		a.sees(".mapping", "World-renowned")
		inspect("import columns")
		a.goes("Check file")
		a.runJobs("Ready to import")
		a.sees(".results", "Line 3 has the same name.")
		inspect("import checked")
		a.goes("Import 2 rows")
		a.runJobs("Finished")
		inspect("import finished")
		a.goes("Undo this import")
		a.sees(".pill", "Finished")
		a.visit("/groups")
		a.sees("#count", "1 active group")
	}
}
