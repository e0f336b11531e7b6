// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What is written in fenced blocks of README.md, the other documents at the root and
// docs/ is held to be true:
//
//	```sh               runs (bash -e) in a copy of the repository with comity on the
//	                    PATH, and leaves no file behind
//	```sh exit=3        the same, and ends with exit code 3
//	```text output      is what the sh block before it prints; a line "..." stands for
//	                    any number of lines
//	```console          is only shown; each line that begins with "$ " must be in
//	                    shownOnly
//
// Blocks of the languages in passive are not looked at. A block without a language is
// an error.

// shownOnly lists the commands that documents may show without a test running them.
var shownOnly = map[string]string{
	"git clone https://github.com/comity-project/comity": "needs the network",
	"cd comity": "goes with the clone",
	"go get github.com/comity-project/comity":                       "needs another module",
	"go install github.com/comity-project/comity/cmd/comity@latest": "needs the network",
	"make test":                    "would run this test again",
	"make check":                   "would run this test again",
	"make bench":                   "takes minutes",
	"make classify-report":         "needs the labelled data",
	"go run ./bench/engine/report": "takes minutes",
	"go run ./bench/audit/report":  "takes minutes",
	"go run ./bench/http/report":   "takes minutes",
	"make fuzz":                    "takes minutes",
	"comity serve":                 "runs until it is stopped",
	"curl -H 'Content-Type: application/json' --data @question.json http://127.0.0.1:8080/v1/decisions":                                                                            "needs the server",
	"timeout 600 go run github.com/transparency-dev/tessera/cmd/fsck@v1.0.4 --storage_url=file:///var/lib/comity/local/log/ --public_key=/var/lib/comity/local/log.pub --ui=false": "needs the network",

	"sudo install -m 755 comity /usr/local/bin/comity":                                              "changes the machine",
	"sudo install -d /etc/comity && sudo install -m 644 deploy/comity.yaml /etc/comity/comity.yaml": "changes the machine",
	"sudo install -m 644 deploy/comity.service /etc/systemd/system/comity.service":                  "changes the machine",
	"sudo systemctl enable --now comity":                                                            "changes the machine",
	"sudo systemctl reload comity":                                                                  "changes the machine",
	"docker build -f deploy/Dockerfile -t comity .":                                                 "needs the network",
	"docker run --read-only --cap-drop ALL -p 8443:8443 -v comity-data:/var/lib/comity -v comity-anchor:/var/lib/comity-anchor -v /etc/comity:/etc/comity:ro comity": "needs the image",
}

// passive languages describe; they are read by people only.
var passive = []string{"go", "yaml", "json", "text", "mermaid", "dot", "makefile"}

// maxReadme keeps the first page short enough to be read.
const maxReadme = 200

// block is a fenced block of a document.
type block struct {
	file string
	line int
	lang string
	info []string // what follows the language on the fence
	text string
}

func (b block) at() string { return fmt.Sprintf("%s:%d", b.file, b.line) }

// documents returns the documents of the repository, README first.
func documents(t *testing.T) []string {
	t.Helper()
	root, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("docs", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".md") {
			root = append(root, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(root, func(a, b string) int {
		return strings.Compare(strings.TrimPrefix(a, "README.md"), strings.TrimPrefix(b, "README.md"))
	})
	return root
}

// blocks splits a document into its fenced blocks. The closing fence has at least the
// length of the opening one, so that a block can show a fence.
func blocks(file, text string) (out []block, err error) {
	open, fence := block{}, ""
	for i, line := range strings.Split(text, "\n") {
		bare := strings.TrimLeft(line, " ")
		ticks := bare[:len(bare)-len(strings.TrimLeft(bare, "`"))]
		switch {
		case fence == "" && len(ticks) >= 3:
			fence, open = ticks, block{file: file, line: i + 1}
			words := strings.Fields(bare[len(ticks):])
			if len(words) == 0 {
				return nil, fmt.Errorf("%s: the block has no language: mark it sh, console, text, go, yaml or json", open.at())
			}
			open.lang, open.info = words[0], words[1:]
		case fence != "" && len(ticks) >= len(fence) && strings.TrimSpace(bare) == ticks:
			out, fence = append(out, open), ""
		case fence != "":
			open.text += line + "\n"
		}
	}
	if fence != "" {
		return nil, fmt.Errorf("%s: the block does not end", open.at())
	}
	return out, nil
}

func readBlocks(t *testing.T, file string) []block {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bs, err := blocks(file, string(text))
	if err != nil {
		t.Fatal(err)
	}
	return bs
}

// TestDocsBlocksRun runs what the documents tell a reader to type.
func TestDocsBlocksRun(t *testing.T) {
	if testing.Short() {
		t.Skip("runs commands, left out by -short")
	}
	var s *shell
	for _, file := range documents(t) {
		var last *outcome
		for _, b := range readBlocks(t, file) {
			switch {
			case b.lang == "sh":
				if s == nil {
					s = newShell(t)
				}
				t.Run(b.at(), func(t *testing.T) {
					res, problems := s.run(t.Context(), b)
					for _, p := range problems {
						t.Error(p)
					}
					last = &res
				})
			case b.lang == "text" && slices.Contains(b.info, "output"):
				t.Run(b.at(), func(t *testing.T) {
					if last == nil {
						t.Fatal("no sh block before it in this document has run")
					}
					if err := sameOutput(b.text, last.stdout); err != nil {
						t.Errorf("%v\nthe commands printed:\n%s", err, last.stdout)
					}
				})
			}
		}
	}
}

// TestDocsBlocksAreKnown: each block says what it is, and what is only shown is listed.
func TestDocsBlocksAreKnown(t *testing.T) {
	for _, file := range documents(t) {
		for _, b := range readBlocks(t, file) {
			switch {
			case b.lang == "sh":
				if _, err := exitCode(b); err != nil {
					t.Error(err)
				}
			case b.lang == "console":
				for _, problem := range checkShown(b) {
					t.Error(problem)
				}
				t.Logf("%s: only shown: %s", b.at(), strings.Join(commands(b), "; "))
			case !slices.Contains(passive, b.lang):
				t.Errorf("%s: blocks may be sh, console or one of %s, not %s", b.at(), strings.Join(passive, ", "), b.lang)
			}
		}
	}
}

// TestReadmeIsShort: the first page stays one page.
func TestReadmeIsShort(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("there is no README.md")
	}
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n >= maxReadme {
		t.Errorf("README.md has %d lines, want fewer than %d", n, maxReadme)
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestDocsLinks: a link to a file of the repository leads somewhere.
func TestDocsLinks(t *testing.T) {
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			to, _, _ := strings.Cut(m[1], "#")
			if to == "" || strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), to)); err != nil {
				t.Errorf("%s links to %s, which does not exist", file, m[1])
			}
		}
	}
}

// commands returns the lines of a console block that a reader would type.
func commands(b block) (out []string) {
	text := strings.ReplaceAll(b.text, "\\\n", "")
	for line := range strings.SplitSeq(text, "\n") {
		if cmd, ok := strings.CutPrefix(strings.TrimSpace(line), "$ "); ok {
			cmd, _, _ = strings.Cut(cmd, " # ")
			out = append(out, strings.Join(strings.Fields(cmd), " "))
		}
	}
	return out
}

func checkShown(b block) (problems []string) {
	cmds := commands(b)
	if len(cmds) == 0 {
		problems = append(problems, b.at()+`: no line begins with "$ ": mark output alone as text`)
	}
	for _, cmd := range cmds {
		if shownOnly[cmd] == "" {
			problems = append(problems, fmt.Sprintf("%s: %q is only shown: mark the block sh, or add the command to shownOnly in docs_test.go with the reason", b.at(), cmd))
		}
	}
	return problems
}

// exitCode is the code with which an sh block must end.
func exitCode(b block) (int, error) {
	code := 0
	for _, word := range b.info {
		v, ok := strings.CutPrefix(word, "exit=")
		n, err := strconv.Atoi(v)
		if !ok || err != nil {
			return 0, fmt.Errorf("%s: %q is unknown on an sh block, only exit=N is", b.at(), word)
		}
		code = n
	}
	return code, nil
}

// sameOutput compares what a document shows with what was printed.
func sameOutput(shown, printed string) error {
	want, got := split(shown), split(printed)
	skip := false
	for i, w := range want {
		if w == "..." {
			skip = true
			continue
		}
		at := 0
		if skip {
			at = slices.Index(got, w)
		}
		if at < 0 || at >= len(got) || got[at] != w {
			return fmt.Errorf("line %d of the block is not in the output at this place: %q", i+1, w)
		}
		got, skip = got[at+1:], false
	}
	if len(got) > 0 && !skip {
		return fmt.Errorf("the output goes on after the block: %q (end the block with a line ...)", got[0])
	}
	return nil
}

func split(text string) []string {
	lines := strings.Split(strings.TrimRight(text, "\n \t"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t\r")
	}
	return lines
}
