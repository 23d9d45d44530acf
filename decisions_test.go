package caseledger_test

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const decisionsFolder = "docs/decisions"

// decision is one page of docs/decisions.
type decision struct {
	file, number, title string
	modules, headings   []string
	lines               int
}

var (
	decisionFile  = regexp.MustCompile(`^(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md$`)
	decisionTitle = regexp.MustCompile(`(?m)\A# (\d{4})\. (.+)$`)
	moduleLine    = regexp.MustCompile("(?m)^Module: `([^`]+)`(?:  )?$")
	heading       = regexp.MustCompile(`(?m)^## (.+)$`)
)

func readDecision(file, text string) decision {
	d := decision{file: file, lines: strings.Count(text, "\n")}
	if m := decisionTitle.FindStringSubmatch(text); m != nil {
		d.number, d.title = m[1], m[2]
	}
	for _, m := range moduleLine.FindAllStringSubmatch(text, -1) {
		d.modules = append(d.modules, m[1])
	}
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		d.headings = append(d.headings, m[1])
	}
	return d
}

// faults says what is wrong with a page, given how many pages come before it.
func (d decision) faults(before int) (found []string) {
	if !decisionFile.MatchString(d.file) || !strings.HasPrefix(d.file, d.number+"-") || d.number == "" {
		found = append(found, "its file name and its title differ in number")
	}
	if d.number != fmt.Sprintf("%04d", before+1) {
		found = append(found, "numbers are consecutive from 0001")
	}
	if want := []string{"Context", "Decision", "Consequences"}; !slices.Equal(d.headings, want) {
		found = append(found, fmt.Sprintf("headings are %v, want %v", d.headings, want))
	}
	if d.lines > 60 {
		found = append(found, "it is longer than a page")
	}
	return found
}

// directRequirements reads the modules that go.mod requires directly.
func directRequirements(goMod string) (modules []string) {
	block := false
	for line := range strings.Lines(goMod) {
		line = strings.TrimSpace(line)
		switch {
		case line == "require (":
			block = true
		case line == ")":
			block = false
		case strings.HasSuffix(line, "// indirect"):
		case block && line != "", strings.HasPrefix(line, "require "):
			fields := strings.Fields(strings.TrimPrefix(line, "require "))
			modules = append(modules, fields[0])
		}
	}
	return modules
}

// TestDecisions holds the decision records to their form, to the index and to
// go.mod.
func TestDecisions(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(decisionsFolder)
	if err != nil {
		t.Fatal(err)
	}
	index := string(read(t, path.Join(decisionsFolder, "README.md")))
	required := directRequirements(string(read(t, "go.mod")))
	var modules []string
	pages := 0
	for _, e := range entries {
		if e.Name() == "README.md" {
			continue
		}
		d := readDecision(e.Name(), string(read(t, path.Join(decisionsFolder, e.Name()))))
		for _, fault := range d.faults(pages) {
			t.Errorf("%s: %s", d.file, fault)
		}
		pages++
		if line := fmt.Sprintf("- [%s. %s](%s)\n", d.number, d.title, d.file); !strings.Contains(index, line) {
			t.Errorf("the index lacks: %s", line)
		}
		for _, m := range d.modules {
			modules = append(modules, m)
			if !slices.Contains(required, m) {
				t.Errorf("%s is about %s, which go.mod does not require directly", d.file, m)
			}
		}
	}
	if listed := strings.Count(index, "\n- ["); listed != pages {
		t.Errorf("the index lists %d pages, there are %d", listed, pages)
	}
	if len(required) == 0 {
		t.Error("found no requirement in go.mod")
	}
	for _, m := range required {
		if !slices.Contains(modules, m) {
			t.Errorf("%s is required directly and has no decision record", m)
		}
		if _, known := dependencyOf(m); !known {
			t.Errorf("%s has no row in dependencies_test.go", m)
		}
	}
}

// TestRequirementsAreImported finds a module that go.mod requires directly and
// no file imports, and one that is imported without being required directly.
func TestRequirementsAreImported(t *testing.T) {
	t.Parallel()
	imported := map[string]string{}
	for _, f := range openRepository(t).sources {
		for _, i := range f.imports {
			if _, own := i.own(); !own && !i.standard() && !f.in(interop) {
				imported[i.path] = f.path
			}
		}
	}
	required := directRequirements(string(read(t, "go.mod")))
	of := func(importPath, module string) bool {
		return importPath == module || strings.HasPrefix(importPath, module+"/")
	}
	for _, m := range required {
		used := false
		for p := range imported {
			used = used || of(p, m)
		}
		if !used {
			t.Errorf("nobody imports %s", m)
		}
	}
	for p, by := range imported {
		if !slices.ContainsFunc(required, func(m string) bool { return of(p, m) }) {
			t.Errorf("%s imports %s, which go.mod does not require directly", by, p)
		}
	}
}

// TestDecisionRulesCanFail shows the rules for pages what breaks them.
func TestDecisionRulesCanFail(t *testing.T) {
	t.Parallel()
	good := "# 0001. A\n\n## Context\n\n## Decision\n\n## Consequences\n"
	for name, c := range map[string]struct {
		file, text string
		want       int
	}{
		"good":              {"0001-a.md", good, 0},
		"another number":    {"0002-a.md", good, 1},
		"a gap":             {"0003-a.md", strings.Replace(good, "0001", "0003", 1), 1},
		"missing heading":   {"0001-a.md", strings.Replace(good, "## Consequences", "", 1), 1},
		"more than a page":  {"0001-a.md", good + strings.Repeat("\n", 60), 1},
		"without any title": {"0001-a.md", "## Context\n## Decision\n## Consequences\n", 2},
	} {
		if got := readDecision(c.file, c.text).faults(0); len(got) != c.want {
			t.Errorf("%s: faults %v, want %d", name, got, c.want)
		}
	}
	got := directRequirements("module m\n\nrequire a.b/c v1\n\nrequire (\n\td.e/f v1.2.3\n\tg.h/i v1 // indirect\n)\n")
	if want := []string{"a.b/c", "d.e/f"}; !slices.Equal(got, want) {
		t.Errorf("direct requirements %v, want %v", got, want)
	}
}
