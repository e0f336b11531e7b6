// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// ruleCases are small trees that keep a rule (want is empty) or break it (want is part
// of the one finding).
var ruleCases = []struct {
	rule, name string
	files      map[string]string
	want       string
}{
	{"ranks", "an import of a lower rank", map[string]string{"engine/a.go": imports("engine", "@internal/pack")}, ""},
	{"ranks", "an import of the root", map[string]string{"engine/a.go": imports("engine", "@")}, ""},
	{"ranks", "a before b", map[string]string{"internal/pack/a.go": imports("pack", "@engine")}, "internal/pack (rank 1a) may not import engine: its rank 1b is not lower"},
	{"ranks", "b before c", map[string]string{"engine/a.go": imports("engine", "@internal/draw")}, "its rank 1c is not lower"},
	{"ranks", "the same rank", map[string]string{"packs/a.go": imports("packs", "@")}, "its rank 0 is not lower"},
	{"ranks", "the root imports nothing of ours", map[string]string{"a.go": imports("comity", "@packs")}, ". (rank 0) may not import packs"},
	{"ranks", "a test may import every package", map[string]string{"internal/pack/a_test.go": imports("pack", "@engine", "@internal/naive")}, ""},
	{"ranks", "an unknown package", map[string]string{"internal/new/a.go": imports("new")}, "internal/new: the package has no rank: add a line to the table places in arch_test.go"},
	{"ranks", "a folder below a known one is unknown", map[string]string{"engine/fast/a.go": imports("fast")}, "engine/fast: the package has no rank"},
	{"ranks", "an import of an unknown package", map[string]string{"cmd/comity/a.go": imports("main", "@internal/new")}, "has no rank in the table places"},
	{"ranks", "the second opinion in a program", map[string]string{"internal/scenario/a.go": imports("scenario", "@internal/naive")}, "only tests may import it"},
	{"ranks", "a benchmark in a program", map[string]string{"cmd/comity/a.go": imports("main", "@bench/engine")}, "only tests may import it"},
	{"ranks", "test servers in a program", map[string]string{"internal/app/a.go": imports("app", "@internal/testenv")}, "only tests may import it"},
	{"ranks", "a benchmark imports anything", map[string]string{"bench/engine/a.go": imports("engine", "@internal/naive", "@bench/gen", "@internal/scenario")}, ""},
	{"ranks", "the client knows root, engine and proof", map[string]string{"client/a.go": imports("client", "@", "@engine", "@proof")}, ""},
	{"ranks", "the client knows no more", map[string]string{"client/a.go": imports("client", "@internal/pack")}, "it may import only ., engine, proof"},
	{"ranks", "an example with public packages", map[string]string{"examples/embed/a.go": imports("main", "@", "@engine", "@packs")}, ""},
	{"ranks", "an example with an internal package", map[string]string{"examples/embed/a.go": imports("main", "@internal/pack")}, "examples import public packages only"},
	{"ranks", "rank 4 asks the door", map[string]string{"internal/consent/a.go": imports("consent", "@engine")}, "ask internal/decide"},

	{"third party", "YAML where packs are read", map[string]string{"internal/pack/a.go": imports("pack", "go.yaml.in/yaml/v3")}, ""},
	{"third party", "YAML in the engine", map[string]string{"engine/a.go": imports("engine", "go.yaml.in/yaml/v3")}, "go.yaml.in/yaml/v3 (YAML) is only for internal/pack, internal/classify, internal/scenario, internal/which, internal/config, cmd/comity, bench/..., tests"},
	{"third party", "cobra outside the command", map[string]string{"internal/draw/a.go": imports("draw", "github.com/spf13/cobra")}, "(command line) is only for cmd/comity"},
	{"third party", "a peer in a benchmark", map[string]string{"bench/engine/a_test.go": imports("engine", "github.com/open-policy-agent/opa/v1/rego")}, ""},
	{"third party", "a peer in a test elsewhere", map[string]string{"engine/a_test.go": imports("engine", "github.com/open-policy-agent/opa/v1/rego")}, "(OPA) is only for bench/..."},
	{"third party", "rapid in a test", map[string]string{"engine/a_test.go": imports("engine", "pgregory.net/rapid")}, ""},
	{"third party", "rapid in code", map[string]string{"engine/a.go": imports("engine", "pgregory.net/rapid")}, "(property tests) is only for tests"},
	{"third party", "a module that nobody listed", map[string]string{"engine/a_test.go": imports("engine", "example.com/new/thing")}, "example.com/new/thing is in no family: add it to the table families"},
	{"third party", "a name that only begins like a listed one", map[string]string{"cmd/comity/a.go": imports("main", "github.com/spf13/cobra2")}, "is in no family"},
	{"third party", "the standard library", map[string]string{"engine/a.go": imports("engine", "net/http", "time")}, ""},

	{"purity", "a pure package", map[string]string{"engine/a.go": imports("engine", "io/fs", "time", "net/netip", "context") + "var _ = time.UTC\n"}, ""},
	{"purity", "network at the root", map[string]string{"a.go": imports("comity", "net")}, "may not import net: pure packages have no network"},
	{"purity", "network below net", map[string]string{"a.go": imports("comity", "net/http")}, "may not import net/http"},
	{"purity", "files in the engine", map[string]string{"engine/a.go": imports("engine", "os")}, "may not import os: pure packages have no files"},
	{"purity", "a logger", map[string]string{"proof/a.go": imports("proof", "log/slog")}, "may not import log/slog: pure packages have no logger"},
	{"purity", "files in a command", map[string]string{"cmd/comity/a.go": imports("main", "os", "log/slog")}, ""},
	{"purity", "files in a test", map[string]string{"engine/a_test.go": imports("engine", "os")}, ""},
	{"purity", "the clock", map[string]string{"engine/a.go": imports("engine", "time") + "func f() time.Time { return time.Now() }\n"}, "engine/a.go:6: time.Now: pure packages have no clock"},
	{"purity", "the clock as a value", map[string]string{"a.go": imports("comity", "time") + "var now = time.Now\n"}, "time.Now: pure packages have no clock"},
	{"purity", "the clock under another name", map[string]string{"a.go": "package comity\nimport clk \"time\"\nvar d = clk.Since(clk.Time{})\n"}, "time.Since"},
	{"purity", "the clock without a name", map[string]string{"a.go": "package comity\nimport . \"time\"\nvar d = Now()\n"}, "import time by its name"},
	{"purity", "a variable called time", map[string]string{"a.go": imports("comity", "time") + "type c struct{ Now int }\nfunc f(time c) int { return time.Now }\n"}, ""},
	{"purity", "a context out of nowhere", map[string]string{"internal/pack/a.go": imports("pack", "context") + "var c = context.Background()\n"}, "context.Background: take the context of the caller"},
	{"purity", "printing", map[string]string{"internal/draw/a.go": imports("draw", "fmt") + "func f() { fmt.Println() }\n"}, "fmt.Println: pure packages do not print"},

	{"package docs", "a doc comment in one file of two", map[string]string{"engine/a.go": "package engine\n", "engine/b.go": "// Package engine decides.\npackage engine\n"}, ""},
	{"package docs", "none", map[string]string{"engine/a.go": "package engine\n"}, "engine: package engine has no doc comment"},
	{"package docs", "the licence is none", map[string]string{"engine/a.go": licenceHeader + "\npackage engine\n"}, "engine: package engine has no doc comment"},
	{"package docs", "only in a test", map[string]string{"engine/a.go": "package engine\n", "engine/a_test.go": "// Package engine decides.\npackage engine\n"}, "has no doc comment"},
	{"package docs", "of another package", map[string]string{"engine/a.go": "// Package motor decides.\npackage engine\n"}, "does not begin with \"Package engine \""},
	{"package docs", "a command", map[string]string{"cmd/comity/a.go": "// Command comity decides.\npackage main\n"}, ""},
	{"package docs", "tests alone", map[string]string{"bench/engine/a_test.go": "// Package engine_test measures.\npackage engine_test\n"}, ""},

	{"no init", "a method of that name", map[string]string{"engine/a.go": "package engine\ntype t int\nfunc (t) init() {}\n"}, ""},
	{"no init", "an init function", map[string]string{"engine/a.go": "package engine\nfunc init() {}\n"}, "engine/a.go:2: func init"},

	{"licence header", "there", map[string]string{"engine/a.go": licenceHeader + "\npackage engine\n"}, ""},
	{"licence header", "missing", map[string]string{"engine/a_test.go": "package engine\n"}, "engine/a_test.go: does not start with the two SPDX lines"},
	{"licence header", "another licence", map[string]string{"engine/a.go": strings.Replace(licenceHeader, "Apache-2.0", "MIT", 1) + "package engine\n"}, "engine/a.go"},
	{"licence header", "not at the top", map[string]string{"engine/a.go": "package engine\n" + licenceHeader}, "engine/a.go"},

	{"size", "at the limits", map[string]string{"engine/a.go": lines("package engine\n", fileLimit), "engine/b.go": function(funcLimit)}, ""},
	{"size", "a long file", map[string]string{"engine/a.go": lines("package engine\n", fileLimit+1)}, "engine/a.go: 701 lines, more than 700"},
	{"size", "a long function", map[string]string{"engine/a.go": function(funcLimit + 1)}, "engine/a.go:2: func f has 121 lines, more than 120"},
	{"size", "a long test", map[string]string{"engine/a_test.go": function(funcLimit + 1)}, ""},
	{"size", "generated", map[string]string{"engine/a.go": lines("// Code generated by x; DO NOT EDIT.\npackage engine\n", fileLimit+1)}, ""},

	{"root API", "sixty names", map[string]string{"a.go": names("comity", maxExported) + "type t int\nfunc (t) Method() {}\n"}, ""},
	{"root API", "one more", map[string]string{"a.go": names("comity", maxExported) + "func F() {}\n"}, "exports 61 names, more than 60: F V0"},
	{"root API", "names of tests", map[string]string{"a.go": names("comity", maxExported), "a_test.go": names("comity_test", 5)}, ""},
	{"root API", "names elsewhere", map[string]string{"engine/a.go": names("engine", maxExported+1)}, ""},

	{"package names", "a thing", map[string]string{"engine/a.go": "package engine\n"}, ""},
	{"package names", "a folder of everything", map[string]string{"internal/util/a.go": "package util\n"}, `internal/util: "util" says nothing`},
	{"package names", "a package of everything", map[string]string{"internal/pack/a.go": "package helpers\n"}, `internal/pack: "helpers" says nothing`},
}

// TestRulesNoticeBreaks shows each rule inputs that keep and break it.
func TestRulesNoticeBreaks(t *testing.T) {
	kept, broken := map[string]int{}, map[string]int{}
	for _, c := range ruleCases {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			i := slices.IndexFunc(rules, func(r rule) bool { return r.name == c.rule })
			if i < 0 {
				t.Fatalf("there is no rule %q", c.rule)
			}
			files := fstest.MapFS{}
			for name, text := range c.files {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			tr, err := loadTree(files)
			if err != nil {
				t.Fatal(err)
			}
			got := rules[i].check(tr)
			if c.want == "" {
				kept[c.rule]++
				if len(got) > 0 {
					t.Errorf("got %q, want no finding", got)
				}
				return
			}
			broken[c.rule]++
			if len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("got %q, want one finding with %q", got, c.want)
			}
		})
	}
	for _, r := range rules {
		if kept[r.name] == 0 || broken[r.name] == 0 {
			t.Errorf("rule %q has %d cases that keep it and %d that break it, want some of each", r.name, kept[r.name], broken[r.name])
		}
	}
}

// TestTreeSkipsWhatGoSkips: fixtures and hidden folders are no packages.
func TestTreeSkipsWhatGoSkips(t *testing.T) {
	bad := &fstest.MapFile{Data: []byte("not Go")}
	tr, err := loadTree(fstest.MapFS{"engine/testdata/a.go": bad, ".x/a.go": bad, "_x/a.go": bad, "engine/a.txt": bad})
	if err != nil || len(tr.pkgs) != 0 {
		t.Errorf("got %d packages, %v", len(tr.pkgs), err)
	}
	if _, err := loadTree(fstest.MapFS{"engine/a.go": bad}); err == nil {
		t.Error("a file that does not parse was passed over")
	}
}

// TestTablesAreConsistent: no line of a table is dead because of a typing error.
func TestTablesAreConsistent(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range places {
		if seen[p.dir] {
			t.Errorf("%s is in the table places twice", p.dir)
		}
		seen[p.dir] = true
		if !slices.Contains(append(rankOrder, examples, anything), p.rank) {
			t.Errorf("%s has the unknown rank %q", p.dir, p.rank)
		}
		if p.why == "" {
			t.Errorf("%s has no reason", p.dir)
		}
	}
	known := func(table, dir string) {
		if !seen[dir] {
			t.Errorf("%s is in %s but not in places", dir, table)
		}
	}
	for _, f := range families {
		if f.why == "" || len(f.in) == 0 && !f.tests {
			t.Errorf("family %s has no reason or no user", f.name)
		}
		for _, dir := range f.in {
			known("families", dir)
		}
	}
	for dir, only := range importOnly {
		for _, d := range append(only, dir) {
			known("importOnly", d)
		}
	}
	for rank, never := range importNever {
		if !slices.Contains(rankOrder, rank) {
			t.Errorf("importNever has the unknown rank %q", rank)
		}
		for dir := range never {
			known("importNever", dir)
		}
	}
	for _, dir := range onlyTestsImport {
		known("onlyTestsImport", dir)
	}
}

// imports is a file that imports; "@x" stands for package x of ours, "@" for the root.
func imports(name string, paths ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n", name)
	for _, p := range paths {
		if below, mine := strings.CutPrefix(p, "@"); mine {
			p = strings.TrimSuffix(module+"/"+below, "/")
		}
		fmt.Fprintf(&b, "import %q\n", p)
	}
	for range 4 - len(paths) {
		b.WriteString("\n")
	}
	return b.String()
}

// lines is a file of n lines that starts with head.
func lines(head string, n int) string {
	return head + strings.Repeat("\n", n-strings.Count(head, "\n"))
}

// function is a file with a function of n lines, from its second line on.
func function(n int) string {
	return "package engine\nfunc f() {\n" + strings.Repeat("_ = 0\n", n-2) + "}\n"
}

// names is a file that exports n names.
func names(pkg string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n", pkg)
	for i := range n {
		fmt.Fprintf(&b, "var V%d = 0\n", i)
	}
	return b.String()
}
