// Command licenses writes the licences of everything that is in the console's binary to
// cmd/console/licenses.txt.gz, which console licenses prints. With -check it changes nothing and
// fails if the file is not current.
//
// It reads the modules from the Go command, for each system that the console is built for, and
// their licences from the module cache.
package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const written = "cmd/console/licenses.txt.gz"

// systems are those that the console is built for: some modules are needed by one only.
var systems = []string{"linux", "darwin", "windows"}

func main() {
	check := flag.Bool("check", false, "fail if the file is not current, instead of writing it")
	flag.Parse()
	if err := do(*check); err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

func do(check bool) error {
	text, err := licenses()
	if err != nil {
		return err
	}
	if check {
		if has, err := unpack(); err != nil || has != text {
			return fmt.Errorf("%s is not current: run make generate and commit it", written)
		}
		return nil
	}
	// An unchanged text is left alone: another version of Go may pack it differently.
	if has, err := unpack(); err == nil && has == text {
		return nil
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(written, packed.Bytes(), 0o644)
}

func unpack() (string, error) {
	packed, err := os.Open(written)
	if err != nil {
		return "", err
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), err
}

// part is something in the binary that somebody has a right in.
type part struct {
	name, version string
	kinds         []string
	text          string
}

// licenses returns the list of the parts, and then the text of each.
func licenses() (string, error) {
	parts, err := modules()
	if err != nil {
		return "", err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find Go: %w", err)
	}
	parts = append(parts, part{name: "Go", text: read(filepath.Join(strings.TrimSpace(string(root)), "LICENSE"))})
	parts = append(parts, part{name: "htmx and the icons of Lucide", text: read("static/js/VENDOR.md") + "\n" + read("static/icons.txt")})
	own := part{name: "Protocol Console", text: read("LICENSE")}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	parts = append([]part{own}, parts...)
	var list, texts strings.Builder
	list.WriteString("Protocol Console and what its program contains, with the texts of their licenses below.\n\n")
	for _, p := range parts {
		if p.kinds = kinds(p.text); len(p.kinds) == 0 {
			return "", fmt.Errorf("%s has no license that is known here:\n%s", p.name, p.text)
		}
		title := strings.TrimSpace(p.name + " " + p.version)
		fmt.Fprintf(&list, "  %-70s %s\n", title, strings.Join(p.kinds, ", "))
		fmt.Fprintf(&texts, "\n\n%s\n%s\n\n%s\n", title, strings.Repeat("=", len(title)), strings.TrimSpace(p.text))
	}
	return list.String() + texts.String(), nil
}

// read returns the text of a file, or "", which no license is recognised in.
func read(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// modules returns the modules that the program is made of, each with the licences of its
// folder and of those of its packages that have some of their own.
func modules() ([]part, error) {
	found, files := map[string]*part{}, map[string]bool{}
	for _, system := range systems {
		list := exec.Command("go", "list", "-deps", "-f",
			"{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}", "./cmd/console")
		list.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		list.Stderr = os.Stderr
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("list the modules: %w", err)
		}
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.TrimSpace(line), "\t")
			if len(f) != 4 {
				continue
			}
			if found[f[0]] == nil {
				found[f[0]] = &part{name: f[0], version: f[1]}
			}
			if err := found[f[0]].addFolders(f[2], f[3], files); err != nil {
				return nil, err
			}
		}
	}
	var parts []part
	for _, p := range found {
		parts = append(parts, *p)
	}
	return parts, nil
}

// A notice adds to a license, and a grant of patents takes nothing from it. Logos of projects
// aren't in the program.
var (
	licenseName = regexp.MustCompile(`(?i)^(\w+-)?(un)?(licen[cs]e|copying|notice|patents)([-.].*)?$`)
	addition    = regexp.MustCompile(`(?i)^(notice|patents)`)
	logo        = regexp.MustCompile(`(?i)logo`)
)

// addFolders adds the licences of a module's folder and of those down to a package's.
func (p *part) addFolders(root, folder string, seen map[string]bool) error {
	rest, err := filepath.Rel(root, folder)
	if err != nil {
		return err
	}
	at := root
	for _, name := range append([]string{"."}, strings.Split(rest, string(filepath.Separator))...) {
		at = filepath.Join(at, name)
		entries, err := os.ReadDir(at)
		if err != nil {
			return err
		}
		for _, e := range entries {
			file := filepath.Join(at, e.Name())
			if e.IsDir() || seen[file] || !licenseName.MatchString(e.Name()) || logo.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
				continue
			}
			seen[file] = true
			inside, err := filepath.Rel(root, file)
			if err != nil {
				return err
			}
			text := strings.TrimSpace(read(file))
			if !addition.MatchString(e.Name()) && len(kinds(text)) == 0 {
				return fmt.Errorf("%s has a license that is not known here", file)
			}
			if p.text == "" {
				p.text = text
			} else {
				p.text += "\n\n--- " + filepath.ToSlash(inside) + "\n\n" + text
			}
		}
	}
	return nil
}

// known are the licences that programs under any license may contain, by words that only
// they have. Another one needs a decision, and a line here.
var known = []struct {
	kind  string
	words *regexp.Regexp
}{
	{"Apache-2.0", words("Apache License\\W+Version 2\\.0")},
	{"BSD-3-Clause", words("Redistribution and use in source and binary forms.*(Neither the name|The name of)")},
	{"BSD-2-Clause", words("Redistribution and use in source and binary forms")},
	{"MIT", words("Permission is hereby granted, free of charge, to any person obtaining a copy")},
	{"ISC", words("Permission to use, copy, modify, and(/or)? distribute this software for any purpose with or without fee is hereby granted, provided")},
	{"0BSD", words("Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted\\.")},
	{"blessing", words("SQLite has been dedicated to the public domain")},
	{"Unlicense", words("This is free and unencumbered software released into the public domain")},
}

func words(pattern string) *regexp.Regexp {
	return regexp.MustCompile("(?is)" + strings.ReplaceAll(pattern, " ", `\W+`))
}

func kinds(text string) []string {
	var found []string
	for _, k := range known {
		if k.kind == "BSD-2-Clause" && slices.Contains(found, "BSD-3-Clause") {
			continue // its words are in the other's, too
		}
		if k.words.MatchString(text) {
			found = append(found, k.kind)
		}
	}
	return found
}
