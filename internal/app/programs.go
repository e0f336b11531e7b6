// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
)

// programs keeps the sources of programs in files named by their hashes.
type programs struct{ dir string }

func (p *programs) file(hash string) (string, error) {
	hex, ok := strings.CutPrefix(hash, "sha256:")
	if !ok || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "" {
		return "", &comity.Error{Code: comity.CodeInvalid, Op: "find program", Err: fmt.Errorf("%.80q is no hash of a program", hash)}
	}
	return filepath.Join(p.dir, hex+".json"), nil
}

// Keep implements decide.Programs.
func (p *programs) Keep(s engine.Sources) error {
	name, err := p.file(s.Program)
	if err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if kept, err := os.ReadFile(name); err == nil && bytes.Equal(kept, text) {
		return nil // a damaged one is written anew while the program is known
	}
	if err = os.MkdirAll(p.dir, 0o700); err == nil {
		err = replaceFile(name, text, 0o600)
	}
	if err == nil {
		err = syncDir(filepath.Dir(p.dir))
	}
	return err
}

// Program is an engine with the program of this hash: the present one, or one that decided
// before, compiled again from its sources.
func (a *App) Program(hash string) (*engine.Engine, error) {
	if e := a.Door.Engine(); e.Program().Hash() == hash {
		return e, nil
	}
	return loadProgram(a.programs, hash)
}

// LoadProgram is Program for a data folder that this process has not opened.
func LoadProgram(data, hash string) (*engine.Engine, error) {
	return loadProgram(&programs{dir: filepath.Join(data, "programs")}, hash)
}

func loadProgram(p *programs, hash string) (*engine.Engine, error) {
	name, err := p.file(hash)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &comity.Error{Code: comity.CodeNotFound, Op: "find program", Err: fmt.Errorf("%s never decided here", hash), Remedy: "use the data folder that the decision was recorded in"}
	}
	var s engine.Sources
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInvalid, Op: "read " + name, Err: err, Remedy: "restore it from a backup"}
	}
	if s.Program != hash {
		return nil, &comity.Error{Code: comity.CodeConflict, Op: "read " + name, Err: fmt.Errorf("it holds the program %.80s", s.Program), Remedy: "restore it from a backup"}
	}
	return engine.Restore(s)
}
