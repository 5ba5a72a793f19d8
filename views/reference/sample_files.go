package reference

import "strings"

// files reports whether the request sends or returns a file, which is a stream.
func (r Request) files() bool { return r.Call.downloads() || r.uploads() }

func (r Request) uploads() bool { return r.Call.Body != nil && r.Call.Body.File != "" }

// javaScriptFile writes such a request with our client for JavaScript, from head on.
func javaScriptFile(r Request, head string) string {
	m, _ := r.method()
	args, others := r.ids(), r.options("ifMatch", "dryRun")
	if r.uploads() {
		args = append(args, asIs("file"))
	}
	if len(r.Query) > 0 || len(others) > 0 {
		args = append(args, r.clientQuery())
	}
	if len(others) > 0 {
		args = append(args, others)
	}
	if r.uploads() {
		return "import { openAsBlob } from 'node:fs'\n" + head + "const file = await openAsBlob(" + jsString(r.fileName()) + ")\n" +
			"await " + asJS.call("client."+m.name, args) + "\n"
	}
	return "import { writeFile } from 'node:fs/promises'\n" + head + "const file = await " + asJS.call("client."+m.name, args) + "\n" +
		"await writeFile(" + jsString(r.fileName()) + ", file.body)\n"
}

// pythonFile is javaScriptFile for Python.
func pythonFile(r Request, head string) string {
	m, _ := r.method()
	args, named := r.ids(), append(r.clientQuery(), r.options("if_match", "dry_run")...)
	if r.uploads() {
		call := pythonCall("client."+m.name, append(args, asIs("file")), named)
		return head + "with open(" + jsonString(r.fileName()) + ", \"rb\") as file:\n    " + strings.ReplaceAll(call, "\n", "\n    ") + "\n"
	}
	return "import shutil\n\n" + head + "answer = " + pythonCall("client."+m.name, args, named) + "\n" +
		"with answer, open(" + jsonString(r.fileName()) + ", \"wb\") as file:\n    shutil.copyfileobj(answer, file)\n"
}

// phpFile is javaScriptFile for PHP.
func phpFile(r Request, head string) string {
	m, _ := r.method()
	args, others := r.ids(), r.options("if_match", "dry_run")
	if r.uploads() {
		args = append(args, asIs("file_get_contents("+phpString(r.fileName())+")"))
	}
	switch {
	case len(r.Query) > 0:
		args = append(args, r.clientQuery())
	case len(others) > 0:
		args = append(args, asIs("[]"))
	}
	if len(others) > 0 {
		args = append(args, others)
	}
	call := asPHP.call("$client->"+strings.ReplaceAll(m.name, ".", "->"), args)
	if r.uploads() {
		return head + call + ";\n"
	}
	return head + "file_put_contents(" + phpString(r.fileName()) + ", " + call + ");\n"
}
