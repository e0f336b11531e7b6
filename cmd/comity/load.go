// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/packs"
)

// packFlags are the folders given with --packs.
type packFlags struct{ dirs []string }

func (f *packFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.dirs, "packs", nil, "folder of packs to add; a pack with the same id replaces the embedded one (repeatable)")
	_ = cmd.MarkFlagDirname("packs")
}

func (f *packFlags) engine() (*engine.Engine, error) { return loadEngine(f.dirs) }

// loadEngine loads the embedded packs and those in dirs. An embedded pack that dirs
// replace is not read at all: its faults are not the user's.
func loadEngine(dirs []string) (*engine.Engine, error) {
	var o engine.Options
	hidden := hiddenFS{FS: packs.FS, names: []string{"vocabulary.yaml"}}
	for _, dir := range dirs {
		found, err := packsIn(dir)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			if _, err := fs.Stat(packs.FS, p.id); err == nil {
				hidden.names = append(hidden.names, p.id)
			}
		}
		fsys, err := folderFS(dir)
		if err != nil {
			return nil, err
		}
		if len(found) == 1 && found[0].dir == filepath.Clean(dir) {
			if o.Folders, err = withVocabulary(o.Folders, filepath.Join(dir, "..")); err != nil {
				return nil, err
			}
		}
		o.Folders = append(o.Folders, engine.Folder{Name: filepath.ToSlash(dir), FS: fsys})
	}
	if len(hidden.names) > 1 {
		o.NoEmbedded = true
		if len(pack.PackDirs(hidden)) > 0 {
			o.Folders = slices.Insert(o.Folders, 0, engine.Folder{Name: "packs", FS: hidden})
		}
	}
	return engine.New(o)
}

// folderFS is the folder as the engine reads it. A vocabulary that is the embedded one,
// in the sources of this program, is left out: the engine would read each fact twice.
func folderFS(dir string) (fs.FS, error) {
	fsys := os.DirFS(dir)
	data, err := fs.ReadFile(fsys, "vocabulary.yaml")
	if err != nil {
		return fsys, nil // most folders have none; any other fault shows when it is loaded
	}
	embedded, err := fs.ReadFile(packs.FS, "vocabulary.yaml")
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeInternal, Op: "packs", Err: err}
	}
	if bytes.Equal(data, embedded) {
		return hiddenFS{FS: fsys, names: []string{"vocabulary.yaml"}}, nil
	}
	if _, err := fs.Stat(fsys, "regions.yaml"); err == nil {
		return nil, &comity.Error{
			Code: comity.CodePack, Op: filepath.Join(dir, "vocabulary.yaml"), Err: errors.New("it differs from the vocabulary of this program"),
			Remedy: "build comity anew, or give the folders of single packs",
		}
	}
	return fsys, nil
}

// withVocabulary adds the vocabulary that lies beside a pack, once for all its siblings:
// it is what the pack is written in, also where the pack is given alone.
func withVocabulary(folders []engine.Folder, dir string) ([]engine.Folder, error) {
	dir = filepath.Clean(dir)
	name := filepath.ToSlash(dir)
	if slices.ContainsFunc(folders, func(f engine.Folder) bool { return f.Name == name }) {
		return folders, nil
	}
	fsys, err := folderFS(dir)
	if err != nil {
		return nil, err
	}
	if _, err := fs.Stat(fsys, "vocabulary.yaml"); err != nil {
		return folders, nil
	}
	return append(folders, engine.Folder{Name: name, FS: onlyFS{FS: fsys, name: "vocabulary.yaml"}}), nil
}

// foundPack is a pack in a folder that the user gave.
type foundPack struct{ id, dir string }

// packsIn lists the packs in a folder, which may be one itself. A pack is named as its
// folder is.
func packsIn(dir string) ([]foundPack, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, notFound("packs", err)
	}
	if !info.IsDir() {
		return nil, usageError("packs", "give the folder that holds pack.yaml", "%s is not a folder", dir)
	}
	var out []foundPack
	for _, d := range pack.PackDirs(os.DirFS(dir)) {
		path := filepath.Join(dir, d)
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, notFound("packs", err)
		}
		out = append(out, foundPack{id: filepath.Base(abs), dir: path})
	}
	return out, nil
}

// notFound is a file that cannot be read, without the system call in its message.
func notFound(op string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return &comity.Error{Code: comity.CodeNotFound, Op: op, Err: err}
}

// hiddenFS is a file system without some entries of its root.
type hiddenFS struct {
	fs.FS
	names []string
}

// Open opens a file that is not hidden.
func (h hiddenFS) Open(name string) (fs.File, error) {
	first, _, _ := strings.Cut(name, "/")
	if slices.Contains(h.names, first) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return h.FS.Open(name)
}

// ReadDir lists a folder without what is hidden.
func (h hiddenFS) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(h.FS, name)
	if name == "." {
		list = slices.DeleteFunc(list, func(e fs.DirEntry) bool { return slices.Contains(h.names, e.Name()) })
	}
	return list, err
}

// onlyFS is a file system with one file.
type onlyFS struct {
	fs.FS
	name string
}

// Open opens the one file.
func (o onlyFS) Open(name string) (fs.File, error) {
	if name != o.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return o.FS.Open(name)
}

// ReadDir lists nothing: the file is asked for by its name.
func (o onlyFS) ReadDir(string) ([]fs.DirEntry, error) { return nil, nil }
