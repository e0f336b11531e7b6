// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// maxDepth is how deep objects are looked into.
const maxDepth = 32

// lines reads JSON lines. The path of a value, without the places in lists, is its column.
func (s *stream) lines(in *bufio.Reader) error {
	j := &objects{stream: s, columns: map[string]int{}, keys: map[string]string{}}
	bad, long := int64(0), int64(0)
	for s.out.Rows < s.limits.Rows {
		line, tooLong, err := nextLine(in, s.limits.Line)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		switch line = bytes.TrimSpace(line); {
		case tooLong:
			long++
		case len(line) == 0:
		case !json.Valid(line):
			bad++
		default:
			s.out.Rows++
			if err := j.object(line); err != nil {
				return err
			}
		}
		if err != nil {
			break
		}
	}
	if j.dropped {
		s.out.note("more than %d columns; the others were not looked at", s.limits.Columns)
	}
	if long > 0 {
		s.out.note("%d lines have more than %d bytes and were left out", long, s.limits.Line)
	}
	switch {
	case bad > 0 && s.out.Rows == 0:
		return invalid("no line is valid JSON", "write one object a line, as jq -c does")
	case bad > 0:
		s.out.note("%d lines are no valid JSON and were left out", bad)
	}
	return nil
}

// nextLine reads a line; of one that is too long, nothing is kept.
func nextLine(in *bufio.Reader, limit int) (line []byte, tooLong bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > limit; tooLong {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}

// objects reads the values of objects.
type objects struct {
	*stream
	columns map[string]int
	keys    map[string]string
	dropped bool
	path    []frame
}

// key is the name of a key: one that is data, as in a map by e-mail address, is a star, so
// that all such keys are one column, and none is shown.
func (j *objects) key(key string) string {
	if name, ok := j.keys[key]; ok {
		return name
	}
	name := key
	if len(key) > maxName || key == "" || strings.Trim(key, "0123456789.,+-:/ ") == "" ||
		len(key) >= 16 && strings.Trim(strings.ToLower(key), "0123456789abcdef-_") == "" || j.sink.IsData(key) {
		name = "*"
	}
	if len(j.keys) < j.limits.Columns {
		j.keys[key] = name
	}
	return name
}

// frame is an object or a list that is open.
type frame struct {
	name  string // the path up to here
	list  bool
	key   string // of the value that comes next
	hasIt bool
}

// object reads one line, which is valid JSON.
func (j *objects) object(line []byte) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	j.path = j.path[:0]
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return nil //nolint:nilerr // the line was valid; what Token refuses is deeper than anything real
		}
		if err := j.token(t); err != nil {
			return err
		}
	}
}

func (j *objects) token(t json.Token) error {
	top := len(j.path) - 1
	if d, ok := t.(json.Delim); ok {
		switch d {
		case '{', '[':
			f := frame{list: d == '['}
			if top >= 0 {
				f.name = j.path[top].name
				if !j.path[top].list && len(j.path) <= maxDepth {
					f.name = join(f.name, j.path[top].key)
				}
				j.path[top].hasIt = false
			}
			j.path = append(j.path, f)
		default:
			j.path = j.path[:top]
		}
		return nil
	}
	if top >= 0 && !j.path[top].list && !j.path[top].hasIt {
		key, _ := t.(string)
		j.path[top].key = j.key(key)
		j.path[top].hasIt = true
		return nil
	}
	name := "value"
	if top >= 0 {
		name = j.path[top].name
		if !j.path[top].list {
			name = join(name, j.path[top].key)
		}
		j.path[top].hasIt = false
	}
	return j.leaf(name, t)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (j *objects) leaf(name string, t json.Token) error {
	var text, typ string
	switch v := t.(type) {
	case string:
		text = v
	case json.Number:
		text, typ = v.String(), "number"
	case bool:
		text, typ = "false", "boolean"
		if v {
			text = "true"
		}
	default:
		return nil
	}
	column, known := j.columns[name]
	if !known {
		if len(j.columns) >= j.limits.Columns || len(name) > maxName*maxDepth {
			j.dropped = true
			return nil
		}
		column = j.sink.Column(name, typ)
		j.columns[name] = column
	}
	return j.put(column, []byte(text))
}
