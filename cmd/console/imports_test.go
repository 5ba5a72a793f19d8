package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "protocol.chat/console/"

// mayImport is the direction that imports have, by folder: what each package of
// ours may import of ours.
var mayImport = map[string][]string{
	"cmd":               {"handlers", "models"},
	"cmd/bench":         {"models", "models/modelstest"},
	"handlers":          {"handlers/api", "views", "models", "static"},
	"handlers/api":      {"models"},
	"views":             {"models", "static"},
	"models":            {},
	"models/modelstest": {"models"},
	"static":            {},
}

// onlyImporter says which package alone may import a library, tests apart.
var onlyImporter = map[string]string{
	"gorm.io/":                    "models",
	"github.com/gorilla/sessions": "handlers",
}

// pkg is what go list tells about a package.
type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestImportsPointOneWay(t *testing.T) {
	for _, p := range listPackages(t) {
		folder := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := mayImport[folder]
		if program := strings.HasPrefix(folder, "cmd/"); program && !known {
			allowed, known = mayImport["cmd"] // one rule for all others
		}
		if !known {
			t.Errorf("%s is a new folder; say here what it may import", folder)
		}
		for _, path := range p.Imports {
			if ours, ok := strings.CutPrefix(path, module); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s", folder, ours)
			}
		}
	}
}

func TestLibrariesHaveOneImporter(t *testing.T) {
	for _, p := range listPackages(t) {
		folder := strings.TrimPrefix(p.ImportPath, module)
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for library, importer := range onlyImporter {
				if strings.HasPrefix(path, library) && folder != importer {
					t.Errorf("%s imports %s, which is for %s", folder, path, importer)
				}
			}
		}
	}
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = "../.."
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []pkg
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
