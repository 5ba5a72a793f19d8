package reference

import "strings"

// files reports whether the request sends or returns a file, which is a stream: samples use what each
// language has for that in place of our clients, whose answers are JSON.
func (r Request) files() bool {
	return r.Call.downloads() || r.Call.Body != nil && r.Call.Body.File != ""
}

// fileHeaders are the headers of such a request.
func (r Request) fileHeaders() Members {
	headers := Members{{"Authorization", "Bearer " + token}}
	if !r.Call.downloads() {
		headers = append(headers, Member{"Content-Type", r.Call.Body.File})
	}
	return headers
}

func javaScriptFile(r Request) string {
	headers := asJS.write(r.fileHeaders(), 2, width)
	if r.Call.downloads() {
		return "import { writeFile } from 'node:fs/promises'\n\n" +
			"const response = await fetch(" + jsString(r.URL()) + ", {\n  headers: " + headers + ",\n})\n" +
			"if (!response.ok) throw new Error(await response.text())\n" +
			"await writeFile(" + jsString(r.fileName()) + ", response.body)\n"
	}
	return "import { openAsBlob } from 'node:fs'\n\n" +
		"const response = await fetch(" + jsString(r.URL()) + ", {\n  method: " + jsString(r.Call.Method) + ",\n  headers: " + headers + ",\n" +
		"  body: await openAsBlob(" + jsString(r.fileName()) + "),\n})\n" +
		"if (!response.ok) throw new Error(await response.text())\nconsole.log(await response.json())\n"
}

func pythonFile(r Request) string {
	headers := asPy.write(r.fileHeaders(), 4, width)
	head := "import shutil\nfrom urllib.request import Request, urlopen\n\n"
	if r.Call.downloads() {
		return head + "request = Request(\n    " + jsonString(r.URL()) + ",\n    headers=" + headers + ",\n)\n" +
			"with urlopen(request) as answer, open(" + jsonString(r.fileName()) + ", \"wb\") as file:\n    shutil.copyfileobj(answer, file)\n"
	}
	head = strings.Replace(head, "import shutil", "import json\nimport os", 1)
	size := "os.path.getsize(" + jsonString(r.fileName()) + ")"
	headers = strings.TrimSuffix(asPy.flat(r.fileHeaders()), "}")
	return head + "with open(" + jsonString(r.fileName()) + ", \"rb\") as file:\n    request = Request(\n        " + jsonString(r.URL()) + ",\n        file,\n" +
		"        " + headers + ", \"Content-Length\": " + size + "},\n        method=" + jsonString(r.Call.Method) + ",\n    )\n" +
		"    with urlopen(request) as answer:\n        print(json.load(answer))\n"
}

func phpFile(r Request) string {
	var headers []any
	for _, h := range r.fileHeaders() {
		headers = append(headers, h.Key+": "+h.Value.(string))
	}
	http := Members{}
	if !r.Call.downloads() {
		http = append(http, Member{"method", r.Call.Method})
	}
	open := "<?php\n$context = stream_context_create(['http' => "
	http = append(http, Member{"header", headers})
	if r.Call.downloads() {
		return open + asPHP.write(http, 0, 0) + "]);\n" +
			"copy(" + phpString(r.URL()) + ", " + phpString(r.fileName()) + ", $context) or exit(1);\n"
	}
	fields := strings.TrimSuffix(asPHP.write(http, 0, 0), "]")
	return open + fields + "  'content' => file_get_contents(" + phpString(r.fileName()) + "),\n]]);\n" +
		"echo file_get_contents(" + phpString(r.URL()) + ", false, $context);\n"
}
