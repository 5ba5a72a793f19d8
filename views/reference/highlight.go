package reference

import "regexp"

// Span is a part of a program that is shown in one colour.
type Span struct {
	// Kind is string, word, number, key or comment; "" is anything else.
	Kind, Text string
}

// tokens finds what is highlighted: comments, strings, keywords or flags, and numbers. Each has a group.
var tokens = map[string]*regexp.Regexp{
	"json":       tokensOf(`$^`, `true|false|null`),
	"curl":       tokensOf(`$^`, `curl|(?:^|\s)-{1,2}[A-Za-z-]+`),
	"javascript": tokensOf(`//[^\n]*`, `import|from|const|new|await|async|function|return|if|for|of|try|catch|throw|true|false|null`),
	"python":     tokensOf(`#[^\n]*`, `from|import|def|class|return|if|or|not|for|in|with|as|try|except|raise|True|False|None`),
	"php":        tokensOf(`//[^\n]*`, `<\?php|require|new|function|return|if|foreach|as|try|catch|throw|echo|true|false|null`),
	"go":         tokensOf(`//[^\n]*`, `package|import|func|return|var|struct|if|for|range|defer|nil`),
}

func tokensOf(comment, words string) *regexp.Regexp {
	const text = "\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`"
	edge := `\b`
	if words[0] == '<' || words[0] == 'c' { // not all of them begin and end with letters
		edge = ""
	}
	return regexp.MustCompile(`(?s)(` + comment + `)|(` + text + `)|(` + edge + `(?:` + words + `)\b)|(\b\d+(?:\.\d+)?\b)`)
}

// Highlight splits a program in a language, or JSON, into parts.
func Highlight(language, code string) []Span {
	find := tokens[language]
	if find == nil {
		return []Span{{"", code}}
	}
	var spans []Span
	at := 0
	for _, m := range find.FindAllStringSubmatchIndex(code, -1) {
		if m[0] > at {
			spans = append(spans, Span{"", code[at:m[0]]})
		}
		kind := ""
		for i, k := range []string{"comment", "string", "word", "number"} {
			if m[2*i+2] >= 0 {
				kind = k
			}
		}
		if kind == "string" && language == "json" && m[1] < len(code) && code[m[1]] == ':' {
			kind = "key"
		}
		spans = append(spans, Span{kind, code[m[0]:m[1]]})
		at = m[1]
	}
	return append(spans, Span{"", code[at:]})
}
