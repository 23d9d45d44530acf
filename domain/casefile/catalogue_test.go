package casefile_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
)

var areas = []string{"person", "supervision", "appointment", "consent", "screening", "referral", "disclosure", "rights", "breakglass"}

// area is what the sources of one area say.
type area struct {
	defined  []string        // stored names
	events   map[string]bool // Go types with an isEvent method
	evolved  map[string]bool // Go types that Evolve's switch names
	switches int
}

func parseArea(t *testing.T, name string) area {
	t.Helper()
	a := area{events: map[string]bool{}, evolved: map[string]bool{}}
	files, err := filepath.Glob(filepath.Join("..", name, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources of %s: %v", name, err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			switch {
			case ok && fn.Name.Name == "isEvent":
				a.events[fn.Recv.List[0].Type.(*ast.Ident).Name] = true
			case ok && strings.EqualFold(fn.Name.Name, "evolve"):
				ast.Inspect(fn, func(n ast.Node) bool {
					if _, ok := n.(*ast.TypeSwitchStmt); ok {
						a.switches++
					}
					if clause, ok := n.(*ast.CaseClause); ok {
						for _, e := range clause.List {
							if id, ok := e.(*ast.Ident); ok {
								a.evolved[id.Name] = true
							}
						}
					}
					return true
				})
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			index, ok := call.Fun.(*ast.IndexExpr)
			if !ok {
				return true
			}
			if sel, ok := index.X.(*ast.SelectorExpr); ok && strings.HasPrefix(sel.Sel.Name, "Define") {
				stored, err := strconv.Unquote(call.Args[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				a.defined = append(a.defined, stored)
			}
			return true
		})
	}
	return a
}

func TestEveryDefinedEventIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	total := len(event.Kernel)
	for _, name := range areas {
		a := parseArea(t, name)
		total += len(a.defined)
		for _, stored := range a.defined {
			if _, ok := casefile.Catalogue.Named(stored); !ok {
				t.Errorf("%s: %s is defined, and not in the catalogue", name, stored)
			}
			if prefix, _, _ := strings.Cut(stored, "."); strings.ReplaceAll(prefix, "-", "") != name {
				t.Errorf("%s: %s is named after another area", name, stored)
			}
		}
		if len(a.defined) != len(a.events) {
			t.Errorf("%s: %d definitions for %d event types", name, len(a.defined), len(a.events))
		}
	}
	if got := len(casefile.Catalogue.Names()); got != total {
		t.Errorf("the catalogue has %d events, the sources define %d", got, total)
	}
}

func TestEvolveNamesEveryEventOfItsArea(t *testing.T) {
	t.Parallel()
	for _, name := range areas {
		a := parseArea(t, name)
		if len(a.events) > 0 && a.switches == 0 {
			t.Errorf("%s: Evolve has no switch over the events", name)
		}
		for e := range a.events {
			if !a.evolved[e] {
				t.Errorf("%s: Evolve neither handles nor passes over %s", name, e)
			}
		}
	}
}

// What a reader may not open changes nothing that another event could trip
// over, and never panics.
func TestStatesHoldWithoutWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	for _, state := range []event.State{event.Withheld, event.Erased} {
		var history []event.Recorded
		for _, name := range casefile.Catalogue.Names() {
			d, _ := casefile.Catalogue.Named(name)
			history = append(history, event.Recorded{
				Revision: event.Revision(len(history) + 1), Stream: event.Case(person),
				ID:   event.DeriveID(person, event.Case(person), person, len(history)),
				Meta: event.Meta{Type: name, Version: d.Current().Number, Subject: person},
				Data: emptied(d, state), Operational: state,
			})
		}
		s := casefile.Fold(append(history, history...))
		if !s.Person.Registered {
			t.Errorf("%s: the registration itself is lost", state)
		}
		if !s.Person.Bars(person) {
			t.Errorf("%s: a restriction that cannot be opened bars nobody", state)
		}
		if n := len(s.Person.Links) + len(s.Supervision.Orders) + len(s.Appointment.Appointments); n != 0 {
			t.Errorf("%s: %d things without an identifier", state, n)
		}
		for _, c := range casefile.Commands {
			if _, ok := casefile.Named(c.Name); !ok {
				t.Errorf("%s is not found by its name", c.Name)
			}
		}
	}
}
