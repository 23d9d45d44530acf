package disclosure

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"caseledger/domain/event"
)

// Every event type that a file of the package defines is in the catalogue,
// and is an event of the area.
func TestEveryDefinitionIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, d := range Events {
		listed[d.Name()] = true
		if _, ok := newOf(d).(Event); !ok {
			t.Errorf("%s: its type is not an event of this area", d.Name())
		}
	}
	files, err := filepath.Glob("event_*.go")
	if err != nil || len(files) != len(Events) {
		t.Errorf("got %d event files for %d events (%v)", len(files), len(Events), err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
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
			if sel, ok := index.X.(*ast.SelectorExpr); ok && sel.Sel.Name == "Define" {
				name := strings.Trim(call.Args[0].(*ast.BasicLit).Value, `"`)
				if !listed[name] {
					t.Errorf("%s: %s is not in the catalogue", file, name)
				}
			}
			return true
		})
	}
	event.NewCatalogue(Events) // panics on a name defined twice
}
