// Package text is how the console treats what people type: the form in which it is stored,
// the rules for names and paragraphs, the letters that a search treats as equal, the terms
// of a search, and ids. It imports nothing of the console.
package text
