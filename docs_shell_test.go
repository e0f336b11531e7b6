// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package comity_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// shell runs blocks in a copy of the repository, so that nothing is written here and
// tests of other packages that run meanwhile are not seen.
type shell struct {
	dir     string
	env     []string
	files   map[string][sha256.Size]byte
	timeout time.Duration // of each block
}

// outcome is what a block printed.
type outcome struct{ stdout string }

func newShell(t *testing.T) *shell {
	t.Helper()
	base := t.TempDir()
	s := &shell{dir: filepath.Join(base, "comity"), timeout: 2 * time.Minute}
	for _, d := range []string{s.dir, filepath.Join(base, "bin"), filepath.Join(base, "home"), filepath.Join(base, "tmp")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := copyTree(s.dir)
	if err == nil {
		s.files, err = snapshot(s.dir)
	}
	if err != nil {
		t.Fatal(err)
	}

	s.env = append(os.Environ(),
		"PATH="+filepath.Join(base, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"HOME="+filepath.Join(base, "home"),
		"XDG_CONFIG_HOME=", "XDG_STATE_HOME=", "XDG_CACHE_HOME=", "XDG_DATA_HOME=",
		"TMPDIR="+filepath.Join(base, "tmp"),
		// The copy has a new path each time; without this the build cache would too.
		"GOFLAGS="+goEnv(t, "GOFLAGS")+" -trimpath",
	)
	for _, name := range []string{"GOENV", "GOCACHE", "GOPATH", "GOMODCACHE", "GOPROXY", "GOSUMDB"} {
		s.env = append(s.env, name+"="+goEnv(t, name))
	}

	build := exec.Command("go", "build", "-o", filepath.Join(base, "bin", "comity"), "./cmd/comity")
	build.Dir, build.Env = s.dir, s.env
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build comity: %v\n%s", err, out)
	}
	return s
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

// run runs a block and reports how it ended otherwise than it says.
func (s *shell) run(ctx context.Context, b block) (res outcome, problems []string) {
	want, err := exitCode(b)
	if err != nil {
		return res, []string{err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "bash", "-e", "-o", "pipefail", "-c", b.text)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.env, &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		problems = append(problems, fmt.Sprintf("still running after %v", s.timeout))
	case cmd.ProcessState == nil:
		problems = append(problems, fmt.Sprintf("run bash: %v", err))
	case cmd.ProcessState.ExitCode() != want:
		problems = append(problems, fmt.Sprintf("exit code %d, want %d\n%s\nstandard output:\n%s\nstandard error:\n%s", cmd.ProcessState.ExitCode(), want, b.text, &stdout, &stderr))
	}
	after, err := snapshot(s.dir)
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, change := range changes(s.files, after) {
		problems = append(problems, fmt.Sprintf("the commands leave something in the working folder: %s (work in a folder made by mktemp -d)", change))
	}
	s.files = after // blame each block only for its own
	return outcome{stdout.String()}, problems
}

// copyTree copies the repository without its history and without what was built.
func copyTree(to string) error {
	return filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case name == ".git" || name == "bin" || name == "dist":
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil // .git is a file in a linked work tree
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, info.Mode().Perm())
	})
}

// snapshot returns the hash of each file below dir.
func snapshot(dir string) (map[string][sha256.Size]byte, error) {
	files := map[string][sha256.Size]byte{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		files[rel] = sha256.Sum256(data)
		return err
	})
	return files, err
}

func changes(before, after map[string][sha256.Size]byte) (out []string) {
	for name, sum := range after {
		if old, ok := before[name]; !ok {
			out = append(out, name+" is new")
		} else if old != sum {
			out = append(out, name+" was changed")
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			out = append(out, name+" is gone")
		}
	}
	slices.Sort(out)
	return out
}
