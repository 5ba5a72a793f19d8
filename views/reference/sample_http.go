package reference

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// curl writes a request as a command for a shell. Bodies of plain values are sent as a form, as the
// product's reference has them.
func curl(r Request) string {
	c := r.Call
	pairs, method := r.pairs(), c.Method
	first, files := "curl ", c.Body != nil && c.Body.File != ""
	fields, form := r.form()
	switch {
	case method == "GET" && len(pairs) > 0:
		first = "curl -G "
	case method == "GET", method == "POST" && (r.Body != nil || files):
	default:
		first = "curl -X " + method + " "
	}
	address := r.Base + r.path()
	if method != "GET" {
		address = r.URL()
	}
	lines := []string{first + shellWord(address)}
	if !c.Public {
		lines = append(lines, `-H "Authorization: Bearer `+token+`"`)
	}
	if r.IfMatch != "" {
		lines = append(lines, "-H "+shellQuoted("If-Match: "+r.IfMatch))
	}
	if r.DryRun {
		lines = append(lines, `-H "Dry-Run: true"`)
	}
	if method == "GET" {
		for _, p := range pairs {
			lines = append(lines, curlPair(p[0], p[1]))
		}
	}
	switch {
	case files:
		lines = append(lines, `-H "Content-Type: `+c.Body.File+`"`, "--data-binary @"+r.fileName())
	case r.Body == nil:
	case form:
		for _, p := range fields {
			lines = append(lines, curlPair(p[0], p[1]))
		}
	default:
		lines = append(lines, `-H "Content-Type: application/json"`, "-d "+shellQuoted(JSON(r.Body)))
	}
	if c.downloads() {
		lines = append(lines, "-o "+r.fileName())
	}
	return strings.Join(lines, " \\\n  ")
}

// form returns the body as the fields of a form, and reports whether it can be sent as one: all
// values are plain.
func (r Request) form() ([][2]string, bool) {
	attributes, is := r.Body.(Members)
	if !is || r.Call.Body == nil || !r.Call.Body.Form || len(attributes) == 0 {
		return nil, false
	}
	var fields [][2]string
	for _, m := range attributes {
		switch v := m.Value.(type) {
		case Members, []any:
			return nil, false
		case nil:
			fields = append(fields, [2]string{m.Key, ""})
		default:
			fields = append(fields, [2]string{m.Key, fmt.Sprint(v)})
		}
	}
	return fields, true
}

// downloads reports whether the answer is a file.
func (c *Call) downloads() bool {
	return c.Method == "GET" && slices.ContainsFunc(c.Answers, func(a Answer) bool {
		return a.Status < 300 && a.Type != "" && !strings.HasSuffix(a.Type, "json") && !strings.HasSuffix(a.Type, "yaml") || a.file()
	})
}

// file reports whether the answer is one to be saved.
func (a Answer) file() bool {
	return slices.ContainsFunc(a.Headers, func(h Field) bool { return h.Name == "Content-Disposition" })
}

// fileName returns what the file is called that the call sends or returns: groups.csv.
func (r Request) fileName() string {
	name, ending := "groups", "ndjson"
	if strings.Contains(r.Call.Path, "contacts") {
		name = "contacts"
	}
	if r.Call.Method == "POST" {
		ending = "csv"
		if kind, is := r.Query.Get("type").(string); is {
			name = kind
		}
	}
	if format, is := r.Query.Get("format").(string); is && identifier.MatchString(format) {
		ending = format
	}
	return name + "." + ending
}

// harmless are values that a form needs no escapes for, nor a shell within double quotes.
var harmless = regexp.MustCompile(`^[A-Za-z0-9 _.,:()/@-]*$`)

// plainWord is what a shell takes as one word, unchanged.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_.,:/@%=-]+$`)

func curlPair(name, value string) string {
	switch {
	case !identifier.MatchString(name) || !harmless.MatchString(value):
		return "--data-urlencode " + shellQuoted(name+"="+value)
	case plainWord.MatchString(value) || value == "":
		return "-d " + name + "=" + value
	}
	return "-d " + name + `="` + value + `"`
}

func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return shellQuoted(s)
}

func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// goProgram writes a request as a program of the standard library.
func goProgram(r Request) string {
	imports := []string{"io", "log", "net/http", "os"}
	setup, body := "", "nil"
	kind := ""
	switch {
	case r.Call.Body != nil && r.Call.Body.File != "":
		setup = "\tfile, err := os.Open(" + goString(r.fileName()) + ")\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n\tdefer file.Close()\n"
		body, kind = "file", r.Call.Body.File
	case r.Body != nil:
		imports = append(imports, "strings")
		setup = "\tbody := strings.NewReader(" + goString(JSON(r.Body)) + ")\n"
		body, kind = "body", jsonType
	}
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n")
	for _, name := range imports {
		b.WriteString("\t\"" + name + "\"\n")
	}
	b.WriteString(")\n\nfunc main() {\n" + setup)
	fmt.Fprintf(&b, "\treq, err := http.NewRequest(%q, %s, %s)\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n", r.Call.Method, goString(r.URL()), body)
	header := func(name, value string) {
		fmt.Fprintf(&b, "\treq.Header.Set(%q, %s)\n", name, goString(value))
	}
	if !r.Call.Public {
		header("Authorization", "Bearer "+token)
	}
	if kind != "" {
		header("Content-Type", kind)
	}
	if r.IfMatch != "" {
		header("If-Match", r.IfMatch)
	}
	if r.DryRun {
		header("Dry-Run", "true")
	}
	b.WriteString("\tres, err := http.DefaultClient.Do(req)\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n\tdefer res.Body.Close()\n")
	b.WriteString("\tlog.Println(res.Status)\n\tio.Copy(os.Stdout, res.Body)\n}\n")
	return b.String()
}
