// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/datafile"
)

const (
	// maxHashed is the largest file whose mark is its digest; of larger ones it is size
	// and time.
	maxHashed = 16 << 20
	// settled is how old a file must be for its time to tell a later change.
	settled  = 2 * time.Second
	maxFiles = 100_000
)

// dataSuffixes are the files of a folder that are looked at.
var dataSuffixes = []string{".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".csv.gz", ".tsv.gz", ".jsonl.gz", ".ndjson.gz", ".json.gz"}

// IsDataFile tells by its name whether a file is looked at where nobody named it.
func IsDataFile(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(dataSuffixes, func(s string) bool { return strings.HasSuffix(name, s) })
}

// Files is the source of a file, or of the data files below a folder.
type Files struct{ path string }

// NewFiles makes the source of a path.
func NewFiles(path string) *Files { return &Files{path} }

// Name is the absolute path.
func (f *Files) Name() string {
	path, err := filepath.Abs(f.path)
	if err != nil {
		return "file:" + f.path
	}
	return "file:" + path
}

// Tables lists the files.
func (f *Files) Tables(ctx context.Context) ([]Table, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, &comity.Error{Code: comity.CodeNotFound, Err: pathCause(err)}
	}
	if !info.IsDir() {
		return []Table{{Name: f.path, Mark: mark(f.path, time.Now())}}, nil
	}
	var out []Table
	err = filepath.WalkDir(f.path, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			out = append(out, Table{Name: path, Skip: pathCause(err).Error()})
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir(), !IsDataFile(path):
			return nil
		case len(out) >= maxFiles:
			return &comity.Error{Code: comity.CodeTooLarge, Err: fmt.Errorf("more than %d files", maxFiles), Remedy: "name a folder below"}
		case !d.Type().IsRegular():
			out = append(out, Table{Name: path, Skip: "no regular file"})
			return nil
		}
		out = append(out, Table{Name: path, Mark: mark(path, time.Now())})
		return nil
	})
	return out, err
}

func pathCause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Path, p.Err)
	}
	return err
}

// mark is the digest of a small file. A large one that was changed just now may change
// again within the same tick of the clock, so that it has none.
func mark(path string, now time.Time) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	if info.Size() > maxHashed {
		if now.Sub(info.ModTime()) < settled {
			return ""
		}
		return fmt.Sprintf("size %d time %d", info.Size(), info.ModTime().UnixNano())
	}
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(file, maxHashed+1)); err != nil {
		return ""
	}
	return fmt.Sprintf("sha256 %x", h.Sum(nil))
}

// Read reads a file.
func (f *Files) Read(_ context.Context, t Table, s *Sampler) error {
	info, err := os.Stat(t.Name)
	switch {
	case err != nil:
		return pathCause(err)
	case !info.Mode().IsRegular(): // opening a pipe would wait for its writer
		return errors.New("no regular file")
	}
	file, err := os.Open(t.Name)
	if err != nil {
		return pathCause(err)
	}
	defer file.Close()
	return s.File(file, info.Size(), t.Name)
}

// File reads a data file.
func (s *Sampler) File(file io.ReaderAt, size int64, name string) error {
	l := s.Limits()
	out, err := datafile.Read(file, size, name, datafile.Limits{Rows: l.Rows, Bytes: l.Bytes}, s)
	s.Rows(out.Rows)
	if !out.Complete {
		s.Sampled()
	}
	for _, n := range out.Notes {
		s.Note("%s", n)
	}
	return err
}
