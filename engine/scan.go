// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// requestScanner reads the JSON that requests are nearly always made of: objects without
// repeated names, lists, whole numbers, and texts without escapes. On anything else it
// gives up, and requestDecoder, which words every fault, reads the text again.
type requestScanner struct {
	text string
	pos  int
	// room is how many members an object at most has, or what is enough for most.
	room int
	// spare is what is left of the memory for lists, which share one piece.
	spare []any
}

// scanRequest is the object that data holds; false leaves it to requestDecoder.
func scanRequest(data []byte) (map[string]any, bool) {
	s := requestScanner{text: string(data)}
	s.room = min(strings.Count(s.text, ":"), 16)
	root, ok := s.object(0)
	if !ok || s.next() != 0 || s.pos < len(s.text) {
		return nil, false
	}
	return root, true
}

// next skips white space and is the byte that follows, 0 at the end.
func (s *requestScanner) next() byte {
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take skips white space and one expected byte.
func (s *requestScanner) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.pos++
	return true
}

func (s *requestScanner) object(depth int) (map[string]any, bool) {
	if depth > maxDepth || !s.take('{') {
		return nil, false
	}
	out := make(map[string]any, s.room)
	if s.take('}') {
		return out, true
	}
	for {
		if s.next() != '"' {
			return nil, false
		}
		name, ok := s.string()
		if !ok || !s.take(':') {
			return nil, false
		}
		v, ok := s.value(depth)
		if !ok {
			return nil, false
		}
		before := len(out)
		if out[name] = v; len(out) == before {
			return nil, false
		}
		if !s.take(',') {
			return out, s.take('}')
		}
	}
}

func (s *requestScanner) value(depth int) (any, bool) {
	switch c := s.next(); c {
	case '"':
		return s.string()
	case 't':
		return true, s.word("true")
	case 'f':
		return false, s.word("false")
	case 'n':
		return nil, s.word("null")
	case '{':
		return s.object(depth + 1)
	case '[':
		return s.list(depth)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number()
	}
	return nil, false
}

func (s *requestScanner) word(w string) bool {
	if len(s.text)-s.pos < len(w) || s.text[s.pos:s.pos+len(w)] != w {
		return false
	}
	s.pos += len(w)
	return true
}

func (s *requestScanner) list(depth int) (any, bool) {
	if s.pos++; depth > maxDepth {
		return nil, false
	}
	if s.take(']') {
		return []any{}, true
	}
	var few [8]any
	list := few[:0]
	for len(list) < maxParts {
		v, ok := s.value(depth + 1)
		if !ok {
			return nil, false
		}
		list = append(list, v)
		if !s.take(',') {
			return s.kept(list), s.take(']')
		}
	}
	return nil, false
}

// kept copies a list out of memory that is used again.
func (s *requestScanner) kept(list []any) []any {
	n := len(list)
	if n > len(s.spare) {
		s.spare = make([]any, max(n, 8))
	}
	out := s.spare[:n:n]
	s.spare = s.spare[n:]
	copy(out, list)
	return out
}

// number reads a whole number.
func (s *requestScanner) number() (any, bool) {
	start := s.pos
	if s.text[s.pos] == '-' {
		s.pos++
	}
	first := s.pos
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' {
		s.pos++
	}
	switch {
	case s.pos == first, s.text[first] == '0' && s.pos > first+1:
		return nil, false
	case s.pos < len(s.text) && (s.text[s.pos] == '.' || s.text[s.pos]|0x20 == 'e'):
		return nil, false
	}
	n, err := strconv.ParseInt(s.text[start:s.pos], 10, 64)
	return n, err == nil
}

// string reads a text without escapes; the opening quote is next.
func (s *requestScanner) string() (string, bool) {
	s.pos++
	start := s.pos
	ascii := true
	for ; s.pos < len(s.text); s.pos++ {
		c := s.text[s.pos]
		switch {
		case c == '"':
			out := s.text[start:s.pos]
			s.pos++
			return out, ascii || utf8.ValidString(out)
		case c == '\\' || c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}
