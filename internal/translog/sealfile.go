// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package translog

import (
	"path"

	"github.com/comity-project/comity/internal/vfs"
)

// piece is about how much of a payload file is in memory at one time: batches make it large.
const piece = 1 << 20

// payloads appends those of entries from <= i < to at end, and is the new end.
func (s *sealer) payloads(name string, frames []*frame, from, to uint64, end int64) (int64, error) {
	f, err := s.openAt(name, end)
	if err != nil {
		return 0, err
	}
	s.buf = s.buf[:0]
	for i, fr := range frames {
		if s.buf, err = appendSection(s.buf, frames[i:i+1], max(from, fr.first), min(to, fr.end()), true); err == nil && (len(s.buf) >= piece || i == len(frames)-1) {
			_, err = f.WriteAt(s.buf, end)
			end += int64(len(s.buf))
			s.buf = s.buf[:0]
		}
		if err != nil {
			f.Close()
			return 0, err
		}
	}
	return end, s.written(f)
}

// write puts data at off of a file under the log's folder; at 0 the file begins anew.
func (s *sealer) write(name string, data []byte, off int64) error {
	f, err := s.openAt(name, off)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(data, off); err != nil {
		f.Close()
		return err
	}
	return s.written(f)
}

// openAt opens a file of which the first off bytes are there already.
func (s *sealer) openAt(name string, off int64) (vfs.File, error) {
	name = path.Join(s.l.o.Dir, name)
	if err := s.mkdir(path.Dir(name)); err != nil {
		return nil, err
	}
	open := s.l.o.FS.OpenWrite
	if off == 0 {
		open = s.l.o.FS.Create
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	s.touched[path.Dir(name)] = true
	return f, nil
}

// written keeps a file until it is synced.
func (s *sealer) written(f vfs.File) error {
	if s.tree != nil && len(s.open) > manyFiles {
		f.Flush()
		return f.Close()
	}
	s.open = append(s.open, f)
	if len(s.open) > manyFiles && s.tree == nil {
		return s.syncFiles()
	}
	return nil
}
