// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity_test

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A rule returns one line for each place that breaks it.
type rule struct {
	name  string
	check func(tree) []string
}

var rules = []rule{
	{"ranks", checkRanks},
	{"third party", checkFamilies},
	{"purity", checkPurity},
	{"package docs", checkDocs},
	{"no init", checkInit},
	{"licence header", checkLicence},
	{"size", checkSize},
	{"root API", checkExported},
	{"package names", checkNames},
}

// tree is every Go file of the repository, whatever its build tags, grouped by folder.
type tree struct {
	fset *token.FileSet
	pkgs []*pkg
}

type pkg struct {
	dir   string
	files []*source
}

type source struct {
	path  string
	test  bool
	text  []byte
	ast   *ast.File
	lines int
}

func loadTree(fsys fs.FS) (tree, error) {
	t := tree{fset: token.NewFileSet()}
	byDir := map[string]*pkg{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(t.fset, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		if byDir[dir] == nil {
			byDir[dir] = &pkg{dir: dir}
		}
		byDir[dir].files = append(byDir[dir].files, &source{
			path: name, text: text, ast: file,
			test:  strings.HasSuffix(base, "_test.go"),
			lines: bytes.Count(text, []byte("\n")),
		})
		return nil
	})
	t.pkgs = slices.SortedFunc(maps.Values(byDir), func(a, b *pkg) int { return cmp.Compare(a.dir, b.dir) })
	return t, err
}

func (t tree) at(dir string) *pkg {
	for _, p := range t.pkgs {
		if p.dir == dir {
			return p
		}
	}
	return nil
}

// finding formats what is wrong at a node, with its line.
func (t tree) finding(n ast.Node, format string, args ...any) string {
	p := t.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d: ", p.Filename, p.Line) + fmt.Sprintf(format, args...)
}

// code returns the files that are no tests, or all if there are only tests.
func (p *pkg) code() []*source {
	var out []*source
	for _, f := range p.files {
		if !f.test {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return p.files
	}
	return out
}

// covers reports whether pattern, a folder or "folder/...", contains dir.
func covers(pattern, dir string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return dir == below || strings.HasPrefix(dir, below+"/")
	}
	return dir == pattern
}

func anyCovers(patterns []string, dir string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, dir) })
}

func rankOf(dir string) (rank string, ok bool) {
	for _, p := range places {
		if covers(p.dir, dir) {
			return p.rank, true
		}
	}
	return "", false
}

// ours returns the folder of a package of this module.
func ours(imp string) (dir string, ok bool) {
	if imp == module {
		return ".", true
	}
	return strings.CutPrefix(imp, module+"/")
}

// isStandard reports whether an import path is of the standard library, whose first
// element never has a dot.
func isStandard(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".")
}

func importPath(s *ast.ImportSpec) string {
	p, _ := strconv.Unquote(s.Path.Value) // the parser has accepted it
	return p
}

// checkRanks: every package has a rank, and imports only lower ones. Tests may import
// every package.
func checkRanks(t tree) (out []string) {
	for _, p := range t.pkgs {
		rank, ok := rankOf(p.dir)
		if !ok {
			out = append(out, fmt.Sprintf("%s: the package has no rank: add a line to the table places in arch_test.go, with the reason why it exists", p.dir))
			continue
		}
		for _, f := range p.files {
			if f.test {
				continue
			}
			for _, s := range f.ast.Imports {
				to, ok := ours(importPath(s))
				if !ok {
					continue
				}
				if why := mayNotImport(p.dir, rank, to); why != "" {
					out = append(out, t.finding(s, "%s (rank %s) may not import %s: %s", p.dir, rank, to, why))
				}
			}
		}
	}
	return out
}

// mayNotImport says why the code of a package may not import another one of ours.
func mayNotImport(dir, rank, to string) string {
	toRank, ok := rankOf(to)
	if !ok {
		return "it has no rank in the table places of arch_test.go"
	}
	if rank == anything {
		return ""
	}
	if anyCovers(onlyTestsImport, to) {
		return "only tests may import it"
	}
	if rank == examples {
		if strings.HasPrefix(to, "internal/") || strings.HasPrefix(to, "cmd/") {
			return "examples import public packages only"
		}
		return ""
	}
	if only, ok := importOnly[dir]; ok {
		if !slices.Contains(only, to) {
			return "it may import only " + strings.Join(only, ", ")
		}
		return ""
	}
	if why := importNever[rank][to]; why != "" {
		return why
	}
	if slices.Index(rankOrder, toRank) >= slices.Index(rankOrder, rank) {
		return fmt.Sprintf("its rank %s is not lower", toRank)
	}
	return ""
}

// checkFamilies: third-party modules are used where the table says.
func checkFamilies(t tree) (out []string) {
	for _, p := range t.pkgs {
		for _, f := range p.files {
			for _, s := range f.ast.Imports {
				imp := importPath(s)
				if _, mine := ours(imp); mine || isStandard(imp) {
					continue
				}
				fam := familyOf(imp)
				switch {
				case fam == nil:
					out = append(out, t.finding(s, "%s is in no family: add it to the table families in arch_test.go, with the reason", imp))
				case anyCovers(fam.in, p.dir), f.test && fam.tests:
				default:
					out = append(out, t.finding(s, "%s (%s) is only for %s", imp, fam.name, fam.users()))
				}
			}
		}
	}
	return out
}

func familyOf(imp string) *family {
	for i, f := range families {
		for _, m := range f.modules {
			if imp == m || strings.HasPrefix(imp, m+"/") {
				return &families[i]
			}
		}
	}
	return nil
}

func (f *family) users() string {
	users := slices.Clone(f.in)
	if f.tests {
		users = append(users, "tests")
	}
	return strings.Join(users, ", ")
}

// checkPurity: the pure ranks have no I/O, no clock and no logger.
func checkPurity(t tree) (out []string) {
	for _, p := range t.pkgs {
		rank, _ := rankOf(p.dir)
		if !slices.Contains(pureRanks, rank) {
			continue
		}
		for _, f := range p.files {
			if f.test {
				continue
			}
			for _, s := range f.ast.Imports {
				imp := importPath(s)
				if slices.Contains(pureParts, imp) {
					continue
				}
				for pattern, why := range impureImports {
					if covers(pattern, imp) {
						out = append(out, t.finding(s, "%s (rank %s) may not import %s: %s", p.dir, rank, imp, why))
					}
				}
			}
			out = append(out, impureUses(t, f)...)
		}
	}
	return out
}

// impureUses finds the impure names of a file, called or taken as a value.
func impureUses(t tree, f *source) (out []string) {
	local := map[string]string{} // name in the file -> import path
	for _, s := range f.ast.Imports {
		imp := importPath(s)
		if impureNames[imp] == nil {
			continue
		}
		name := path.Base(imp)
		if s.Name != nil {
			name = s.Name.Name
		}
		if name == "." {
			out = append(out, t.finding(s, "import %s by its name, so that its uses can be seen", imp))
		}
		local[name] = imp
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok || x.Obj != nil { // a variable that happens to have the name
			return true
		}
		imp := local[x.Name]
		if why := impureNames[imp][sel.Sel.Name]; why != "" {
			out = append(out, t.finding(sel, "%s.%s: %s", imp, sel.Sel.Name, why))
		}
		return true
	})
	return out
}

// checkDocs: each package says what it is for.
func checkDocs(t tree) (out []string) {
	for _, p := range t.pkgs {
		name, doc := "", ""
		for _, f := range p.code() {
			name = f.ast.Name.Name
			doc += f.ast.Doc.Text()
		}
		switch {
		case strings.TrimSpace(doc) == "":
			out = append(out, fmt.Sprintf("%s: package %s has no doc comment", p.dir, name))
		case name != "main" && !strings.HasPrefix(doc, "Package "+name+" "):
			out = append(out, fmt.Sprintf("%s: the doc comment does not begin with \"Package %s \": %.40q", p.dir, name, doc))
		}
	}
	return out
}

// checkInit: nothing happens on import.
func checkInit(t tree) (out []string) {
	for _, p := range t.pkgs {
		for _, f := range p.files {
			for _, d := range f.ast.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					out = append(out, t.finding(fn, "func init: construct it where it is used and pass it on"))
				}
			}
		}
	}
	return out
}

const licenceHeader = "// SPDX-FileCopyrightText: The Comity authors\n// SPDX-License-Identifier: Apache-2.0\n"

// checkLicence: each file starts with the two SPDX lines.
func checkLicence(t tree) (out []string) {
	for _, p := range t.pkgs {
		for _, f := range p.files {
			if !bytes.HasPrefix(f.text, []byte(licenceHeader)) {
				out = append(out, f.path+": does not start with the two SPDX lines (see LICENSE and any other file)")
			}
		}
	}
	return out
}

// checkSize: no file and no function is above the hard limits.
func checkSize(t tree) []string {
	return longParts(t, fileLimit, funcLimit)
}

// longParts lists files and functions with more lines than the given limits.
func longParts(t tree, file, function int) (out []string) {
	for _, p := range t.pkgs {
		for _, f := range p.files {
			if f.test || ast.IsGenerated(f.ast) {
				continue
			}
			if f.lines > file {
				out = append(out, fmt.Sprintf("%s: %d lines, more than %d", f.path, f.lines, file))
			}
			for _, d := range f.ast.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				n := t.fset.Position(fn.End()).Line - t.fset.Position(fn.Pos()).Line + 1
				if n > function {
					out = append(out, t.finding(fn, "func %s has %d lines, more than %d", fn.Name.Name, n, function))
				}
			}
		}
	}
	return out
}

// checkExported: the public vocabulary stays small enough to be read in one sitting.
func checkExported(t tree) []string {
	root := t.at(".")
	if root == nil {
		return nil
	}
	var names []string
	for _, f := range root.files {
		if !f.test {
			names = append(names, exported(f.ast)...)
		}
	}
	if len(names) <= maxExported {
		return nil
	}
	slices.Sort(names)
	return []string{fmt.Sprintf("the root package exports %d names, more than %d: %s", len(names), maxExported, strings.Join(names, " "))}
}

// exported returns the exported names that a file declares at the top level; methods
// and fields belong to their type and do not count.
func exported(f *ast.File) (names []string) {
	add := func(ids ...*ast.Ident) {
		for _, id := range ids {
			if id.IsExported() {
				names = append(names, id.Name)
			}
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				add(d.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					add(s.Name)
				case *ast.ValueSpec:
					add(s.Names...)
				}
			}
		}
	}
	return names
}

// checkNames: a package is named by what it holds.
func checkNames(t tree) (out []string) {
	for _, p := range t.pkgs {
		for _, name := range []string{path.Base(p.dir), p.code()[0].ast.Name.Name} {
			if slices.Contains(noNames, name) {
				out = append(out, fmt.Sprintf("%s: %q says nothing about what is inside", p.dir, name))
				break
			}
		}
	}
	return out
}
