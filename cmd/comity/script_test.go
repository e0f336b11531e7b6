// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/comity-project/comity/packs"
)

// TestMain lets the test binary be the command: scripts and shells find it as comity.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"comity": main})
}

// concurrent are the scripts with servers. The others start hundreds of commands one after
// the other, in which the race detector finds nothing that it does not in the packages.
var concurrent = []string{
	"testdata/audit_server.txtar", "testdata/classify_survey.txtar", "testdata/demo.txtar", "testdata/principal.txtar", "testdata/serve.txtar",
}

// TestScripts runs testdata/*.txtar, one per sub-command. A script begins in a folder with
// the embedded packs in packs/. Besides the commands of testscript it has:
//
//	status N command ...   runs a command, which must end with exit code N
//	repeat FILE N TEXT     writes TEXT N times into FILE; \n and \xNN are read as in Go
//	setenv NAME FILE       sets a variable to the text of a file
//
// and those of servers, see there.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if raceEnabled {
		files = concurrent
	}
	testscript.Run(t, testscript.Params{
		Files:               files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Values[serversKey{}] = &servers{runs: map[string]*exec.Cmd{}}
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			return setup(env.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
			"repeat": repeat,
			"server": startServer,
			"signal": signalServer,
			"post":   post,
			"get":    get,
			"setenv": setenv,
		},
	})
}

// setup puts the packs into a sandbox.
func setup(dir string) error { return os.CopyFS(filepath.Join(dir, "packs"), withoutRegions{packs.FS}) }

// withoutRegions is the embedded packs as a user has them: the vocabulary and the table of
// regions are parts of the program.
type withoutRegions struct{ fs.FS }

// ReadDir lists a folder without the files at the root.
func (w withoutRegions) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(w.FS, name)
	if name != "." {
		return list, err
	}
	var dirs []fs.DirEntry
	for _, e := range list {
		if e.IsDir() {
			dirs = append(dirs, e)
		}
	}
	return dirs, err
}

func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, expected %d", got, want)
	}
}

func repeat(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: repeat FILE N TEXT")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(args[2], `"`, `\"`) + `"`)
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	chunk := strings.Repeat(text, 1+min(n, 1<<16/max(1, len(text))))
	for left := n * len(text); left > 0; left -= len(chunk) {
		if _, err := f.WriteString(chunk[:min(left, len(chunk))]); err != nil {
			ts.Fatalf("%v", err)
		}
	}
	ts.Check(f.Close())
}
