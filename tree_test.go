package caseledger_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// module is the path in go.mod, with the slash that every import of our own begins with.
const module = "caseledger/"

// sourceFile is one Go file as the rules see it.
type sourceFile struct {
	path    string // slash-separated, from the repository's root
	dir     string // "." for the root
	pkg     string // package clause
	test    bool   // a test, or part of a package that only tests import
	fset    *token.FileSet
	ast     *ast.File
	src     []byte
	imports []imported
}

type imported struct {
	path string
	name string // as the file calls it
	pos  token.Pos
}

// violation is where a file breaks a rule, and how.
type violation struct {
	where string // path, or path:line
	what  string
}

func (v violation) String() string { return v.where + ": " + v.what }

func (f *sourceFile) at(pos token.Pos, format string, args ...any) violation {
	return violation{fmt.Sprintf("%s:%d", f.path, f.fset.Position(pos).Line), fmt.Sprintf(format, args...)}
}

// in reports whether the file stands in one of the folders or below it.
func (f *sourceFile) in(folders ...string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool { return below(f.dir, folder) })
}

func below(dir, folder string) bool {
	return dir == folder || strings.HasPrefix(dir, folder+"/")
}

// own is the folder of an import of this module; false for any other import.
func (i imported) own() (string, bool) { return strings.CutPrefix(i.path, module) }

// standard reports whether the import is of the standard library: only there
// does the first element hold no dot.
func (i imported) standard() bool {
	if _, own := i.own(); own {
		return false
	}
	first, _, _ := strings.Cut(i.path, "/")
	return !strings.Contains(first, ".")
}

func parse(name string, src []byte) (*sourceFile, error) {
	f := &sourceFile{path: name, dir: path.Dir(name), fset: token.NewFileSet(), src: src}
	tree, err := parser.ParseFile(f.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f.ast, f.pkg = tree, tree.Name.Name
	// A package named …test (storetest, projectiontest) is imported by tests only;
	// a rule below sees to it.
	f.test = strings.HasSuffix(name, "_test.go") || strings.HasSuffix(path.Base(f.dir), "test")
	for _, spec := range tree.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		name := defaultName(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		f.imports = append(f.imports, imported{p, name, spec.Pos()})
	}
	return f, nil
}

// defaultName guesses what a package calls itself: its last element, or the
// one before a major version.
func defaultName(importPath string) string {
	base := path.Base(importPath)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(importPath))
	}
	return base
}

// uses lists the uses of package-level names of an imported package, as in
// time.Now, whatever the file calls the import.
func (f *sourceFile) uses(importPath string, names ...string) []violation {
	var found []violation
	for _, i := range f.imports {
		if i.path != importPath {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == i.name && slices.Contains(names, sel.Sel.Name) {
				found = append(found, f.at(sel.Pos(), "uses %s.%s", importPath, sel.Sel.Name))
			}
			return true
		})
	}
	return found
}

// texts calls visit with every string literal.
func (f *sourceFile) texts(visit func(pos token.Pos, text string)) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				visit(lit.Pos(), s)
			}
		}
		return true
	})
}

// outputs are folders that programs make at the root and .gitignore names.
var outputs = []string{"bin", "data", "caseledger-data", "alpha-record"}

// repository is everything in the tree that people keep: no build output, no
// data directories, nothing hidden but .ci.
type repository struct {
	files   []string // slash-separated
	sources []*sourceFile
}

var theRepository = sync.OnceValues(func() (*repository, error) {
	r := &repository{}
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(p)
		if d.IsDir() {
			switch {
			case name == ".", name == ".ci":
				return nil
			case strings.HasPrefix(d.Name(), "."), slices.Contains(outputs, name):
				return filepath.SkipDir
			}
			return nil
		}
		r.files = append(r.files, name)
		if strings.HasSuffix(name, ".go") {
			src, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			f, err := parse(name, src)
			if err != nil {
				return err
			}
			r.sources = append(r.sources, f)
		}
		return nil
	})
	return r, err
})

func openRepository(t *testing.T) *repository {
	t.Helper()
	r, err := theRepository()
	if err != nil {
		t.Fatalf("read the tree: %v", err)
	}
	return r
}

// read returns a file's bytes; nil for a binary one.
func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return nil
	}
	return b
}

// tests is every Test and Fuzz function of the tree, as folder.Name.
func (r *repository) tests() map[string]bool {
	names := map[string]bool{}
	for _, f := range r.sources {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasSuffix(f.path, "_test.go") {
				names[f.dir+"."+fn.Name.Name] = true
			}
		}
	}
	return names
}
