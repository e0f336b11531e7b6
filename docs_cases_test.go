// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity_test

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestBlocks: fences are found as a reader of Markdown sees them.
func TestBlocks(t *testing.T) {
	text := "a\n```sh exit=3\nfalse\n```\n  ```text output\n  x\n  ```\n````yaml\n```\n````\n"
	bs, err := blocks("a.md", text)
	if err != nil {
		t.Fatal(err)
	}
	if len(bs) != 3 || bs[0].text != "false\n" || bs[0].at() != "a.md:2" || bs[1].info[0] != "output" || bs[2].text != "```\n" {
		t.Errorf("got %+v", bs)
	}
	for text, want := range map[string]string{
		"```\nmake\n```\n": "a.md:1: the block has no language",
		"```sh\nmake\n":    "a.md:1: the block does not end",
	} {
		if _, err := blocks("a.md", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("blocks(%q) = %v, want %q", text, err, want)
		}
	}
}

// TestCheckShown: a command that no test runs is in the list, or the test fails.
func TestCheckShown(t *testing.T) {
	for text, want := range map[string]string{
		"$ make test\nok\n":               "",
		"$ make \\\n    test # minutes\n": "",
		"$ rm -rf /\n":                    `"rm -rf /" is only shown`,
		"$ make test && rm -rf /\n":       "is only shown",
		"make test\n":                     `no line begins with "$ "`,
	} {
		got := strings.Join(checkShown(block{text: text}), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("checkShown(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestExitCode: what follows sh on a fence is an exit code and nothing else.
func TestExitCode(t *testing.T) {
	for info, want := range map[string]int{"": 0, "exit=3": 3, "exit=": -1, "exti=3": -1, "quiet": -1} {
		got, err := exitCode(block{info: strings.Fields(info)})
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("exitCode(%q) = %d (%v), want %d", info, got, err, want)
		}
	}
}

// TestSameOutput: shown output is what was printed, but for what "..." stands for.
func TestSameOutput(t *testing.T) {
	const printed = "one  \ntwo\nthree\nfour\n"
	for shown, same := range map[string]bool{
		"one\ntwo\nthree\nfour\n": true,
		"...\nthree\nfour\n":      true,
		"one\n...\nfour\n":        true,
		"one\ntwo\n...\n":         true,
		"one\ntwo\n":              false,
		"two\n...\n":              false,
		"one\n...\nfive\n":        false,
		"one\nthree\n...\n":       false,
		"...\nfour\nfive\n":       false,
	} {
		if err := sameOutput(shown, printed); (err == nil) != same {
			t.Errorf("sameOutput(%q) = %v, want same: %v", shown, err, same)
		}
	}
}

// TestShell: a block that fails, ends with another code, hangs or leaves a file is
// found.
func TestShell(t *testing.T) {
	for _, c := range []struct{ text, info, want string }{
		{"echo hello", "", ""},
		{"exit 3", "exit=3", ""},
		{"false\necho hello", "", "exit code 1, want 0"},
		{"false | cat", "", "exit code 1, want 0"},
		{"exit 3", "", "exit code 3, want 0"},
		{"true", "exit=3", "exit code 0, want 3"},
		{"sleep 60", "", "still running after"},
		{"read x || echo hello", "", ""},
		{"echo x > new", "", "new is new"},
		{"echo x > old", "", "old was changed"},
		{"rm old", "", "old is gone"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(dir+"/old", []byte("1"), 0o644); err != nil {
			t.Fatal(err)
		}
		files, err := snapshot(dir)
		if err != nil {
			t.Fatal(err)
		}
		s := &shell{dir: dir, env: os.Environ(), files: files, timeout: time.Minute}
		if strings.HasPrefix(c.text, "sleep") {
			s.timeout = 100 * time.Millisecond
		}
		res, problems := s.run(t.Context(), block{text: c.text, info: strings.Fields(c.info)})
		got := strings.Join(problems, "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
		if c.want == "" && strings.Contains(c.text, "hello") && res.stdout != "hello\n" {
			t.Errorf("%q: printed %q", c.text, res.stdout)
		}
	}
}
