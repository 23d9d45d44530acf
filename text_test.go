package caseledger_test

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// finding is something that must not stand in a text, and why not.
type finding struct{ what, reason string }

var (
	tenDigits    = regexp.MustCompile(`\b(\d{10}|\d{3}[ -]\d{3}[ -]\d{4})\b`)
	crn          = regexp.MustCompile(`\b[A-Z]\d{6}\b`)
	prisonNumber = regexp.MustCompile(`\b[A-Z]\d{4}[A-Z]{2}\b`)
	privateKey   = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE ` + `KEY-----`)
	bearer       = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\b`)
	unkindWord   = regexp.MustCompile(`(?i)\boffend` + `ers?\b`)
)

// published are identifiers that look real and belong to nobody.
var published = map[string]string{
	"0000000000": "passes the check sum; the range refuses it",
	"9876543210": "check-digit vector, domain reference section 2",
	"4000000632": "check-digit vector, domain reference section 2",
	"9434765919": "check-digit vector, domain reference section 2",
	"9000000009": "patient of the public NHS sandbox",
	"A1234BC":    "how a prison number is written, domain reference section 2",
	"A999999":    "the shape of a CRN: A for a letter, 9 for a digit",
	"A9999AA":    "the shape of a prison number",
}

// identifiers finds what looks like a real person's NHS number, CRN or prison
// number. Invented people have 999 numbers, CRNs that begin with X99 and
// prison numbers that begin with Z99.
func identifiers(text string) (found []finding) {
	for _, m := range tenDigits.FindAllString(text, -1) {
		digits := strings.NewReplacer(" ", "", "-", "").Replace(m)
		if !strings.HasPrefix(digits, "999") && published[digits] == "" && checkDigit(digits) && !impossibleCHI(digits) {
			found = append(found, finding{"an NHS number", "test people have numbers of the never-issued block 999"})
		}
	}
	for _, m := range crn.FindAllString(text, -1) {
		if !strings.HasPrefix(m, "X99") && published[m] == "" {
			found = append(found, finding{"a CRN", "test people have CRNs that begin with X99"})
		}
	}
	for _, m := range prisonNumber.FindAllString(text, -1) {
		if !strings.HasPrefix(m, "Z99") && published[m] == "" {
			found = append(found, finding{"a prison number", "test people have prison numbers that begin with Z99"})
		}
	}
	return found
}

// checkDigit is the modulus 11 check of an NHS number (domain reference, section 2).
func checkDigit(digits string) bool {
	sum := 0
	for i := range 9 {
		sum += int(digits[i]-'0') * (10 - i)
	}
	c := 11 - sum%11
	if c == 11 {
		c = 0
	}
	return c == int(digits[9]-'0')
}

// impossibleCHI reports whether a number of the Scottish range, which begins
// with a date of birth, has none: then it is a time or a count.
func impossibleCHI(digits string) bool {
	if digits > "3200000000" {
		return false
	}
	_, err := time.Parse("020106", digits[:6])
	return err != nil
}

// secrets finds what opens something.
func secrets(text string) (found []finding) {
	if privateKey.MatchString(text) {
		found = append(found, finding{"a private key", "keys are made on first start, never kept in the tree"})
	}
	if bearer.MatchString(text) {
		found = append(found, finding{"a signed token", "tests sign their own"})
	}
	return found
}

// statute is the one name that a text cannot give otherwise.
var statute = regexp.MustCompile(`Offender Management Act 2007`)

// wording finds the word that nobody should read about themselves.
func wording(text string) []finding {
	if unkindWord.MatchString(statute.ReplaceAllString(text, "")) {
		return []finding{{"a word for people that is not used here", "say person, or person on probation"}}
	}
	return nil
}

// isTest reports whether a file is there for tests only.
func isTest(name string) bool {
	return strings.HasSuffix(name, "_test.go") || strings.Contains("/"+name, "/testdata/")
}

// TestNoRealLookingIdentifiers reads every line that is kept in the tree.
func TestNoRealLookingIdentifiers(t *testing.T) {
	t.Parallel()
	everyLine(t, func(name string) bool { return name != "go.sum" }, func(line string) []finding {
		return append(identifiers(line), secrets(line)...)
	})
}

// TestWording reads every line that may end up before a person's eyes.
func TestWording(t *testing.T) {
	t.Parallel()
	readable := []string{".go", ".md", ".gohtml", ".html", ".txt", ".json", ".jsonl", ".sql", ".yaml", ".yml"}
	everyLine(t, func(name string) bool { return !isTest(name) && slices.Contains(readable, path.Ext(name)) }, wording)
}

// everyLine reports what find finds, by place; never the text itself, which
// may be personal.
func everyLine(t *testing.T, want func(name string) bool, find func(line string) []finding) {
	t.Helper()
	seen := 0
	for _, name := range openRepository(t).files {
		if !want(name) {
			continue
		}
		seen++
		n := 0
		for line := range strings.Lines(string(read(t, name))) {
			n++
			for _, f := range find(line) {
				t.Errorf("%s:%d holds %s: %s", name, n, f.what, f.reason)
			}
		}
	}
	if seen == 0 {
		t.Fatal("read no file")
	}
}

// TestTextRulesCanFail shows that each text rule finds what it is for and
// passes what it must. The identifiers are put together here, so that no line
// of this file holds one.
func TestTextRulesCanFail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		find func(string) []finding
		text string
		want int
	}{
		{"NHS number", identifiers, "4505577" + "104", 1},
		{"NHS number as displayed", identifiers, "450 557" + " 7104", 1},
		{"NHS number outside the block 999", identifiers, "9123456" + "787", 1},
		{"wrong check digit", identifiers, "4505577" + "105", 0},
		{"test NHS number", identifiers, "9990001014", 0},
		{"part of a longer number", identifiers, "14505577" + "1041", 0},
		{"seconds since 1970", identifiers, fmt.Sprint(1_767_225_601), 0},
		{"CRN", identifiers, "X32" + "0741", 1},
		{"test CRN", identifiers, "X990101", 0},
		{"prison number", identifiers, "G4817" + "UU", 1},
		{"test prison number", identifiers, "Z9901ZZ", 0},
		{"published", identifiers, "A1234BC 9434765919", 0},
		{"private key", secrets, "-----BEGIN EC PRIVATE " + "KEY-----", 1},
		{"public key", secrets, "-----BEGIN PUBLIC KEY-----", 0},
		{"token", secrets, "eyJhbGciOiJFUzI1NiJ9." + "eyJzdWIiOiJ4eHh4In0." + "c2lnbmF0dXJlLi4u", 1},
		{"word", wording, "the offend" + "er", 1},
		{"other word", wording, "the offence", 0},
		{"statute", wording, "the Offend" + "er Management Act 2007, s.14", 0},
		{"beside the statute", wording, "an offend" + "er under the Offend" + "er Management Act 2007", 1},
	} {
		if got := c.find(c.text); len(got) != c.want {
			t.Errorf("%s: %d findings, want %d", c.name, len(got), c.want)
		}
	}
}
