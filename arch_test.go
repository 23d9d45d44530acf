package caseledger_test

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rule is one sentence of the architecture that a machine can check.
type rule struct {
	name   string
	reason string
	check  func(f *sourceFile) []violation
	// breaks are sources, by path, that the rule must refuse, and keeps sources
	// that it must let pass: a rule that cannot fail is not a rule.
	breaks map[string]string
	keeps  map[string]string
}

// areas are the packages of domain that own events and must not know one another.
var areas = []string{"person", "supervision", "appointment", "consent", "screening", "referral", "disclosure", "rights", "breakglass"}

// upper are the packages of domain that put areas together, each with what it
// may import beside event, fault, reference and the areas.
var upper = map[string][]string{
	"lawfulness": {"access", "agreement", "governance", "finding", "policy"},
	"casefile":   {"lawfulness"},
	"catalogue":  {"lawfulness", "casefile", "access", "agreement", "governance", "finding", "policy"},
}

// adapters are named by technology and wired by cmd alone.
var adapters = []string{"eventstore/memory", "eventstore/sqlite", "eventstore/postgres", "eventstore/kurrent"}

var rules = []rule{
	{
		name:   "domain imports the standard library, and areas only event, fault and reference",
		reason: "what the record means must be readable, and testable, without anything that stores or serves it",
		check: shipped(func(f *sourceFile) (found []violation) {
			if !f.in("domain") {
				return nil
			}
			allowed := []string{"domain/event", "domain/fault", "domain/reference"}
			for name, beside := range upper {
				if f.in("domain/" + name) {
					for _, a := range slices.Concat(areas, beside) {
						allowed = append(allowed, "domain/"+a)
					}
				}
			}
			for _, i := range f.imports {
				if f.in("domain/lawfulness") && below(i.path, "github.com/cedar-policy/cedar-go") {
					continue // pure, and the only one that evaluates the gates
				}
				if own, ok := i.own(); ok && !slices.Contains(allowed, own) || !ok && !i.standard() {
					found = append(found, f.at(i.pos, "imports %s", i.path))
				}
			}
			return found
		}),
		breaks: map[string]string{
			"domain/consent/x.go":    `package consent; import _ "caseledger/domain/referral"`,
			"domain/casefile/x.go":   `package casefile; import _ "caseledger/eventstore"`,
			"domain/lawfulness/x.go": `package lawfulness; import _ "caseledger/domain/casefile"`,
			"domain/consent/y.go":    `package consent; import _ "github.com/cedar-policy/cedar-go"`,
			"domain/event/x.go":      `package event; import _ "github.com/google/uuid"`,
		},
		keeps: map[string]string{
			"domain/casefile/x.go":       `package casefile; import _ "caseledger/domain/referral"`,
			"domain/lawfulness/x.go":     `package lawfulness; import _ "github.com/cedar-policy/cedar-go/types"`,
			"domain/consent/x.go":        `package consent; import _ "caseledger/domain/event"`,
			"domain/consent/x_test.go":   `package consent; import _ "pgregory.net/rapid"`,
			"eventstore/codec/codec2.go": `package codec; import _ "github.com/go-json-experiment/json"`,
		},
	},
	{
		name:   "domain does no I/O, reads no clock and draws no random number",
		reason: "a decision that depends on anything but its arguments cannot be replayed",
		check: shipped(func(f *sourceFile) (found []violation) {
			if !f.in("domain") {
				return nil
			}
			for _, i := range f.imports {
				switch {
				case i.path == "log/slog" && f.dir == "domain/event": // only so that Personal can hide itself from a log
				case forbiddenInDomain.MatchString(i.path):
					found = append(found, f.at(i.pos, "imports %s", i.path))
				}
			}
			return append(found, f.uses("time", "Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep", "Local")...)
		}),
		breaks: map[string]string{
			"domain/event/context2.go":   `package event; import _ "context"`,
			"domain/event/os.go":         `package event; import _ "os/exec"`,
			"domain/event/rand.go":       `package event; import _ "math/rand/v2"`,
			"domain/event/crand.go":      `package event; import _ "crypto/rand"`,
			"domain/event/net.go":        `package event; import _ "net/http"`,
			"domain/consent/log.go":      `package consent; import _ "log/slog"`,
			"domain/consent/db.go":       `package consent; import _ "database/sql"`,
			"domain/consent/now.go":      `package consent; import "time"; var _ = time.Now`,
			"domain/consent/renamed.go":  `package consent; import clock "time"; var _ = clock.Since`,
			"domain/reference/local2.go": `package reference; import "time"; var _ = time.Local`,
		},
		keeps: map[string]string{
			"domain/event/personal2.go":  `package event; import _ "log/slog"`,
			"domain/consent/parse.go":    `package consent; import "time"; var _ = time.Parse`,
			"domain/consent/now_test.go": `package consent; import "time"; var _ = time.Now`,
		},
	},
	{
		name:   "arrows go cmd, api, then eventstore or projections, then domain",
		reason: "no folder may know who uses it; eventstore and projections meet only in cmd",
		check: shipped(func(f *sourceFile) (found []violation) {
			for _, i := range f.imports {
				own, ok := i.own()
				if !ok {
					continue
				}
				from, to := layer(f.dir), layer(own)
				if !slices.Contains(arrows[from], to) {
					found = append(found, f.at(i.pos, "%s imports %s", from, own))
				}
				if to == "cmd" && own != f.dir && !below(f.dir, own) && !below(own, f.dir) {
					found = append(found, f.at(i.pos, "a program imports %s, which is another", own))
				}
			}
			return found
		}),
		breaks: map[string]string{
			"eventstore/x.go":            `package eventstore; import _ "caseledger/projections"`,
			"projections/x.go":           `package projections; import _ "caseledger/eventstore"`,
			"projections/caseload/x.go":  `package caseload; import _ "caseledger/api"`,
			"api/x.go":                   `package api; import _ "caseledger/cmd/caseledger"`,
			"eventstore/vault/x.go":      `package vault; import _ "caseledger/api"`,
			"cmd/caseledger-verify/x.go": `package main; import _ "caseledger/cmd/caseledger"`,
		},
		keeps: map[string]string{
			"api/x.go":            `package api; import _ "caseledger/eventstore"`,
			"cmd/caseledger/x.go": `package main; import _ "caseledger/projections/caseload"`,
		},
	},
	{
		name:   "only cmd imports adapters, and adapters never import each other",
		reason: "whatever the store is, everybody else sees the contract",
		check: shipped(func(f *sourceFile) (found []violation) {
			for _, i := range f.imports {
				own, ok := i.own()
				if !ok || f.in("cmd") {
					continue
				}
				for _, a := range adapters {
					if below(own, a) && !f.in(a) {
						found = append(found, f.at(i.pos, "imports the adapter %s", own))
					}
				}
			}
			return found
		}),
		breaks: map[string]string{
			"eventstore/sqlite/x.go": `package sqlite; import _ "caseledger/eventstore/memory"`,
			"api/x.go":               `package api; import _ "caseledger/eventstore/sqlite"`,
			"eventstore/codec/x.go":  `package codec; import _ "caseledger/eventstore/memory"`,
		},
		keeps: map[string]string{
			"cmd/caseledger/x.go":      `package main; import _ "caseledger/eventstore/sqlite"`,
			"eventstore/codec_test.go": `package eventstore; import _ "caseledger/eventstore/memory"`,
		},
	},
	{
		name:   "each third-party module stays where its decision record puts it",
		reason: "a dependency that is everywhere cannot be replaced",
		check: func(f *sourceFile) (found []violation) {
			for _, i := range f.imports {
				if _, own := i.own(); own || i.standard() {
					continue
				}
				d, known := dependencyOf(i.path)
				switch {
				case f.test && f.in(interop):
				case !known:
					found = append(found, f.at(i.pos, "imports %s, which has no row in dependencies_test.go", i.path))
				case !f.test && !f.in(d.folders...) && !slices.Contains(d.folders, f.path):
					found = append(found, f.at(i.pos, "imports %s, which belongs in %v", i.path, d.folders))
				}
			}
			return found
		},
		breaks: map[string]string{
			"eventstore/x.go":           `package eventstore; import _ "github.com/go-chi/chi/v5"`,
			"projections/x.go":          `package projections; import _ "github.com/danielgtaylor/huma/v2"`,
			"projections/sqlstore/x.go": `package sqlstore; import _ "github.com/jackc/pgx/v5/stdlib"`,
			"projections/sqlstore/y.go": `package sqlstore; import _ "github.com/jackc/pgx/v5"`,
			"eventstore/y.go":           `package eventstore; import _ "pgregory.net/rapid"`,
			"cmd/caseledger/x.go":       `package main; import _ "github.com/spf13/viper"`,
			"api/x_test.go":             `package api; import _ "github.com/stretchr/testify/require"`,
			interop + "/x.go":           `package interop; import _ "filippo.io/torchwood"`,
		},
		keeps: map[string]string{
			"api/x.go":                        `package api; import _ "github.com/danielgtaylor/huma/v2/adapters/humachi"`,
			"cmd/caseledger/x.go":             `package main; import _ "github.com/jackc/pgx/v5/stdlib"`,
			"projections/sqlstore/pgx.go":     `package sqlstore; import _ "github.com/jackc/pgx/v5"`,
			"eventstore/storetest/x.go":       `package storetest; import _ "pgregory.net/rapid"`,
			interop + "/x_test.go":            `package interop; import _ "filippo.io/torchwood"`,
			"projections/sqlstore/pg_test.go": `package sqlstore; import _ "github.com/jackc/pgx/v5/stdlib"`,
		},
	},
	{
		name:   "database/sql only where rows are kept",
		reason: "SQL outside the stores is a second copy of a query",
		check: shipped(func(f *sourceFile) (found []violation) {
			for _, i := range f.imports {
				if (i.path == "database/sql" || i.path == "database/sql/driver") &&
					!f.in("projections/sqlstore", "eventstore/sqlite", "eventstore/keep", "eventstore/vault", "eventstore/pgsql", "cmd") {
					found = append(found, f.at(i.pos, "imports %s", i.path))
				}
			}
			return found
		}),
		breaks: map[string]string{
			"api/x.go":                  `package api; import _ "database/sql"`,
			"projections/caseload/x.go": `package caseload; import _ "database/sql"`,
		},
		keeps: map[string]string{"eventstore/sqlite/x.go": `package sqlite; import _ "database/sql"`},
	},
	{
		name:   "only cmd owns the clock",
		reason: "a test that cannot set the time cannot check a promise about it",
		check: shipped(func(f *sourceFile) []violation {
			if f.in("cmd") {
				return nil
			}
			return f.uses("time", "Now", "Since", "Until")
		}),
		breaks: map[string]string{"eventstore/x.go": `package eventstore; import "time"; var _ = time.Now()`},
		keeps:  map[string]string{"cmd/caseledger/x.go": `package main; import "time"; var _ = time.Now()`},
	},
	{
		name:   "the environment comes in through main.go and is read in config.go",
		reason: "a setting that is not in the documented list cannot be found, checked or printed at start",
		check: shipped(func(f *sourceFile) []violation {
			found := append(f.uses("os", "Getenv", "LookupEnv", "ExpandEnv"), f.uses("syscall", "Getenv", "Environ")...)
			if f.in("cmd") && path.Base(f.path) == "main.go" {
				return found
			}
			if f.path == "cmd/caseledger/config.go" {
				return nil
			}
			return append(found, f.uses("os", "Environ")...)
		}),
		breaks: map[string]string{
			"cmd/caseledger/serve.go": `package main; import "os"; var _ = os.Getenv("CASELEDGER_ADDR")`,
			"cmd/caseledger/main.go":  `package main; import "os"; var _ = os.Getenv("CASELEDGER_ADDR")`,
			"api/x.go":                `package api; import "os"; var _, _ = os.LookupEnv("X")`,
			"api/y.go":                `package api; import "os"; var _ = os.Environ()`,
		},
		keeps: map[string]string{
			"cmd/caseledger/config.go": `package main; import "os"; var _, _ = os.LookupEnv("CASELEDGER_ADDR")`,
			"cmd/caseledger/main.go":   `package main; import "os"; var _ = os.Environ()`,
		},
	},
	{
		name:   "only a program's main.go ends the process",
		reason: "whoever exits from the middle skips the deferred release of a lock or a file",
		check: shipped(func(f *sourceFile) []violation {
			found := f.uses("log", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln")
			if f.in("cmd") && path.Base(f.path) == "main.go" {
				return found
			}
			return append(found, f.uses("os", "Exit")...)
		}),
		breaks: map[string]string{
			"eventstore/x.go":         `package eventstore; import "os"; func f() { os.Exit(1) }`,
			"cmd/caseledger/main.go":  `package main; import "log"; func main() { log.Fatal(1) }`,
			"cmd/caseledger/serve.go": `package main; import "os"; func f() { os.Exit(1) }`,
		},
		keeps: map[string]string{"cmd/caseledger/main.go": `package main; import "os"; func main() { os.Exit(1) }`},
	},
	{
		name:   "no test-support package in a program",
		reason: "fakes and fault injection must not ship",
		check: shipped(func(f *sourceFile) (found []violation) {
			for _, i := range f.imports {
				if own, ok := i.own(); ok && strings.HasSuffix(own, "test") || i.path == "testing" {
					found = append(found, f.at(i.pos, "imports %s", i.path))
				}
			}
			return found
		}),
		breaks: map[string]string{"cmd/caseledger/x.go": `package main; import _ "caseledger/eventstore/storetest"`},
		keeps:  map[string]string{"eventstore/sqlite/x_test.go": `package sqlite; import _ "caseledger/eventstore/storetest"`},
	},
	{
		name:   "html/template, never text/template; dropped packages stay dropped",
		reason: "text/template does not escape, and personal text ends up on pages",
		check: shipped(func(f *sourceFile) (found []violation) {
			for _, i := range f.imports {
				if slices.Contains([]string{"text/template", "encoding/gob", "unsafe", "io/ioutil", "net/http/pprof", "expvar"}, i.path) {
					found = append(found, f.at(i.pos, "imports %s", i.path))
				}
			}
			return found
		}),
		breaks: map[string]string{"api/web/x.go": `package web; import _ "text/template"`},
		keeps:  map[string]string{"api/web/x.go": `package web; import _ "html/template"`},
	},
	{
		name:   "math/rand only in cmd, where an invented population is drawn from a seed",
		reason: "an identifier or a salt that can be guessed is not opaque",
		check: shipped(func(f *sourceFile) (found []violation) {
			for _, i := range f.imports {
				if (i.path == "math/rand" || i.path == "math/rand/v2") && !f.in("cmd") {
					found = append(found, f.at(i.pos, "imports %s", i.path))
				}
			}
			return found
		}),
		breaks: map[string]string{"eventstore/vault/x.go": `package vault; import _ "math/rand/v2"`},
		keeps:  map[string]string{"cmd/caseledger/population.go": `package main; import _ "math/rand/v2"`},
	},
	{
		name:   "no SELECT *, no simple protocol",
		reason: "a query that does not name its columns breaks when one is added; the simple protocol interpolates text",
		check: shipped(func(f *sourceFile) (found []violation) {
			f.texts(func(pos token.Pos, text string) {
				if selectStar.MatchString(text) {
					found = append(found, f.at(pos, "SELECT *"))
				}
			})
			return append(found, f.uses("github.com/jackc/pgx/v5", "QueryExecModeSimpleProtocol")...)
		}),
		breaks: map[string]string{
			"projections/sqlstore/x.go":  "package sqlstore; const q = `select\n * from t`",
			"eventstore/sqlite/query.go": `package sqlite; const q = "SELECT e.* FROM event e"`,
		},
		keeps: map[string]string{"eventstore/sqlite/x.go": `package sqlite; const q = "SELECT count(*) FROM event"`},
	},
	{
		name:   "nobody waits by the clock, and no test skips itself",
		reason: "a sleep is either too short or too long; a skipped test is a promise nobody checks",
		check: func(f *sourceFile) (found []violation) {
			found = f.uses("time", "Sleep")
			if !f.test {
				return found
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
					if x, ok := sel.X.(*ast.Ident); ok && slices.Contains([]string{"t", "b", "f", "tb"}, x.Name) {
						found = append(found, f.at(sel.Pos(), "%s.%s", x.Name, sel.Sel.Name))
					}
				}
				return true
			})
			return found
		},
		breaks: map[string]string{
			"eventstore/x_test.go": `package eventstore; import "time"; func f() { time.Sleep(1) }`,
			"eventstore/y_test.go": `package eventstore; import "testing"; func TestX(t *testing.T) { t.Skip("later") }`,
		},
		keeps: map[string]string{"eventstore/x_test.go": `package eventstore; func f(it interface{ Skip(int) }) { it.Skip(1) }`},
	},
	{
		name:   "packages are named for what they hold",
		reason: "util, common, models and types say nothing, so everything ends up in them",
		check: func(f *sourceFile) (found []violation) {
			for _, name := range append(strings.Split(f.dir, "/"), strings.TrimSuffix(f.pkg, "_test")) {
				if vagueName.MatchString(name) {
					found = append(found, violation{f.path, "a package called " + name})
				}
			}
			return found
		},
		breaks: map[string]string{
			"domain/types/x.go":     `package types`,
			"api/x.go":              `package utils`,
			"domain/common/x/y.go":  `package x`,
			"domain/x/model_old.go": `package models`,
		},
		keeps: map[string]string{"eventstore/keep/x.go": `package keep`},
	},
	{
		name:   "a file holds one idea: at most 600 lines",
		reason: "any rule must be found in under a minute",
		check: func(f *sourceFile) []violation {
			if n := strings.Count(string(f.src), "\n"); n > maxLines && !generated.Match(f.src) {
				return []violation{{f.path, "is too long"}}
			}
			return nil
		},
		breaks: map[string]string{"api/x.go": "package api\n" + strings.Repeat("// line\n", 600)},
		keeps:  map[string]string{"api/x.go": "package api\n" + strings.Repeat("// line\n", 590)},
	},
	{
		name:   "no unfinished work",
		reason: "what is not done belongs in an issue",
		check: func(f *sourceFile) (found []violation) {
			for _, group := range f.ast.Comments {
				for _, c := range group.List {
					if unfinished.MatchString(c.Text) {
						found = append(found, f.at(c.Pos(), "unfinished work"))
					}
				}
			}
			return found
		},
		breaks: map[string]string{"api/x.go": "package api\n// TO" + "DO: later\n"},
		keeps:  map[string]string{"api/x.go": "package api\n// Todolist is a noun.\n"},
	},
}

const maxLines = 600

var (
	forbiddenInDomain = regexp.MustCompile(`^(context|math/rand(/v2)?|crypto/rand|os(/.*)?|net(/.*)?|log(/.*)?|database/sql(/.*)?|syscall|io/ioutil|plugin)$`)
	selectStar        = regexp.MustCompile(`(?i)\bselect\s+(all\s+|distinct\s+)?(\w+\.)?\*`)
	vagueName         = regexp.MustCompile(`^(utils?|commons?|models?|types|helpers?|misc)$`)
	unfinished        = regexp.MustCompile(`\b(TODO|FIXME|XXX)\b`)
	generated         = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)
)

// shipped limits a rule to what ends up in a program.
func shipped(check func(*sourceFile) []violation) func(*sourceFile) []violation {
	return func(f *sourceFile) []violation {
		if f.test {
			return nil
		}
		return check(f)
	}
}

func layer(dir string) string {
	top, _, _ := strings.Cut(dir, "/")
	return top
}

// arrows says which layers a layer may import.
var arrows = map[string][]string{
	"cmd":         {"cmd", "api", "eventstore", "projections", "domain"},
	"api":         {"api", "eventstore", "projections", "domain"},
	"eventstore":  {"eventstore", "domain"},
	"projections": {"projections", "domain"},
	"domain":      {"domain"},
}

// TestArchitecture holds every Go file of the tree to every rule.
func TestArchitecture(t *testing.T) {
	t.Parallel()
	sources := openRepository(t).sources
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range sources {
				for _, v := range r.check(f) {
					t.Errorf("%s\n\twhy not: %s", v, r.reason)
				}
			}
		})
	}
}

// TestRulesCanFail shows each rule sources that break it and sources that do not.
func TestRulesCanFail(t *testing.T) {
	t.Parallel()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if r.reason == "" || len(r.breaks) == 0 || len(r.keeps) == 0 {
				t.Fatal("a rule needs a reason, sources that break it and sources that keep it")
			}
			for name, src := range r.breaks {
				if found := r.check(mustParse(t, name, src)); len(found) == 0 {
					t.Errorf("let pass %s: %s", name, src)
				}
			}
			for name, src := range r.keeps {
				if found := r.check(mustParse(t, name, src)); len(found) > 0 {
					t.Errorf("refused %s: %v", name, found)
				}
			}
		})
	}
}

func mustParse(t *testing.T, name, src string) *sourceFile {
	t.Helper()
	f, err := parse(name, []byte(src))
	if err != nil {
		t.Fatalf("parse %s: %v", name, err)
	}
	return f
}

// topLevel is every folder the repository may have at its root; another one
// needs a decision record first.
var topLevel = []string{"api", "cmd", "docs", "domain", "eventstore", "projections"}

// TestTopLevelFolders finds a folder that no decision record allows.
func TestTopLevelFolders(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(outputs, e.Name()) &&
			!slices.Contains(topLevel, e.Name()) {
			t.Errorf("folder %s has no place in the tree", e.Name())
		}
	}
}

// TestEveryPackageIsDocumented wants each package to open with what it is for
// and what it must never do.
func TestEveryPackageIsDocumented(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, f := range openRepository(t).sources {
		if strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		documented[f.dir] = documented[f.dir] || strings.Count(f.ast.Doc.Text(), ".") >= 2
	}
	if len(documented) == 0 {
		t.Fatal("found no package")
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s lacks a comment of two sentences: what it is for, what it must never do", dir)
		}
	}
}

// TestEveryPackageIsTested finds a package that no test file stands in or imports.
func TestEveryPackageIsTested(t *testing.T) {
	t.Parallel()
	tested, packages := map[string]bool{}, map[string]bool{}
	for _, f := range openRepository(t).sources {
		if !f.test {
			packages[f.dir] = true
			continue
		}
		tested[f.dir] = true
		for _, i := range f.imports {
			if own, ok := i.own(); ok {
				tested[own] = true
			}
		}
	}
	for dir := range packages {
		if !tested[dir] {
			t.Errorf("package %s has no test", dir)
		}
	}
}
