// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

// Package engine decides operations under compiled packs of law, in-process: load packs,
// compile them into an immutable Program, ask. It does no I/O of its own and has no clock.
//
//	eng, err := engine.New(engine.Options{})
//	dec, err := eng.Decide(comity.Request{Facts: comity.Facts{...}})
package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // days begin in each pack's zone, also where the system has no zones

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/packs"
)

// embeddedName is the name of the folder of the packs that come with the program.
// Explanations name the files of all others, so no other folder may bear it.
const embeddedName = "packs"

// Folder is a folder of packs: subfolders with a pack.yaml (or a pack itself), and
// optionally a vocabulary.yaml that adds facts, values and operations, and a calendars.yaml
// that replaces the calendars of places.
type Folder struct {
	// Name is shown in messages, such as the path that the user gave.
	Name string
	FS   fs.FS
}

// Options says what an Engine loads.
type Options struct {
	// Folders add to the embedded packs; a pack with the same id replaces the earlier.
	Folders []Folder
	// NoEmbedded leaves the embedded packs out; vocabulary and regions stay.
	NoEmbedded bool
}

// Engine holds the loaded packs and their programs. It is safe for concurrent use; Reload
// swaps everything at once.
type Engine struct {
	set atomic.Pointer[library]
}

// library is one loaded state of all packs.
type library struct {
	vocab    *pack.Vocabulary
	packs    []*pack.Pack
	hash     [sha256.Size]byte
	problems pack.Problems
	current  *Program
	// took are packs with those whose place they took, nil for an embedded one.
	took []takeover
	// files are what was loaded, in order.
	files []SourceFile

	mu       sync.Mutex
	byTime   map[pack.Day]*Program
	building map[pack.Day]*building
	pool     sync.Pool
}

// New loads and compiles packs. An error with CodePack lists every fault, one a line,
// with file, line, column and remedy.
func New(o Options) (*Engine, error) {
	e := &Engine{}
	if err := e.Reload(o); err != nil {
		return nil, err
	}
	return e, nil
}

// Reload replaces packs and programs atomically; on an error nothing changes.
func (e *Engine) Reload(o Options) error {
	lib, err := load(o)
	if err != nil {
		return err
	}
	e.set.Store(lib)
	return nil
}

// Program is the compiled packs with all that they know.
func (e *Engine) Program() *Program { return e.set.Load().current }

// ProgramAt is the compiled packs as known on the day of t in UTC.
func (e *Engine) ProgramAt(t time.Time) (*Program, error) {
	return e.set.Load().at(pack.DayOf(t.UTC()))
}

// fileSum is a hash over names and contents of files.
type fileSum struct{ hash.Hash }

func newFileSum() fileSum { return fileSum{sha256.New()} }

func (s fileSum) add(name, data string) {
	var n [8]byte
	for _, b := range []string{name, data} {
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		s.Write(n[:])
		s.Write([]byte(b))
	}
}

func load(o Options) (*library, error) {
	lib := &library{byTime: map[pack.Day]*Program{}}
	var probs pack.Problems
	sum := newFileSum()
	addFile := func(f SourceFile) {
		sum.add(f.Name, f.Data)
		lib.files = append(lib.files, f)
	}
	base := Folder{Name: embeddedName, FS: packs.FS}
	regionData, err := fs.ReadFile(base.FS, "regions.yaml")
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInternal, Op: "load", Err: err}
	}
	addFile(SourceFile{Name: "regions.yaml", Data: string(regionData), From: base.Name})
	lib.vocab = pack.NewVocabulary(pack.ReadRegions("packs/regions.yaml", regionData, &probs))
	folders := append([]Folder{base}, o.Folders...)
	for _, f := range folders {
		for _, name := range sharedFiles {
			data, err := fs.ReadFile(f.FS, name)
			if err == nil {
				addFile(SourceFile{Name: name, Data: string(data), From: f.Name})
				lib.readShared(path.Join(f.Name, name), data, &probs)
			} else if !errors.Is(err, fs.ErrNotExist) {
				return nil, &comity.Error{Code: comity.CodePack, Op: "load " + f.Name, Err: err}
			}
		}
	}
	if err := probs.Err(); err != nil {
		return nil, packError("load", err)
	}
	for i, f := range folders {
		if i == 0 && o.NoEmbedded {
			continue
		}
		if err := lib.readFolder(f, i > 0, addFile, &probs); err != nil {
			return nil, err
		}
	}
	lib.problems = probs
	sum.Sum(lib.hash[:0])
	lib.current, err = lib.at(pack.DayMax)
	return lib, err
}

// sharedFiles lie beside packs and serve all of them.
var sharedFiles = []string{"vocabulary.yaml", "calendars.yaml"}

// readShared reads one of them.
func (lib *library) readShared(name string, data []byte, probs *pack.Problems) {
	if path.Base(name) == "calendars.yaml" {
		lib.vocab.ReadCalendars(name, data, probs)
		return
	}
	lib.vocab.Read(name, data, probs)
}

func (lib *library) readFolder(f Folder, must bool, addFile func(SourceFile), probs *pack.Problems) error {
	dirs := pack.PackDirs(f.FS)
	if len(dirs) == 0 && must {
		if !slices.ContainsFunc(sharedFiles, func(name string) bool { _, err := fs.Stat(f.FS, name); return err == nil }) {
			return &comity.Error{Code: comity.CodePack, Op: "load " + f.Name, Remedy: "give a folder with packs (folders with a pack.yaml)", Err: errors.New("no pack found")}
		}
	}
	for i, p := range lib.readPacks(f, dirs, probs) {
		dir := dirs[i]
		if p == nil {
			continue
		}
		i := slices.IndexFunc(lib.packs, func(q *pack.Pack) bool { return q.ID == p.ID })
		if old := lib.replaced(p, i, must); old != nil {
			pack.CheckReplaced(lib.vocab, old, p, probs)
		}
		if i >= 0 {
			lib.took = append(lib.took, takeover{lib.packs[i], p})
			lib.packs[i] = p
		} else {
			if must {
				lib.took = append(lib.took, takeover{nil, p})
			}
			lib.packs = append(lib.packs, p)
		}
		for _, file := range p.Files {
			addFile(SourceFile{Name: path.Join(p.ID, file.Name), Data: string(file.Data), From: f.Name, Dir: dir})
		}
	}
	return nil
}

// takeover is a pack that took the place of another one.
type takeover struct{ old, p *pack.Pack }

// blame lets a pack answer for what its predecessor defined and it does not.
func (lib *library) blame(probs *pack.Problems) {
	for _, x := range lib.took {
		if x.old == nil {
			x.old = lib.embedded(x.p.ID)
		}
		if x.old != nil {
			pack.Blame(x.old, x.p, probs)
		}
	}
}

// embedded reads an embedded pack that the caller left out, without its faults.
func (lib *library) embedded(id string) *pack.Pack {
	if _, err := fs.Stat(packs.FS, path.Join(id, "pack.yaml")); err != nil {
		return nil
	}
	var faults pack.Problems
	return pack.ReadPack(packs.FS, id, embeddedName, lib.vocab, &faults)
}

// readPacks reads packs side by side: most of the time of loading is that of their YAML,
// and none writes into what another reads. Their problems keep the order of the folders.
func (lib *library) readPacks(f Folder, dirs []string, probs *pack.Problems) []*pack.Pack {
	out, found := make([]*pack.Pack, len(dirs)), make([]pack.Problems, len(dirs))
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(len(dirs), runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(dirs); i = int(next.Add(1)) - 1 {
				out[i] = pack.ReadPack(f.FS, dirs[i], f.Name, lib.vocab, &found[i])
			}
		})
	}
	all.Wait()
	for _, list := range found {
		probs.Join(list)
	}
	return out
}

// replaced is the pack whose place p takes, at index i of those that were read; also an
// embedded one that the caller left out, if p is no law.
func (lib *library) replaced(p *pack.Pack, i int, added bool) *pack.Pack {
	if i >= 0 {
		return lib.packs[i]
	}
	if !added || !lib.vocab.OnlyTightens(p) {
		return nil
	}
	return lib.embedded(p.ID)
}

func packError(op string, err error) error {
	return &comity.Error{Code: comity.CodePack, Op: op, Err: err}
}

// building is a program that is being compiled, so that those of other days need not wait.
type building struct {
	once sync.Once
	p    *Program
	err  error
}

// at is the program as known on a day, compiled once.
func (lib *library) at(known pack.Day) (*Program, error) {
	known = lib.wording(known)
	lib.mu.Lock()
	if p := lib.byTime[known]; p != nil {
		lib.mu.Unlock()
		return p, nil
	}
	b := lib.building[known]
	if b == nil {
		b = &building{err: errNotBuilt}
		if lib.building == nil {
			lib.building = map[pack.Day]*building{}
		}
		lib.building[known] = b
	}
	lib.mu.Unlock()
	b.once.Do(func() {
		defer func() {
			lib.mu.Lock()
			defer lib.mu.Unlock()
			if delete(lib.building, known); b.err == nil {
				lib.byTime[known] = b.p
			}
		}()
		b.p, b.err = lib.build(known)
	})
	return b.p, b.err
}

var errNotBuilt = &comity.Error{Code: comity.CodeInternal, Op: "compile", Err: errors.New("another request failed while it compiled the packs")}

// build compiles the program as known on a day.
func (lib *library) build(known pack.Day) (*Program, error) {
	probs := slices.Clone(lib.problems)
	m := pack.Link(lib.vocab, lib.packs, known, &probs)
	pack.Check(m, &probs)
	if probs.Err() != nil {
		lib.blame(&probs)
	}
	probs.Sort()
	if err := probs.Err(); err != nil {
		return nil, packError("load packs", err)
	}
	sum := sha256.New()
	sum.Write(lib.hash[:])
	fmt.Fprintf(sum, "%s %d", pack.Format, known)
	return compile(m, "sha256:"+hex.EncodeToString(sum.Sum(nil)))
}

// wording is the first day of the time in which the same was known as on the given day, so
// that there are no more programs than changes of what was known.
func (lib *library) wording(known pack.Day) pack.Day {
	if known == pack.DayMax {
		return known
	}
	last := pack.DayMin
	note := func(days ...pack.Day) {
		for _, d := range days {
			if d <= known && d > last {
				last = d
			}
		}
	}
	for _, p := range lib.packs {
		for _, q := range p.Requirements {
			note(q.KnownFrom, q.KnownUntil)
		}
		for _, e := range p.Edges {
			note(e.KnownFrom, e.KnownUntil)
		}
	}
	return last
}

// Compile compiles a linked model outside an Engine: for benchmarks and tools that build
// packs in memory. The program's hash is empty.
func Compile(m *pack.Model) (*Program, error) { return compile(m, "") }

// Model is the linked model that the program was compiled from, for tools inside this
// module; it must not be changed.
func (p *Program) Model() *pack.Model { return p.model }

// Findings are the warnings and errors of the loaded packs.
func (e *Engine) Findings() pack.Problems { return slices.Clone(e.set.Load().problems) }
