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
		other := filepath.Join(t.TempDir(), "other.csv")
		if err := os.WriteFile(other, []byte("a=b,Name\nPlaza,Nobody\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ args, want []string }{
			{[]string{file}, []string{"create     1", "error      1", "There is no contact “nobody”.", "Nothing was imported."}},
			{[]string{"-yes", file}, []string{"Imported 1, skipped 0, failed 1."}},
			{[]string{"-yes", file}, []string{"unchanged  1", "Imported 0, skipped 1, failed 1."}},
			{[]string{"-map", "a=b=name", other}, []string{"unchanged  1", "create     0"}},
		} {
			out := mustRun(t, database, "", append([]string{"import"}, c.args...)...)
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("%v prints\n%s, without %q", c.args, out, want)
				}
			}
		}
		if r := console(t, database, "", "import", "-map", "b=name", other); r.code != 2 || !strings.Contains(r.stderr, "The file has no column “b”. It has a=b, Name.") {
			t.Errorf("an unknown column: %+v", r)
		}
		if listed := mustRun(t, database, "", "job", "list"); strings.Count(listed, "groups.import") != 4 {
			t.Errorf("the jobs are\n%s", listed)
		} else if id, _, _ := strings.Cut(strings.Split(listed, "\n")[1], " "); !strings.Contains(mustRun(t, database, "", "job", "show", id), "other.csv") {
			t.Errorf("the job %s does not name its file", id)
		}
	})
}
