package fault

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fields collects what cannot be accepted of one body, so that it is all said
// at once.
type Fields []Field

// If adds a field if it is bad.
func (f *Fields) If(bad bool, pointer, code, message string) {
	if bad {
		*f = append(*f, Field{Pointer: pointer, Code: code, Message: message})
	}
}

// Text adds a field whose free text is blank, longer than maxRunes
// characters, not UTF-8, or holds a control character other than a line feed
// or a tab. Blank text is no fault of an optional field.
func (f *Fields) Text(pointer, text string, maxRunes int, optional bool) {
	blank := strings.TrimSpace(text) == ""
	switch {
	case blank && optional && text == "":
	case blank:
		f.If(true, pointer, "required", "this must be given")
	case utf8.RuneCountInString(text) > maxRunes:
		f.If(true, pointer, "too-long", "this is too long")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t'
	}):
		f.If(true, pointer, "not-text", "this holds characters that are not text")
	}
}

// OneOf adds a field whose code is not among those allowed.
func OneOf[C comparable](f *Fields, pointer string, code C, allowed []C) {
	f.If(!slices.Contains(allowed, code), pointer, "unknown-code", "this is not one of the codes of its list")
}

// Listed adds a field whose code its list does not know.
func Listed[C ~string](f *Fields, pointer string, code C, known func(C) bool) {
	f.If(!known(code), pointer, "unknown-code", "this is not one of the codes of its list")
}
