package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImportCommand(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		file := filepath.Join(t.TempDir(), "groups.csv")
		if err := os.WriteFile(file, []byte("name,members\nPlaza,\nHotel,nobody\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ args, want []string }{
			{[]string{file}, []string{"create     1", "error      1", "There is no contact “nobody”.", "Nothing was imported."}},
			{[]string{"-yes", file}, []string{"Imported 1, skipped 0, failed 1."}},
			{[]string{"-yes", file}, []string{"unchanged  1", "Imported 0, skipped 1, failed 1."}},
		} {
			out := mustRun(t, database, "", append([]string{"import"}, c.args...)...)
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("%v prints\n%s, without %q", c.args, out, want)
				}
			}
		}
	})
}
