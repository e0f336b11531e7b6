// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/pack"
)

// Sources are what a program was compiled from: with them it can be compiled again.
type Sources struct {
	Program string `json:"program"`
	// KnownAt is the day of which the program knows; empty is all that the packs know.
	KnownAt string       `json:"known_at,omitempty"`
	Files   []SourceFile `json:"files"`
}

// SourceFile is one file: the regions, vocabularies and calendars first, then the files of packs as
// PACK/NAME, in the order in which they were loaded.
type SourceFile struct {
	Name string `json:"name"`
	Data string `json:"data"`
	// From names the folder that was loaded, Dir the pack's folder in it: explanations
	// show them.
	From string `json:"from"`
	Dir  string `json:"dir,omitempty"`
}

// Sources are those of the program with this hash, if the engine has compiled it.
func (e *Engine) Sources(program string) (Sources, bool) {
	lib := e.set.Load()
	lib.mu.Lock()
	defer lib.mu.Unlock()
	for known, p := range lib.byTime {
		if p.hash != program {
			continue
		}
		s := Sources{Program: program, Files: slices.Clone(lib.files)}
		if known != pack.DayMax {
			s.KnownAt = known.String()
		}
		return s, true
	}
	return Sources{}, false
}

// Restore compiles a program from its sources, in an engine that decides by it alone. It
// is an error with CodeConflict if they give another program than the one they name.
func Restore(s Sources) (*Engine, error) {
	lib := &library{byTime: map[pack.Day]*Program{}, files: s.Files}
	sum := newFileSum()
	for _, f := range s.Files {
		sum.add(f.Name, f.Data)
	}
	sum.Sum(lib.hash[:0])
	if err := lib.restore(s.Files); err != nil {
		return nil, err
	}
	known := pack.DayMax
	if s.KnownAt != "" {
		var err error
		if known, err = pack.ParseDay(s.KnownAt); err != nil {
			return nil, &comity.Error{Code: comity.CodeInvalid, Op: "restore program", Err: err}
		}
	}
	p, err := lib.at(known)
	if err != nil {
		return nil, err
	}
	if p.hash != s.Program {
		return nil, &comity.Error{Code: comity.CodeConflict, Op: "restore program", Err: fmt.Errorf("the sources of %s give %s: they were changed", pack.Short(s.Program), p.hash)}
	}
	lib.current = p
	e := &Engine{}
	e.set.Store(lib)
	return e, nil
}

func (lib *library) restore(files []SourceFile) error {
	var probs pack.Problems
	if len(files) == 0 || files[0].Name != "regions.yaml" {
		return &comity.Error{Code: comity.CodeInvalid, Op: "restore program", Err: errors.New("the sources do not begin with the regions")}
	}
	lib.vocab = pack.NewVocabulary(pack.ReadRegions(path.Join(files[0].From, "regions.yaml"), []byte(files[0].Data), &probs))
	for i := 1; i < len(files); {
		dir, name := path.Split(files[i].Name)
		if dir == "" {
			lib.readShared(path.Join(files[i].From, name), []byte(files[i].Data), &probs)
			i++
			continue
		}
		// A pack begins with its pack.yaml; the same pack may follow again.
		end := i + 1
		for end < len(files) && strings.HasPrefix(files[end].Name, dir) && path.Base(files[end].Name) != "pack.yaml" {
			end++
		}
		p := pack.ReadPack(sourceFS(files[i:end]), files[i].Dir, files[i].From, lib.vocab, &probs)
		if at := slices.IndexFunc(lib.packs, func(q *pack.Pack) bool { return p != nil && q.ID == p.ID }); at >= 0 {
			lib.packs[at] = p
		} else if p != nil {
			lib.packs = append(lib.packs, p)
		}
		i = end
	}
	lib.problems = probs
	return nil
}

// sourceFS is the one folder that a list of files makes.
type sourceFS []SourceFile

// Open opens a file, or the folder.
func (s sourceFS) Open(name string) (fs.File, error) {
	for _, f := range s {
		switch name {
		case path.Join(f.Dir, path.Base(f.Name)):
			return &openSource{Reader: strings.NewReader(f.Data), name: path.Base(name), size: int64(len(f.Data))}, nil
		case f.Dir:
			return &openSource{Reader: strings.NewReader(""), name: path.Base(name), dir: true}, nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists the folder.
func (s sourceFS) ReadDir(string) ([]fs.DirEntry, error) {
	var list []fs.DirEntry
	for _, f := range s {
		list = append(list, fs.FileInfoToDirEntry(&openSource{name: path.Base(f.Name), size: int64(len(f.Data))}))
	}
	return list, nil
}

// openSource is an open file of a sourceFS and its description.
type openSource struct {
	io.Reader
	name string
	size int64
	dir  bool
}

func (f *openSource) Stat() (fs.FileInfo, error) { return f, nil }
func (f *openSource) Close() error               { return nil }
func (f *openSource) Name() string               { return f.name }
func (f *openSource) Size() int64                { return f.size }
func (f *openSource) ModTime() time.Time         { return time.Time{} }
func (f *openSource) IsDir() bool                { return f.dir }
func (f *openSource) Sys() any                   { return nil }

// Mode is that of a folder or of a file that can be read.
func (f *openSource) Mode() fs.FileMode {
	if f.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}
