// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/decide"
	"github.com/comity-project/comity/internal/principal"
)

// rules are the packs of a configuration: what is in force, and what decides in shadow.
type rules struct {
	inForce *engine.Engine
	// active is the hash of the candidate's files that are in force; empty if none are.
	active string
	// candidate decides in shadow, by files whose hash is layer; nil if there is none.
	candidate *engine.Engine
	layer     string
	files     []engine.SourceFile
}

// loaded are the packs as they lie in the folders of a configuration. A fault is why the
// candidate cannot be used, which does not concern what is in force.
type loaded struct {
	base, candidate *engine.Engine
	files           []engine.SourceFile // those of the candidate
	fault           error
}

func load(c config.Packs) (l loaded, err error) {
	if l.base, err = loadPacks(c); err != nil || c.Candidate == "" {
		return l, err
	}
	c.Dirs = append(slices.Clone(c.Dirs), c.Candidate)
	if l.candidate, l.fault = loadPacks(c); l.fault == nil {
		l.files, l.fault = candidateFiles(l.candidate, c.Candidate)
	}
	return l, nil
}

// rules says what decides, where the candidate with the files of activated was brought into
// force before: that stays so until another one is activated.
func (a *App) rules(c config.Packs, l loaded, activated string) (rules, error) {
	r := rules{inForce: l.base}
	if c.Candidate == "" {
		return r, nil
	}
	if l.fault != nil && activated == "" {
		return r, l.fault
	}
	layer := hashFiles(l.files)
	switch {
	case l.fault == nil && layer == activated:
		return rules{inForce: l.candidate, active: activated}, nil
	case activated != "":
		dir := a.activatedDir(activated)
		if err := checkActivated(dir, activated); err != nil {
			return r, err
		}
		c.Dirs = append(slices.Clone(c.Dirs), dir)
		var err error
		if r.inForce, err = loadPacks(c); err != nil {
			return r, err
		}
		r.active = activated
	}
	if l.fault == nil {
		r.candidate, r.layer, r.files = l.candidate, layer, l.files
	}
	return r, nil
}

// candidateFiles are the files of a program that come from its candidate's folder, and from
// the vocabulary beside it.
func candidateFiles(e *engine.Engine, dir string) ([]engine.SourceFile, error) {
	src, ok := e.Sources(e.Program().Hash())
	if !ok {
		return nil, &comity.Error{Code: comity.CodeInternal, Op: "candidate", Err: errors.New("the engine has no sources of it")}
	}
	from := []string{folderName(dir)}
	if found, err := PacksIn(dir); err == nil && len(found) == 1 && found[0].Dir == filepath.Clean(dir) {
		from = append(from, filepath.ToSlash(filepath.Join(dir, "..")))
	}
	var files []engine.SourceFile
	for _, f := range src.Files {
		if slices.Contains(from, f.From) {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil, &comity.Error{Code: comity.CodePack, Op: "candidate " + dir, Err: errors.New("it holds no pack"), Remedy: "give the folder of packs, or leave packs.candidate out"}
	}
	return files, nil
}

// hashFiles names files by their content.
func hashFiles(files []engine.SourceFile) string {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b engine.SourceFile) int { return strings.Compare(a.Name, b.Name) })
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%d %s %d ", len(f.Name), f.Name, len(f.Data))
		h.Write([]byte(f.Data))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// activatedDir is where the files of an activated candidate are kept, so that a change in its
// folder does not change what is in force.
func (a *App) activatedDir(layer string) string {
	return filepath.Join(a.folder.dir, "packs", strings.TrimPrefix(layer, "sha256:"))
}

// anyActivated tells whether a data folder keeps files of an activated candidate.
func anyActivated(data string) bool {
	_, err := os.Stat(filepath.Join(data, "packs"))
	return err == nil
}

// keepActivated writes these files, and tells when they are durable.
func keepActivated(dir string, files []engine.SourceFile) error {
	folders := map[string]bool{filepath.Dir(dir): true, filepath.Dir(filepath.Dir(dir)): true}
	for _, f := range files {
		if !fs.ValidPath(f.Name) {
			return &comity.Error{Code: comity.CodePack, Op: "keep candidate", Err: fmt.Errorf("%.80q is no path of a pack", f.Name)}
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return folderError(dir, err)
		}
		if err := replaceFile(name, []byte(f.Data), 0o600); err != nil {
			return folderError(dir, err)
		}
		for d := path.Dir(f.Name); ; d = path.Dir(d) {
			folders[filepath.Join(dir, filepath.FromSlash(d))] = true
			if d == "." {
				break
			}
		}
	}
	for d := range folders {
		if err := syncDir(d); err != nil {
			return folderError(dir, err)
		}
	}
	return nil
}

// checkActivated tells whether the files that were activated are still those.
func checkActivated(dir, layer string) error {
	var files []engine.SourceFile
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		files = append(files, engine.SourceFile{Name: name, Data: string(data)})
		return err
	})
	if err == nil && hashFiles(files) != layer {
		err = errors.New("the files are not those that were activated")
	}
	if err != nil {
		return &comity.Error{Code: comity.CodeConflict, Op: "activated packs " + dir, Err: err, Remedy: "restore the folder from a backup, or put back into packs.candidate what was activated"}
	}
	return nil
}

// proposal is who proposed the candidate that decides in shadow.
type proposal struct {
	engine *engine.Engine
	layer  string
	files  []engine.SourceFile
	by     string
}

// propose lets the candidate of rules decide in shadow, after who proposed it is recorded.
// One that was proposed before stays whose it was.
func (a *App) propose(ctx context.Context, by decide.Caller, r *rules, afresh bool) error {
	if r.candidate == nil || r.candidate.Program().Hash() == r.inForce.Program().Hash() {
		a.proposed = nil
		a.Door.SetCandidate(nil, afresh)
		return nil
	}
	if a.known.Candidate != r.layer || a.known.Proposer == "" {
		if _, err := a.Door.Proposed(ctx, by, r.candidate, r.layer); err != nil {
			return err
		}
		a.known.Candidate, a.known.Proposer = r.layer, by.ID
	}
	a.proposed = &proposal{engine: r.candidate, layer: r.layer, files: r.files, by: a.known.Proposer}
	a.Door.SetCandidate(r.candidate, afresh)
	return nil
}

// Candidate is what decides in shadow, for administrators of the whole installation.
func (a *App) Candidate(by decide.Caller) (decide.Candidate, error) {
	if err := mayChangePacks(by, "show candidate"); err != nil {
		return decide.Candidate{}, err
	}
	a.changing.Lock()
	defer a.changing.Unlock()
	out := decide.Candidate{InForce: a.Door.Engine().Program().Hash(), Activated: a.active}
	if sh, ok := a.Door.Shadow(); ok && a.proposed != nil {
		out.Shadow, out.ProposedBy, out.Packs = &sh, a.proposed.by, decide.Versions(a.proposed.engine)
	}
	return out, nil
}

// mayChangePacks refuses who belongs to a tenant: packs are those of all.
func mayChangePacks(by decide.Caller, op string) error {
	if err := by.Require(decide.ScopeAdminister); err != nil {
		return err
	}
	if by.Tenant == "" {
		return nil
	}
	return &comity.Error{Code: comity.CodeForbidden, Op: op, Err: errors.New("packs decide for all tenants"), Remedy: "use a key that is bound to no tenant"}
}

// Activate brings the candidate into force. The one who does must not be the one who proposed
// it, and names the program that he has looked at. That is an entry before it takes effect.
func (a *App) Activate(ctx context.Context, by decide.Caller, program string) (comity.Record, error) {
	if err := mayChangePacks(by, "activate candidate"); err != nil {
		return comity.Record{}, err
	}
	a.changing.Lock()
	defer a.changing.Unlock()
	p := a.proposed
	if err := mayActivate(p, by, program); err != nil {
		return comity.Record{}, err
	}
	if err := a.Ready(); err != nil {
		return comity.Record{}, err
	}
	if err := keepActivated(a.activatedDir(p.layer), p.files); err != nil {
		return comity.Record{}, err
	}
	ctx = context.WithoutCancel(ctx) // what is recorded must be done, also if nobody waits for it
	// A crash after the record must find that the file is behind.
	pending := a.known
	pending.Pending = true
	if err := a.store(pending); err != nil {
		return comity.Record{}, folderError(a.folder.dir, err)
	}
	rec, err := a.Door.Reload(ctx, by, p.engine, decide.Activation{Layer: p.layer, ProposedBy: p.by})
	if err != nil {
		return comity.Record{}, errors.Join(err, a.store(a.known))
	}
	a.known.Activated, a.active, a.proposed = p.layer, p.layer, nil
	a.Door.SetCandidate(nil, true)
	if err := a.writeDeciding(); err != nil {
		a.logger.Warn("the next start will read from the log what was activated", "error", err)
	}
	return rec, nil
}

func mayActivate(p *proposal, by decide.Caller, program string) error {
	refuse := func(code comity.Code, what, remedy string) error {
		return &comity.Error{Code: code, Op: "activate candidate", Err: errors.New(what), Remedy: remedy}
	}
	switch {
	case p == nil:
		return refuse(comity.CodeNotFound, "there is no candidate", "set packs.candidate in the configuration and reload")
	case program == "":
		return refuse(comity.CodeInvalid, "the program is not named", "name the program of the candidate that you have looked at: comity pack candidate shows it")
	case program != p.engine.Program().Hash():
		return refuse(comity.CodeConflict, "the candidate is another program", "look at it again: comity pack candidate shows it")
	case by.ID != p.by:
		return nil
	case by.ID == principal.Local().ID:
		return refuse(comity.CodeForbidden, "it takes a second person, and here everybody is "+by.ID, "give somebody a key (comity principal add NAME --scope administer), who then activates it")
	}
	return refuse(comity.CodeForbidden, "whoever proposed the candidate cannot activate it", "let another administrator do it")
}

// activation is what the log says of the packs that come into force.
func (r *rules) activation() decide.Activation { return decide.Activation{Layer: r.active} }
