// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/engine"
	"github.com/comity-project/comity/internal/config"
	"github.com/comity-project/comity/internal/pack"
	"github.com/comity-project/comity/packs"
)

// LoadPacks loads the embedded packs and those in dirs. An embedded pack that dirs replace
// is not read at all: its faults are not the user's.
func LoadPacks(dirs []string) (*engine.Engine, error) {
	return loadPacks(config.Packs{Dirs: dirs})
}

func loadPacks(c config.Packs) (*engine.Engine, error) {
	o := engine.Options{NoEmbedded: c.Only}
	hidden := hiddenFS{FS: packs.FS, names: slices.Clone(shared)}
	for _, dir := range c.Dirs {
		found, err := PacksIn(dir)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			if _, err := fs.Stat(packs.FS, p.ID); err == nil {
				hidden.names = append(hidden.names, p.ID)
			}
		}
		fsys, err := folderFS(dir)
		if err != nil {
			return nil, err
		}
		if len(found) == 1 && found[0].Dir == filepath.Clean(dir) {
			if o.Folders, err = withVocabulary(o.Folders, filepath.Join(dir, "..")); err != nil {
				return nil, err
			}
		}
		o.Folders = append(o.Folders, engine.Folder{Name: folderName(dir), FS: fsys})
	}
	if len(hidden.names) > len(shared) && !c.Only {
		o.NoEmbedded = true
		if len(pack.PackDirs(hidden)) > 0 {
			o.Folders = slices.Insert(o.Folders, 0, engine.Folder{Name: embeddedFolder, FS: hidden})
		}
	}
	return engine.New(o)
}

// shared are the files that lie beside packs and serve all of them.
var shared = []string{"vocabulary.yaml", "calendars.yaml"}

// embeddedFolder is the name of the folder of the packs that come with the program.
const embeddedFolder = "packs"

// folderName is the name of a user's folder, never that of the embedded one: explanations
// name the files of all but that.
func folderName(dir string) string {
	if name := filepath.ToSlash(dir); name != embeddedFolder {
		return name
	}
	return "./" + embeddedFolder
}

// folderFS is the folder as the engine reads it. A vocabulary that is the embedded one,
// in the sources of this program, is left out with its calendars: the engine would read each
// fact twice.
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
		return hiddenFS{FS: fsys, names: shared}, nil
	}
	if _, err := fs.Stat(fsys, "regions.yaml"); err == nil {
		return nil, &comity.Error{
			Code: comity.CodePack, Op: filepath.Join(dir, "vocabulary.yaml"), Err: errors.New("it differs from the vocabulary of this program"),
			Remedy: "build comity anew, or give the folders of single packs",
		}
	}
	return fsys, nil
}

// withVocabulary adds the vocabulary and the calendars that lie beside a pack, once for all
// its siblings: it is what the pack is written in, also where the pack is given alone.
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
	if !slices.ContainsFunc(shared, func(name string) bool { _, err := fs.Stat(fsys, name); return err == nil }) {
		return folders, nil
	}
	return append(folders, engine.Folder{Name: name, FS: onlyFS{FS: fsys, names: shared}}), nil
}

// FoundPack is a pack in a folder that the user gave.
type FoundPack struct{ ID, Dir string }

// PacksIn lists the packs in a folder, which may be one itself. A pack is named as its
// folder is.
func PacksIn(dir string) ([]FoundPack, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, notFound(err)
	}
	if !info.IsDir() {
		return nil, &comity.Error{Code: comity.CodeUsage, Op: "packs", Err: fmt.Errorf("%s is not a folder", dir), Remedy: "give the folder that holds pack.yaml"}
	}
	var out []FoundPack
	for _, d := range pack.PackDirs(os.DirFS(dir)) {
		path := filepath.Join(dir, d)
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, notFound(err)
		}
		out = append(out, FoundPack{ID: filepath.Base(abs), Dir: path})
	}
	return out, nil
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

// onlyFS is a file system with a few files.
type onlyFS struct {
	fs.FS
	names []string
}

// Open opens one of the files.
func (o onlyFS) Open(name string) (fs.File, error) {
	if !slices.Contains(o.names, name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return o.FS.Open(name)
}

// ReadDir lists nothing: the files are asked for by their names.
func (o onlyFS) ReadDir(string) ([]fs.DirEntry, error) { return nil, nil }

// notFound is a folder that cannot be read, without the system call in its message.
func notFound(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return &comity.Error{Code: comity.CodeNotFound, Op: "packs", Err: err}
}
