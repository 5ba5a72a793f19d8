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

// domain are the packages of the store, from the lowest on.
var domain = []string{"models/text", "models/guard", "models/keys", "models/access", "models/db", "models/events", "models/audit", "models/identity", "models/jobs", "models/webhooks", "models/sheet", "models"}

// mayImport is the direction that imports have, by folder: what each package of
// ours may import of ours.
var mayImport = map[string][]string{
	"cmd":               append([]string{"handlers", "handlers/export", "static"}, domain...),
	"cmd/console":       append([]string{"handlers", "handlers/avatars", "handlers/export", "models/backups", "models/copies", "views", "static"}, domain...),
	"cmd/bench":         append([]string{"models/modelstest"}, domain...),
	"cmd/testrun":       {"models/modelstest"},
	"handlers":          append([]string{"handlers/api", "handlers/avatars", "handlers/export", "handlers/stream", "views", "views/reference", "static"}, domain...),
	"handlers/export":   append([]string{"views"}, domain...),
	"handlers/api":      append([]string{"handlers/export", "handlers/stream", "views", "views/reference"}, domain...),
	"handlers/stream":   {"models/events"},
	"handlers/avatars":  {"models/guard"},
	"views":             append([]string{"views/reference", "static"}, domain...),
	"views/receivers":   {},
	"views/reference":   {},
	"models":            {"models/text", "models/keys", "models/access", "models/db", "models/audit", "models/identity", "models/jobs", "models/sheet", "models/events", "models/webhooks"},
	"models/jobs":       {"models/text", "models/access", "models/db", "models/audit"},
	"models/identity":   {"models/text", "models/keys", "models/access", "models/db", "models/audit"},
	"models/audit":      {"models/text", "models/keys", "models/access", "models/db"},
	"models/events":     {"models/db"},
	"models/backups":    {"models/audit", "models/db"},
	"models/copies":     {"models", "models/audit", "models/db", "models/text"},
	"models/webhooks":   {"models/text", "models/guard", "models/keys", "models/access", "models/db", "models/audit", "models/events"},
	"models/db":         {"models/text", "models/access"},
	"models/access":     {"models/text"},
	"models/keys":       {},
	"models/guard":      {},
	"models/sheet":      {"models/text"},
	"models/text":       {},
	"models/modelstest": domain,
	"static":            {},
}

// onlyImporters says which packages alone may import a library, tests apart.
var onlyImporters = map[string][]string{
	"gorm.io/":                    {"models", "models/db", "models/audit", "models/identity", "models/jobs", "models/events", "models/webhooks"},
	"github.com/gorilla/sessions": {"handlers"},
	"github.com/prometheus/":      {"cmd/console"},
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

func TestLibrariesHaveTheirImporters(t *testing.T) {
	for _, p := range listPackages(t) {
		folder := strings.TrimPrefix(p.ImportPath, module)
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for library, importers := range onlyImporters {
				if strings.HasPrefix(path, library) && !slices.Contains(importers, folder) {
					t.Errorf("%s imports %s, which is for %s", folder, path, importers)
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
